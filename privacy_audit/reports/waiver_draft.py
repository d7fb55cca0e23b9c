"""A file of waivers, drafted from what decided a verdict: refused as it is, until somebody signs for each."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

from nosender.terminal_text import visible

if TYPE_CHECKING:
    from nosender.privacy_audit.finding import Finding
    from nosender.privacy_audit.result.audit import Audit, CheckResult

DAYS = 90
"""How long a drafted waiver lasts: half of what is allowed."""


def render(audit: Audit) -> str:
    """TOML: an entry for each finding that decides and each check that could not look, where one may be."""
    waivable = {result.check.slug for result in audit.checks if result.check.waivable}
    parts = [
        "# Drafted from an audit: nothing here counts until reason, owner and approved_by are written.\n"
        "# Repair what can be repaired, and take its entry out. See docs/waivers.md.\n"
    ]
    parts += [
        _entry(audit, each.check, _of(each))
        if each.check in waivable
        else f"# {each.check} on {visible(each.object)} cannot be waived: no reason makes it acceptable.\n"
        for each in audit.gating()
    ]
    parts += [
        _entry(audit, each.check.slug, _untested(each)) for each in audit.unseen() if each.check.waivable
    ]
    return "\n".join(parts)


def _of(finding: Finding) -> str:
    lines = f"# {visible(finding.detail)}\nobject = {_text(finding.object)}\n"
    definition = finding.facts.get("definition")
    return lines + (f"definition = {_text(str(definition))}\n" if definition is not None else "")


def _untested(result: CheckResult) -> str:
    return f"# {visible(result.reason or '')}\nnot_tested = true\n"


def _entry(audit: Audit, check: str, about: str) -> str:
    day = date.fromisoformat(audit.run.finished[:10])
    return (
        f"[[waivers]]\ncheck = {_text(check)}\n{about}"
        'reason = ""\nowner = ""\napproved_by = ""\n'
        f"created = {day}\nexpires = {day + timedelta(days=DAYS)}\n"
    )


def _text(value: str) -> str:
    """A basic string of TOML, which escapes as JSON does; DEL besides."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
