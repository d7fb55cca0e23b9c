"""Two reports side by side: what is new, fixed, unchanged, newly waived, or waived no longer.

For display only. A baseline never makes a finding pass: what is unchanged is as bad as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from nosender.privacy_audit.result.annex import ComparedFinding, ComparedReport, Comparison

if TYPE_CHECKING:
    from nosender.privacy_audit.result.audit import Audit

_SEVERITIES = ("critical", "high", "medium", "low")


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> Comparison:
    """Compare two reports as `nosender audit run --format json` writes them, already parsed."""
    old, new = _by_fingerprint(before), _by_fingerprint(after)
    looked = {
        check.get("check")
        for check in after["checks"]
        if check.get("outcome") not in ("not-tested", "error") and check.get("reason") is None
    }
    gone = [item for key, item in old.items() if key not in new]
    stayed = [(old[key], item) for key, item in new.items() if key in old]
    return Comparison(
        before=_side(before),
        after=_side(after),
        new=_sorted(item for key, item in new.items() if key not in old and not item.waived),
        fixed=_sorted(item for item in gone if item.check in looked),
        unchanged=_sorted(now for then, now in stayed if now.waived == then.waived),
        newly_waived=_sorted(
            [
                *(now for then, now in stayed if now.waived and not then.waived),
                *(item for key, item in new.items() if key not in old and item.waived),
            ]
        ),
        lapsed=_sorted(now for then, now in stayed if then.waived and not now.waived),
        unknown=_sorted(item for item in gone if item.check not in looked),
    )


def first_seen(before: Mapping[str, Any], audit: Audit) -> dict[str, str]:
    """When each finding of an audit was first reported, by fingerprint.

    What the earlier report held was seen when that one says, or else at its own time; the rest is new.
    """
    run = before["run"]
    measured = run.get("measured")
    known = measured.get("first_seen") if isinstance(measured, dict) else None
    known = known if isinstance(known, dict) else {}
    earlier, finished = _by_fingerprint(before), str(run.get("finished", ""))
    return {
        finding.fingerprint: str(known.get(finding.fingerprint, finished))
        if finding.fingerprint in earlier
        else audit.run.finished
        for finding in audit.findings
    }


def as_data(compared: Comparison) -> dict[str, Any]:
    """A comparison as plain values."""
    return asdict(compared) | {"same_database": compared.same_database}


def _by_fingerprint(report: Mapping[str, Any]) -> dict[str, ComparedFinding]:
    items = {}
    for found in report["findings"]:
        if not isinstance(found, dict):
            continue
        fingerprint = str(found.get("fingerprint", ""))
        items[fingerprint] = ComparedFinding(
            check=str(found.get("check", "")),
            object=str(found.get("object", "")),
            kind=str(found.get("kind", "")),
            severity=str(found.get("severity", "")),
            waived=found.get("waived") is True,
            fingerprint=fingerprint,
        )
    return items


def _side(report: Mapping[str, Any]) -> ComparedReport:
    run, target = report["run"], report["target"]
    trust = report.get("trust")
    return ComparedReport(
        run=str(run.get("id", "")),
        finished=str(run.get("finished", "")),
        verdict=str(report["verdict"]),
        database=f"{target.get('database', '')}, schema {target.get('schema', '')}",
        fingerprint=str(target.get("fingerprint", "")),
        lifetime=str(trust.get("lifetime", "")) if isinstance(trust, dict) else "",
    )


def _sorted(items: Any) -> tuple[ComparedFinding, ...]:
    return tuple(sorted(items, key=lambda item: (_rank(item.severity), item.check, item.object)))


def _rank(severity: str) -> int:
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else len(_SEVERITIES)
