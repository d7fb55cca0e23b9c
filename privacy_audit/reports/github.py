"""The report as GitHub workflow commands: annotations on the run and on the lines of a pull request.

GitHub shows at most ten of each level a step. So the worst ten of each are written, and one of those
ten says how many there are besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.privacy_audit.reports.words import because, one_line, plural
from nosender.privacy_audit.result.source_lines import ELSE, of_check, of_finding

if TYPE_CHECKING:
    from nosender.privacy_audit.result.annex import SourceLine
    from nosender.privacy_audit.result.audit import Audit

MOST = 10
"""Annotations of one level that GitHub shows of a step."""

_LEVELS = ("error", "warning", "notice")


def render(audit: Audit) -> str:
    """One workflow command a line."""
    commands: dict[str, list[str]] = {level: [] for level in _LEVELS}
    commands["error"] += (
        _command("error", ELSE, "nosender: the audit is not of the whole", limit) for limit in because(audit)
    )
    for finding in audit.findings:
        level = "error" if finding.gates(audit.fail_on) else "notice" if finding.waived else "warning"
        commands[level].append(
            _command(
                level,
                of_finding(audit, finding),
                f"{finding.check} ({finding.severity.value}{', waived' if finding.waived else ''})",
                f"{finding.kind} {finding.object}: {finding.detail} {finding.remedy}",
            )
        )
    for result in audit.checks:
        if result.reason is not None:
            level = "notice" if result.accepted else "error"
            commands[level].append(
                _command(
                    level, of_check(audit, result.check), f"{result.check.slug} could not look", result.reason
                )
            )
    lines = []
    for level in _LEVELS:
        some = commands[level]
        if len(some) > MOST:
            more = plural(len(some) - MOST + 1, f"more {level}")
            some = [*some[: MOST - 1], f"::{level} title=nosender::{more}; the JSON report has all of them"]
        lines += some
    return "".join(f"{line}\n" for line in lines)


def _command(level: str, place: SourceLine, title: str, message: str) -> str:
    return f"::{level} file={workflow_property(place.path)},line={place.line},title={workflow_property(title)}::{workflow_data(one_line(message))}"


def workflow_data(text: str) -> str:
    """What follows the second pair of colons: it ends at a line break, and % starts an escape."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def workflow_property(text: str) -> str:
    """A value before the second pair of colons, where commas and colons end it as well."""
    return workflow_data(one_line(text)).replace(":", "%3A").replace(",", "%2C")
