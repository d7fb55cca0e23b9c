"""A folder of JSON reports as series over time, each report with what its signatures are worth."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from nosender.errors import UsageError
from nosender.privacy_audit.evidence import attest
from nosender.privacy_audit.evidence.output import read
from nosender.privacy_audit.finding import Severity
from nosender.privacy_audit.reports.history import Entry, History, Series, Signature, gaps
from nosender.schema.catalogue.model import duration_in_words

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def history(folder: Path, trusted: list[Ed25519PublicKey], every: timedelta) -> History:
    """What the reports in the folder say, the oldest first; UsageError where there is no folder or report."""
    try:
        files = sorted(each for each in folder.iterdir() if each.suffix == ".json" and each.is_file())
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror}") from None
    found: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    unread = []
    for file in files:
        try:
            content = read(file)
            report = attest.parse_report(content, file.name)
            entry = _entry(file, report, _signature(file, content, trusted))
        except UsageError as error:
            unread.append(str(error))
            continue
        target = report["target"]
        cluster = str((target.get("cluster") or {}).get("system_identifier") or "not told")
        found[str(target.get("database")), str(target.get("schema")), cluster].append(entry)
    if not found:
        raise UsageError(f"{folder} holds no report of `nosender audit run --format json`")
    now = datetime.now(UTC)
    return History(
        duration_in_words(every),
        tuple(_series(*where, entries, every, now) for where, entries in sorted(found.items())),
        tuple(unread),
    )


def _series(
    database: str, schema: str, cluster: str, found: list[Entry], every: timedelta, now: datetime
) -> Series:
    entries = sorted(found, key=lambda each: (each.finished, each.file))
    shrunk, most = [], 0
    for each in entries:
        if each.ledger is not None:
            shrunk += [each.file] if each.ledger < most else []
            most = max(most, each.ledger)
    between = gaps([each.finished for each in entries], every, now)
    return Series(database, schema, cluster, tuple(entries), between, tuple(shrunk))


def _signature(file: Path, content: bytes, trusted: list[Ed25519PublicKey]) -> Signature:
    beside = attest.envelope_path(file)
    if not beside.exists():
        return "unsigned"
    if not trusted:
        return "not verified"
    try:
        answer = attest.verify(content, read(beside), file.name, trusted)
    except UsageError:
        return "altered"
    return "altered" if isinstance(answer, str) else "verified"


def _entry(file: Path, report: dict[str, Any], signature: Signature) -> Entry:
    """The line of one report; UsageError where a value is not what it should be."""
    try:
        findings = {each.value: 0 for each in Severity}
        for finding in report["findings"]:
            findings[finding["severity"]] += not finding["waived"]
        overdue = (report["run"].get("measured") or {}).get("overdue")
        ledger = report["run"].get("ledger")
        finished = str(report["run"]["finished"])
        datetime.fromisoformat(finished).astimezone(UTC)
        return Entry(
            file.name,
            finished,
            str(report["verdict"]),
            signature,
            {level: count for level, count in findings.items() if count},
            sum(bool(each["waived"]) for each in report["findings"]),
            sum(each["outcome"] in ("not-tested", "error") for each in report["checks"]),
            max((int(each["seconds"] or 0) for each in overdue), default=0) if overdue is not None else None,
            int(ledger["length"]) if ledger else None,
            (report["run"].get("decided") or {}).get("challenge"),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UsageError(f"{file.name} is not a report of `nosender audit run --format json`") from None
