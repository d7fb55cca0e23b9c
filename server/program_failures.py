"""Why a program that we started failed: the cause, out of what it wrote."""

from __future__ import annotations

import re

# The first line of the gravest kind is the cause: what follows is cleaning up, advice and consequence.
_KINDS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(?:PANIC|FATAL):(?! +configuration file .* contains errors) +(?P<reason>.*)",
        r"^(?:initdb|postgres|pg_dump): (?:error|fatal): (?P<reason>.*)",
        r"\b(?:ERROR|LOG): +(?P<reason>(?:could not|invalid|parameter|unrecognized|syntax error).*)",
        r"\b(?:error|fatal|fatal error): (?P<reason>.*)",
        r"\bFATAL: +(?P<reason>.*)",
    )
)
_DETAIL = re.compile(r"\b(?:DETAIL|detail): +(?P<reason>.*)")


def program_cause(report: str) -> str:
    """The cause in one line, with the detail that stands below it."""
    lines = [line.strip() for line in report.splitlines() if line.strip()]
    for kind in _KINDS:
        for number, line in enumerate(lines):
            match = kind.search(line)
            if match is None:
                continue
            detail = _DETAIL.search(lines[number + 1]) if number + 1 < len(lines) else None
            return match["reason"] + (f" ({detail['reason']})" if detail else "")
    return lines[-1] if lines else "it gave no reason"
