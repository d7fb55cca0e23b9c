"""The parts of the page that show the checks and what they found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.privacy_audit.reports.page.icons import icon
from nosender.privacy_audit.reports.words import (
    SEVERITIES,
    TITLES,
    by_check,
    facts,
    html,
    most_urgent_first,
    plural,
    reach,
)

if TYPE_CHECKING:
    from nosender.privacy_audit.finding import Finding
    from nosender.privacy_audit.result.audit import Audit, CheckResult

MOST_EACH = 200
"""Findings of one check that the page shows; a browser reads no more with pleasure."""
MOST = 2000
"""Findings that the page shows of all checks together."""


def results(audit: Audit) -> str:
    """Every check under its claim, with the filter that also governs the findings."""
    bodies = "".join(
        f'<tbody class="matrix"><tr class="group"><th scope="rowgroup" colspan="6">{TITLES[claim.claim]} <span class="small mono soft">{html(claim.claim.value)}</span></th></tr>'
        + "".join(_row(audit, result) for result in audit.checks if result.check.claim is claim.claim)
        + "</tbody>"
        for claim in audit.claims
    )
    heads = "".join(
        f'<th scope="col"{" class=" + chr(34) + "num" + chr(34) if head == "Examined" else ""}>{head}</th>'
        for head in ("Check", "Outcome", "Severity", "Confidence", "Examined", "Cited by")
    )
    return (
        f"{_filters(audit)}"
        '<div class="wide" role="region" aria-label="Checks by claim" tabindex="0"><table><caption>Each claim with its '
        "checks. Examined is how many things the check looked at, good and bad.</caption>"
        f"<thead><tr>{heads}</tr></thead>{bodies}</table></div>"
    )


def findings(audit: Audit) -> str:
    """The findings, by check: what, why it matters, what to do, and the evidence."""
    groups = by_check(audit)
    shown, parts = 0, []
    for result in most_urgent_first(audit, groups):
        found = groups.get(result.check.slug, [])
        take = found[: min(MOST_EACH, MOST - shown)]
        shown += len(take)
        if found or result.reason is not None:
            parts.append(_group(audit, result, found, take))
    cut = len(audit.findings) - shown
    note = (
        f'<p class="note">{plural(cut, "finding")} of {len(audit.findings):,} {"is" if cut == 1 else "are"} not shown '
        "here, so that the page stays readable; the worst of each check come first. The JSON report has all.</p>"
        if cut
        else ""
    )
    if not parts:
        return "<p>Nothing was found, and every check could look.</p>"
    return note + "".join(parts)


def _filters(audit: Audit) -> str:
    def choice(name: str, label: str, options: list[tuple[str, str]]) -> str:
        inner = "".join(f'<option value="{html(value)}">{html(text)}</option>' for value, text in options)
        return f'<label>{label}<select name="{name}"><option value="">all</option>{inner}</select></label>'

    claims = [(claim.claim.value, claim.claim.value) for claim in audit.claims]
    severities = [(severity.value, severity.value) for severity in SEVERITIES]
    outcomes = [
        (value, value.replace("-", " ")) for value in ("pass", "fail", "waived", "not-tested", "error")
    ]
    return (
        '<form class="filters" role="search" aria-label="Filter checks and findings">'
        f"{choice('claim', 'Claim', claims)}{choice('severity', 'Severity', severities)}"
        f"{choice('outcome', 'Outcome', outcomes)}"
        '<label>Contains<input name="text" type="search" autocomplete="off"></label>'
        '<button type="reset">Show all</button><output aria-live="polite"></output></form>'
    )


def _row(audit: Audit, result: CheckResult) -> str:
    check = result.check
    linked = result.reason is not None or result.outcome.value in ("fail", "waived")
    name = f'<a href="#check-{html(check.slug)}">{html(check.slug)}</a>' if linked else html(check.slug)
    standards = ", ".join(
        f'<abbr title="{html(audit.annex.standards[one])}">{html(one)}</abbr>'
        if one in audit.annex.standards
        else html(one)
        for one in result.standards
    )
    return (
        f'<tr {_data(result, ())}><th scope="row">{html(check.title)}<br><span class="small mono soft">{name}</span>'
        f"{_read(result)}</th>"
        f"<td>{_outcome(result)}</td><td>{_level(check.severity.value)}</td><td>{check.confidence.value}</td>"
        f'<td class="num">{result.examined:,}</td><td class="small">{standards or "—"}</td></tr>'
    )


def _read(result: CheckResult) -> str:
    """What a check that reads rows read of them, and what that finds."""
    words = reach(result)
    return f'<br><span class="small soft">{html(words)}</span>' if words else ""


def _group(audit: Audit, result: CheckResult, found: list[Finding], take: list[Finding]) -> str:
    check = result.check
    evidence = audit.annex.evidence.get(check.slug)
    why = "".join(
        f"<p>{html(part)}</p>" for part in (evidence.explanation if evidence else "").split("\n\n") if part
    )
    reason = f'<p class="note">{html(result.reason)}</p>' if result.reason is not None else ""
    rows = "".join(_finding(audit, finding) for finding in take)
    table = (
        f'<div class="wide" role="region" aria-label="Findings of {html(check.slug)}" tabindex="0"><table class="found">'
        f'<thead><tr><th scope="col">Object</th><th scope="col">What is wrong, and what follows</th>'
        f'<th scope="col">Counts and names</th><th scope="col">Since</th></tr></thead><tbody>{rows}</tbody></table></div>'
        if take
        else ""
    )
    more = (
        f'<p class="small soft">{plural(len(found) - len(take), "more finding")} of this check in the JSON report.</p>'
        if len(found) > len(take)
        else ""
    )
    shown = (
        f"<details><summary>Evidence: the question as SQL</summary><pre>{html_block(evidence.query)}</pre>"
        f'<p class="small soft">SHA-256 of this query: <code>{html(evidence.sha256)}</code>. Each row that it returns is a '
        f"finding; this run found {len(found):,}.</p></details>"
        if evidence
        else ""
    )
    return (
        f'<article class="check" id="check-{html(check.slug)}" {_data(result, found)}><header>'
        f"<h3>{html(check.title)}</h3>{_outcome(result)}{_level(check.severity.value)}"
        f'<span class="small soft">{check.confidence.value} · {html(check.claim.value)} · '
        f"<code>{html(check.slug)}</code></span></header>"
        f'{reason}{table}{more}<dl class="facts"><dt>Why it matters</dt><dd>{why}</dd><dt>What to do</dt><dd><p>{html(check.remedy)}</p></dd></dl>{shown}</article>'
    )


def _finding(audit: Audit, finding: Finding) -> str:
    first = audit.annex.first_seen.get(finding.fingerprint, "this report")
    waived = f' <span class="tag is-waived">{icon("waived")}waived</span>' if finding.waived else ""
    return (
        f'<tr id="finding-{html(finding.fingerprint)}"><th scope="row"><code>{html(finding.object)}</code><br>'
        f'<span class="small soft">{html(finding.kind)}</span> {_level(finding.severity.value)}{waived}</th>'
        f'<td>{html(finding.detail)}</td><td class="small">{html(facts(finding.facts)) or "—"}</td>'
        f'<td class="small">{html(first)}</td></tr>'
    )


def html_block(text: str) -> str:
    """Several lines of text of ours or untrusted, escaped line by line."""
    return "\n".join(html(line.replace("\t", "  ")) for line in text.splitlines())


def _data(result: CheckResult, found: list[Finding] | tuple[()]) -> str:
    levels = sorted({result.check.severity.value, *(finding.severity.value for finding in found)})
    waived = (
        " waived" if any(finding.waived for finding in found) and result.outcome.value != "waived" else ""
    )
    return (
        f'data-claim="{result.check.claim.value}" data-severity="{" ".join(levels)}" '
        f'data-outcome="{result.outcome.value}{waived}"'
    )


def _outcome(result: CheckResult) -> str:
    value = result.outcome.value
    accepted = " (accepted)" if result.accepted else ""
    return f'<span class="tag is-{value}">{icon(value)}{value.replace("-", " ")}{accepted}</span>'


def _level(severity: str) -> str:
    return f'<span class="level level-{severity}">{severity}</span>'
