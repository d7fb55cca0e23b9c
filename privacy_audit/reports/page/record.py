"""The parts of the page that are filed: inventory, keys, retention, waivers, differences, reproduction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.privacy_audit.finding import Verdict
from nosender.privacy_audit.reports.page import plot
from nosender.privacy_audit.reports.page.front import _wide
from nosender.privacy_audit.reports.page.icons import icon
from nosender.privacy_audit.reports.words import html, plural
from nosender.schema import diagram as drawing

if TYPE_CHECKING:
    from nosender.privacy_audit.result.annex import ComparedFinding, LedgerState, RequirementEntry, TableEntry
    from nosender.privacy_audit.result.audit import Audit, CheckResult, WaiverResult

_MOST = 200

# Not "holds": a machine's checks are evidence for a requirement, never its fulfilment.
_EVIDENCE = {Verdict.PASS: "nothing found", Verdict.FAIL: "broken", Verdict.INCOMPLETE: "not proven"}


def inventory(audit: Audit) -> str:
    """Every column with class, purpose, resolution and retention: the record of processing activities."""
    tables = audit.annex.inventory
    if not tables:
        return "<p>The inventory could not be read in this run.</p>"
    undeclared = sum(column.data_class is None for table in tables for column in table.columns)
    note = (
        f'<p class="note">{plural(undeclared, "column")} {"is" if undeclared == 1 else "are"} not declared, and marked '
        "below: nobody has said what is in there or how long it stays.</p>"
        if undeclared
        else ""
    )
    return (
        "<p>The record of what is stored, why, how finely and for how long, as Art. 30 GDPR asks for it. It is written "
        f"from the catalogue and held against the live database column by column.</p>{note}"
        + "".join(_table(table) for table in tables)
    )


def diagram(audit: Audit) -> str:
    """The picture, and the keys as a table."""
    annex = audit.annex
    picture = drawing.render(annex.nodes, annex.edges)
    if not picture:
        return "<p>The tables could not be read in this run.</p>"
    bad = sum(not edge.allowed for edge in annex.edges)
    verdict = (
        f'<p class="note">{plural(bad, "foreign key")} {"is" if bad == 1 else "are"} not allowed, and drawn in red.</p>'
        if bad
        else "<p>Every foreign key is one of those allowed.</p>"
    )
    rows = "".join(
        f'<tr{"" if edge.allowed else " class=" + chr(34) + "undeclared" + chr(34)}><th scope="row"><code>{html(edge.table)}'
        f"</code></th><td><code>{html(', '.join(edge.columns))}</code></td><td><code>{html(edge.parent)}</code></td>"
        f"<td>{'allowed' if edge.allowed else 'not allowed'}</td></tr>"
        for edge in annex.edges
    )
    return (
        "<p>People stand on the left and messages on the right. The only line that may cross the gap leads from a "
        "delivery to a device, and the database refuses a device that is not the destination's.</p>"
        f'{verdict}<div class="picture">{picture}</div>'
        '<ul class="legend"><li>blue line: an allowed foreign key</li><li>heavy line: the one that crosses the gap</li>'
        "<li>red, dashed: not allowed</li><li>red box: not declared</li></ul>"
        + _wide("Foreign keys", ("Table", "Columns", "Refers to", "Allowed"), rows)
    )


def requirements(audit: Audit) -> str:
    """Standard by standard: the evidence, the questions that are left to a person, the deviations."""
    if not audit.annex.requirements:
        return "<p>No standard is cited in this run.</p>"
    standards: dict[str, list[RequirementEntry]] = {}
    for entry in audit.annex.requirements:
        standards.setdefault(entry.standard, []).append(entry)
    broken = {finding.check for finding in audit.gating()}
    asked = {result.check.slug: result for result in audit.checks}
    parts = [
        "<p>What each requirement asks for, in our own words, and the evidence that this audit gives. It supports an "
        "assessment and is none: nothing here says that anybody complies.</p>"
    ]
    for title, entries in standards.items():
        rows = "".join(_requirement(entry, broken, asked) for entry in entries)
        heads = ("Requirement", "Asks for", "Evidence", "For a person, or why not followed")
        parts.append(f"<h3>{html(title)}</h3>{_wide(html(title), heads, rows, kind='requirements')}")
    return "".join(parts)


def retention(audit: Audit) -> str:
    """What is overdue, and what the sweeps did."""
    known = audit.annex.retention
    if known is None:
        return "<p>The ledger of the sweeps could not be read in this run, so nothing is said about them here.</p>"
    overdue = "".join(
        f'<tr><th scope="row"><code>{html(each.table)}</code></th><td class="num">{"more than " if each.more else ""}'
        f"{each.rows:,}</td><td>{html(each.oldest or 'nothing')}</td></tr>"
        for each in known.overdue
    )
    sweeps = plot.sweeps(known)
    rows = "".join(
        f'<tr><td>{html(sweep.at)}</td><td>{html(sweep.status)}</td><td class="num">{sweep.removed:,}</td>'
        f'<td class="num">{sweep.left:,}</td></tr>'
        for sweep in reversed(sweeps[-30:])
    )
    picture = plot.render(known)
    return (
        f"<p>A sweep has to run at least every {html(known.interval)}, and no row may stand longer than "
        f"{html(known.grace)} after its expiry. {_lag(audit, known)}</p>"
        + _wide("Expired and still there at the snapshot", ("Table", "Rows", "Oldest expired"), overdue, (1,))
        + (
            f'<div class="picture">{picture}</div><ul class="legend"><li>filled: rows removed by a sweep</li>'
            "<li>red outline: rows it found expired and had to leave</li></ul>"
            + _wide("The last sweeps, newest first", ("Finished", "Outcome", "Removed", "Left"), rows, (2, 3))
            if sweeps
            else '<p class="note">No sweep is recorded in the ledger.</p>'
        )
        + f"<p>The ledger has {plural(known.length, 'row')}"
        + (f", the last with hash <code>{html(known.head)}</code>" if known.head else "")
        + ". A later ledger that does not continue from here was rewritten: "
        "<code>nosender retention verify --since report.json</code>.</p>"
    )


def _lag(audit: Audit, known: LedgerState) -> str:
    """How long ago the last sweep ended, and how far the oldest expired row is past its time."""
    now = audit.run.started
    done = [row.at for row in known.rows if row.event == "finished"]
    parts = [
        f"The last sweep ended {plot.apart(done[-1], now)} before this audit."
        if done
        else "No sweep has ended yet."
    ]
    if oldest := min((each.oldest for each in known.overdue if each.oldest), default=None):
        parts.append(f"The oldest row that should be gone expired {plot.apart(oldest, now)} before it.")
    return html(" ".join(parts))


def waivers(audit: Audit) -> str:
    """Who accepted what, why, and until when."""
    if not audit.waivers:
        return "<p>Nothing is waived.</p>"
    rows = "".join(
        f'<tr><th scope="row">{html(waiver.id)}</th><td>{html(waiver.check)}<br>{_waived(waiver)}'
        f'</td><td>{html(waiver.reason)}</td><td>{html(waiver.owner)}<br><span class="small soft">approved by '
        f"{html(waiver.approved_by)}</span></td><td>{html(waiver.expires)}</td><td>{html(waiver.state)}</td></tr>"
        for waiver in audit.waivers
    )
    return (
        "<p>A waiver accepts one finding on one object for a time. It changes the verdict and nothing else: the finding "
        "stays in this report under its own severity.</p>"
        + _wide("Waivers", ("Waiver", "Finding", "Reason", "Owner", "Expires", "State"), rows)
    )


def difference(audit: Audit) -> str:
    """What changed since the report that was given as a baseline."""
    comparison = audit.annex.comparison
    if comparison is None:
        return (
            "<p>No earlier report was given. With <code>--baseline last.json</code> this section says what is new, fixed "
            "and unchanged.</p>"
        )
    before = comparison.before
    other = (
        ""
        if comparison.same_database
        else f'<p class="note">The earlier report is about another database: {html(before.database)}.</p>'
    )
    groups = (
        ("New", comparison.new),
        ("Fixed", comparison.fixed),
        ("Waived since then", comparison.newly_waived),
        ("Waived then, not any more", comparison.lapsed),
        ("Gone, but the check could not look this time", comparison.unknown),
        ("Unchanged", comparison.unchanged),
    )
    return (
        f"<p>Compared with run <code>{html(before.run)}</code> of {html(before.finished)}, whose verdict was "
        f"<strong>{html(before.verdict)}</strong>. This comparison is for reading: it changes no verdict.</p>{other}"
        + "".join(
            f"<h3>{title}: {len(items):,}</h3>{_items(items)}"
            for title, items in groups
            if items or title == "New"
        )
    )


def reproduce(audit: Audit) -> str:
    """The command, and what must come out the same."""
    return (
        f"<pre>{html(audit.run.command)}</pre>"
        "<p>The same database and catalogue give the same JSON report byte by byte, its <code>run</code> part aside. "
        "What identifies this run:</p>"
        '<dl class="facts">'
        f"<dt>Program</dt><dd>{html(audit.run.tool)}</dd>"
        f"<dt>Structure</dt><dd><code>{html(audit.target.fingerprint)}</code></dd>"
        f"<dt>Snapshot</dt><dd><code>{html(audit.run.snapshot)}</code></dd>"
        f"<dt>Role</dt><dd><code>{html(audit.run.role)}</code></dd>"
        f"<dt>Started</dt><dd>{html(audit.run.started)}</dd></dl>"
        "<p>The queries printed under the findings answer the same questions in any psql session whose search_path is "
        "set to the schema of the tables. Their hashes tell whether two reports asked the same.</p>"
    )


def _table(table: TableEntry) -> str:
    rows = "".join(
        f"<tr{' class=' + chr(34) + 'undeclared' + chr(34) if column.data_class is None else ''}>"
        f'<th scope="row"><code>{html(column.name)}</code></th><td class="small mono">{html(column.type)}</td>'
        f"<td>{html(column.data_class or 'not declared')}{' (personal)' if column.personal else ''}</td>"
        f"<td>{html(column.purpose)}</td><td>{html(column.resolution) or '—'}</td><td>{html(column.retention)}</td></tr>"
        for column in table.columns
    )
    kept = f" Kept without limit because: {html(table.kept_because)}" if table.kept_because else ""
    return (
        f'<h3><code>{html(table.name)}</code></h3><p>{html(table.purpose)} <span class="soft">Rows: '
        f"{html(table.retention)}.{kept}</span></p>"
        + _wide(
            f"Columns of {html(table.name)}",
            ("Column", "Type", "Data class", "Purpose", "Resolution", "Retention"),
            rows,
            kind="inventory",
        )
    )


def _items(items: tuple[ComparedFinding, ...]) -> str:
    if not items:
        return "<p>None.</p>"
    rows = "".join(
        f'<li><span class="level level-{item.severity if item.severity.isalpha() else "low"}">{html(item.severity)}</span> '
        f'<code>{html(item.object)}</code> <span class="soft">{html(item.check)}</span></li>'
        for item in items[:_MOST]
    )
    more = f"<li>and {len(items) - _MOST:,} more</li>" if len(items) > _MOST else ""
    return f'<ul class="plain">{rows}{more}</ul>'


def _requirement(entry: RequirementEntry, broken: set[str], asked: dict[str, CheckResult]) -> str:
    mine = [asked[slug] for slug in entry.checks if slug in asked]
    if not entry.checks:
        evidence = "none by machine"
    elif not mine:
        evidence = "not asked in this run"
    else:
        if any(result.check.slug in broken for result in mine):
            verdict = Verdict.FAIL
        elif any(result.reason is not None and not result.accepted for result in mine):
            verdict = Verdict.INCOMPLETE
        else:
            verdict = Verdict.PASS
        evidence = (
            f'<span class="tag is-{verdict.value}">{icon(verdict.value)}{_EVIDENCE[verdict]}</span><br>'
            f'<span class="small soft">{plural(len(mine), "check")}</span>'
        )
    told = [html(entry.manual)] if entry.manual else []
    if entry.deviation:
        told.append(f"<strong>Deviation.</strong> {html(entry.deviation)}")
    return (
        f'<tr><th scope="row">{html(entry.id)}</th><td>{html(entry.title)}</td><td>{evidence}</td>'
        f"<td>{'<br>'.join(told) or '—'}</td></tr>"
    )


def _waived(waiver: WaiverResult) -> str:
    """What a waiver is about: one object, or that the check cannot be tested here."""
    return "not being tested" if waiver.object is None else f"<code>{html(waiver.object)}</code>"
