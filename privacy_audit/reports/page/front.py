"""The parts of the page that say what was asked and what the answer is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.privacy_audit.finding import Outcome, Verdict
from nosender.privacy_audit.reports.page.icons import icon
from nosender.privacy_audit.reports.words import SENTENCES, TITLES, VERDICTS, by_check, html, outcomes, plural

if TYPE_CHECKING:
    from nosender.privacy_audit.finding import Finding
    from nosender.privacy_audit.result.audit import Audit, ClaimResult

_HEADLINES = {
    Verdict.PASS: "The audit passed",
    Verdict.FAIL: "The audit failed",
    Verdict.INCOMPLETE: "The audit is incomplete",
}

_GLOSSARY = {
    "Claim": "A promise about the database that this audit tries to prove. There are seven.",
    "Check": "One question to the live database. A claim holds when all of its checks pass.",
    "Finding": "One object that breaks a check: a column, a key, a setting. It carries counts, never a row's values.",
    "Severity": "How much of the promise a finding breaks: critical, high, medium or low.",
    "Confidence": "How sure a finding is. Certain and likely findings decide the verdict; a hint never does.",
    "Not tested": "The check could not look, for the reason given. It is never counted as passed.",
    "Waived": "Somebody signed, with a reason and an end date, that a finding is accepted. It stays visible.",
    "Catalogue": "The declaration of every table and column: what it is for, how fine, and for how long.",
    "Data class": "What kind of value a column may hold, such as ciphertext or destination-phone.",
    "Resolution": "How finely a stored time may be told. Coarse times keep who-wrote-when from being joined up.",
    "Sweep": "The job that deletes what has expired, and writes what it did to the ledger.",
    "Ledger": "The append-only record of the sweeps; each row holds the hash of the row before it.",
    "Fingerprint": "A hash that names a thing: of a finding, for the same defect in every run; of a database, for its structure.",
    "Snapshot": "The one moment at which the whole database was read.",
    "Destination": "The phone number that a message is for. It is the only number that a message carries.",
}


def cover(audit: Audit) -> str:
    """Who was audited, by what and when, and the verdict."""
    run, target = audit.run, audit.target
    verdict = audit.verdict
    facts = (
        ("Database", html(target.database)),
        ("Schema", html(target.schema)),
        ("Server", f"PostgreSQL {html(target.server)}"),
        ("Revision", html(target.revision or "not recorded")),
        ("Structure", f"<code>{html(target.fingerprint)}</code>"),
        ("Looked at", f"{html(run.started)} to {html(run.finished)}"),
        ("Looked as", f"role <code>{html(run.role)}</code>"),
        ("Looked with", html(run.tool)),
        ("Run", f"<code>{html(run.id)}</code>"),
        ("Decides at", f"{audit.fail_on.value} severity and above"),
    )
    return (
        '<p class="eyebrow">Privacy audit of a message database</p>'
        "<h1>Who talks to whom is not in here. Is that true?</h1>"
        f'<p class="lede">An examination of the live database <bdi>{html(target.database)}</bdi>, schema '
        f"<bdi>{html(target.schema)}</bdi>, against the promise that it stores no sender and no relationship.</p>"
        f'<div class="verdict is-{verdict.value}">{icon(verdict.value)}<div><strong>{_HEADLINES[verdict]}</strong>'
        f"<span>{SENTENCES[verdict]} {_tally(audit)}</span></div></div>"
        f"{_facts(facts)}"
    )


def statement(audit: Audit) -> str:
    """One page for those who decide: each claim in plain words with its answer."""
    groups = by_check(audit)
    cards = "".join(_claim(audit, claim, groups) for claim in audit.claims)
    return (
        "<p>The database is meant to let nobody, its operator included, find out who writes to whom. That is "
        f"{plural(len(audit.claims), 'promise')} in plain words. Each was tried against the live database, and "
        "each answer below rests on the checks listed under it.</p>"
        f'<ul class="claims">{cards}</ul>'
        '<p class="small soft"><strong>Holds</strong> means that every check of the claim looked, and nothing that it found decides. '
        "<strong>Broken</strong> means that at least one finding decides against it. <strong>Not proven</strong> "
        "means that something could not be looked at. None of the three speaks about what no look at a database "
        'can show; see <a href="#limits">Limits</a>.</p>'
    )


def scope(audit: Audit) -> str:
    """What was looked at, and what was not."""
    rows = "".join(
        f'<tr><th scope="row">{html(kind.replace("_", " "))}</th><td class="num">{each.seen:,}</td>'
        f'<td class="num">{each.accounted:,}</td><td class="num">{each.seen - each.accounted or "none"}</td></tr>'
        for kind, each in audit.coverage.items()
    )
    unseen = [result for result in audit.checks if result.reason is not None]
    if unseen:
        hidden = "<h3>What could not be looked at</h3>" + _wide(
            "Checks that did not look, or not everywhere",
            ("Check", "Outcome", "Why"),
            "".join(
                f'<tr><th scope="row"><a href="#check-{html(result.check.slug)}">{html(result.check.slug)}</a></th>'
                f"<td>{_outcome(result.outcome)}{' (accepted)' if result.accepted else ''}</td>"
                f"<td>{html(result.reason)}</td></tr>"
                for result in unseen
            ),
        )
    else:
        hidden = "<p>Every check could look at everything that it asks for.</p>"
    return (
        f"<p>In scope are schema <code>{html(audit.target.schema)}</code> and every schema in which something leans on "
        "it. Every object there must be declared in the catalogue or belong to a declared extension; anything else "
        "is a finding, whatever it is called.</p>"
        + _wide(
            "Objects in scope",
            ("Kind", "Seen", "Accounted for", "Not accounted for"),
            rows,
            numbers=(1, 2, 3),
        )
        + hidden
        + "<p>Excluded, and not audited: other databases of the cluster, backups, archived WAL, log files, replicas, "
        'and the applications themselves. <a href="#limits">Limits</a> names them one by one.</p>'
    )


def method(audit: Audit) -> str:
    """How it was looked."""
    return (
        '<div class="columns"><div><h3>Examine</h3><p>The system catalogs were read once, in one read-only '
        "transaction at one snapshot, in a fixed number of statements, and compared with the declared schema and "
        "the catalogue. This is certain: an undeclared object cannot pass.</p></div>"
        "<div><h3>Test</h3><p>Where the answer lies in the rows, a declared function counts inside the database "
        "and returns numbers alone. No phone number, key or content leaves the database; none is in this report."
        "</p></div><div><h3>Repeat</h3><p>Each check also states its question as SQL, printed with its findings, "
        "for a reviewer to run by hand. Both statements are held to equal answers by the tests of the program."
        "</p></div><div><h3>Decide</h3><p>A finding decides at or above "
        f"<strong>{audit.fail_on.value}</strong> severity when it is certain or likely and not waived. What could "
        "not be looked at makes the audit incomplete, never passed.</p></div></div>"
        f"<p>Snapshot <code>{html(audit.run.snapshot)}</code>, read by role <code>{html(audit.run.role)}</code>.</p>"
    )


def limits(audit: Audit) -> str:
    """What no audit of this kind can see."""
    items = "".join(f"<li>{html(limit)}</li>" for limit in audit.limits)
    return (
        "<p>An audit that does not say what it cannot see is worth little. This one cannot see the following, and "
        f'its verdict must not be read as if it could.</p><ul class="plain">{items}</ul>'
    )


def signatures(audit: Audit) -> str:
    """Where the operator and the reviewer sign, on paper or with a key."""
    boxes = "".join(
        f'<div><h3 class="role">{role}</h3><p class="small">{words}</p><dl><dt>Name and position</dt><dd></dd>'
        "<dt>Place and date</dt><dd></dd><dt>Signature</dt><dd></dd></dl></div>"
        for role, words in (
            (
                "Operator",
                "I ran this audit against the database named on the cover and changed nothing in its answer.",
            ),
            (
                "Reviewer",
                '<span class="box"></span>I accept this report. <span class="box"></span>I do not accept it, for '
                "the reasons attached.",
            ),
        )
    )
    return (
        f'<div class="sign">{boxes}</div>'
        "<h3>Signed electronically</h3><p>A signature with a key covers the JSON report of the same run, whose id is "
        f"<code>{html(audit.run.id)}</code>, the database's fingerprint and the head of the retention ledger. Anybody can "
        "verify it without a network:</p>"
        "<pre>nosender audit sign report.json --key operator\nnosender audit sign report.json --key reviewer\n"
        "nosender audit verify report.json --key operator.pub --key reviewer.pub</pre>"
    )


def glossary(audit: Audit) -> str:  # noqa: ARG001  # every section is called alike
    """What the words of this report mean."""
    terms = "".join(f"<dt>{term}</dt><dd>{meaning}</dd>" for term, meaning in sorted(_GLOSSARY.items()))
    return f'<dl class="glossary">{terms}</dl>'


def footer(audit: Audit) -> str:
    """The last line of the page."""
    return (
        f"{html(audit.run.tool)} · run {html(audit.run.id)} · {html(audit.run.finished)}. This page loads nothing and "
        "sends nothing. It supports an assessment; it is not one."
    )


def _tally(audit: Audit) -> str:
    counts = outcomes(audit.checks)
    gating = len(audit.gating())
    parts = [f"{plural(len(audit.checks), 'check')} ran"]
    if gating:
        parts.append(f"{plural(gating, 'finding')} decide{'s' if gating == 1 else ''}")
    if others := len(audit.findings) - gating:
        parts.append(
            f"{plural(others, 'finding')} {'is' if others == 1 else 'are'} below the level, waived or a hint"
        )
    if blind := counts[Outcome.NOT_TESTED] + counts[Outcome.ERROR]:
        parts.append(f"{plural(blind, 'check')} could not look")
    return "; ".join(parts) + "."


def _claim(audit: Audit, claim: ClaimResult, groups: dict[str, list[Finding]]) -> str:
    counts = outcomes(result for result in audit.checks if result.check.slug in claim.checks)
    worst = next(
        (
            finding
            for slug in claim.checks
            for finding in groups.get(slug, ())
            if finding.gates(audit.fail_on)
        ),
        None,
    )
    tally = ", ".join(
        f"{count} {html(name.value.replace('-', ' '))}" for name, count in counts.items() if count
    )
    told = f"<p><strong>Found:</strong> {html(worst.detail)}</p>" if worst else ""
    slug = claim.claim.value
    return (
        f'<li class="claim is-{claim.verdict.value}" id="claim-{slug}"><p class="answer">{icon(claim.verdict.value)}'
        f"{VERDICTS[claim.verdict]}</p><h3>{TITLES[claim.claim]}</h3><p>{html(claim.claim.statement)}</p>{told}"
        f'<p class="tally">{plural(len(claim.checks), "check")}: {tally}</p></li>'
    )


def _outcome(outcome: Outcome) -> str:
    word = outcome.value.replace("-", " ")
    return f'<span class="tag is-{outcome.value}">{icon(outcome.value)}{word}</span>'


def _facts(facts: tuple[tuple[str, str], ...]) -> str:
    return (
        '<dl class="facts">' + "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts) + "</dl>"
    )


def _wide(
    caption: str, heads: tuple[str, ...], rows: str, numbers: tuple[int, ...] = (), kind: str = ""
) -> str:
    classed = f' class="{kind}"' if kind else ""
    cells = "".join(
        f'<th scope="col"{" class=" + chr(34) + "num" + chr(34) if number in numbers else ""}>{head}</th>'
        for number, head in enumerate(heads)
    )
    return (
        f'<div class="wide" role="region" aria-label="{caption}" tabindex="0"><table{classed}><caption>{caption}</caption>'
        f"<thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
