"""Why libpq could not connect: the cause, out of a report that also holds attempts and advice."""

from __future__ import annotations

import re

_ATTEMPT = re.compile(
    r"^(?:- host: .*?, port: .*?, hostaddr: .*?: )?(?:connection (?:failed|is bad): )?"
    r"(?:connection to server (?:at|on) (?P<place>.*?) failed: )?(?P<reason>.*)$"
)
_ADVICE = (
    "Is the server running",
    "Multiple connection attempts failed",
    "DETAIL:",
    "HINT:",
    "connection is bad: no error details",
)
# Said by the attempt without encryption that follows one with it, when that was refused for another reason.
_SECOND_TRY = re.compile(r"no pg_hba\.conf entry .*, no encryption")

_WITHOUT_OPTIONS = re.compile(
    r"startup (parameter|option)|command-line option|unrecognized configuration parameter", re.IGNORECASE
)


def cause(report: str) -> str:
    """What kept each attempt from succeeding, in one line; with the place where there are several."""
    found: dict[str, str] = {}
    for line in (line.strip() for line in report.splitlines()):
        match = _ATTEMPT.match(line)
        if not line or match is None or line.startswith(_ADVICE) or match["reason"].startswith(_ADVICE):
            continue
        reason = re.sub(r"^(FATAL|ERROR): +", "", match["reason"])
        if reason and found.get(reason) is None:
            found[reason] = match["place"] or ""
    told = [reason for reason in found if not _SECOND_TRY.search(reason)] or list(found)
    if len({found[reason] for reason in told} - {""}) > 1:
        told = [f"{_short(found[reason])}: {reason}" if found[reason] else reason for reason in told]
    return "; ".join(told) or (report.strip().splitlines() or ["no reason was given"])[0]


def _short(place: str) -> str:
    """`db1:5432` of libpq's description of a place."""
    words = re.findall(r'"([^"]*)"|port (\d+)', place)
    names = [name for name, _ in words if name]
    port = next((port for _, port in words if port), "")
    return f"{names[0]}:{port}" if names and port else place


def takes_no_options(report: str) -> bool:
    """Whether a pooler refused the start for our options; each says it in words of its own."""
    return _WITHOUT_OPTIONS.search(report) is not None
