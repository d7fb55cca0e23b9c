"""The result as text for the node exporter's textfile collector: pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from nosender.privacy_audit.finding import Severity, Verdict
from nosender.terminal_text import visible

if TYPE_CHECKING:
    from nosender.privacy_audit.result.audit import Audit

PASSED = "nosender_audit_last_pass_timestamp_seconds"


def metrics(audit: Audit, earlier: str) -> str:
    """All of it, a family after the other.

    `earlier` is the text of the run before, or nothing: from there comes when an audit of this schema last
    passed, where this one did not. A run that reaches no verdict writes nothing, so an alert on the age of
    the last pass notices that as well.
    """
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    registry = CollectorRegistry()
    where = {"database": visible(audit.target.database), "schema": visible(audit.target.schema)}

    def family(name: str, text: str, label: str, values: dict[str, float]) -> None:
        labels = [*where, *filter(None, [label])]
        gauge = Gauge(name, text, labels, namespace="nosender_audit", registry=registry)
        for value, number in values.items():
            gauge.labels(*where.values(), *([value] if label else [])).set(number)

    findings = {severity.value: 0.0 for severity in Severity}
    for finding in audit.findings:
        findings[finding.severity.value] += not finding.waived
    finished = datetime.fromisoformat(audit.run.finished).timestamp()
    passed = finished if audit.verdict is Verdict.PASS else _last_pass(earlier, where)
    family(
        "verdict",
        "1 for the verdict of the newest audit, 0 for the others.",
        "verdict",
        {each.value: float(audit.verdict is each) for each in Verdict},
    )
    family("findings", "Findings that nobody signed for.", "severity", findings)
    family(
        "claim_holds",
        "1 where the promise holds, with what was waived.",
        "claim",
        {each.claim.value: float(each.verdict is Verdict.PASS) for each in audit.claims},
    )
    family("unseen_checks", "Checks that could not look.", "", {"": len(audit.unseen())})
    family("finished_timestamp_seconds", "When the newest audit ended.", "", {"": finished})
    if passed is not None:
        family("last_pass_timestamp_seconds", "When an audit passed for the last time.", "", {"": passed})
    return generate_latest(registry).decode()


def _last_pass(earlier: str, where: dict[str, str]) -> float | None:
    """When the schema last passed, as the earlier text says; None where it does not, or is something else."""
    from prometheus_client.parser import text_string_to_metric_families

    try:
        samples = [each for family in text_string_to_metric_families(earlier) for each in family.samples]
    except ValueError:
        return None
    found = (each.value for each in samples if each.name == PASSED and each.labels == where)
    return next(found, None)
