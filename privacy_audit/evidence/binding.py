"""What a signed report is bound to, and whether that is what a reader expects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Expected:
    """What a reader expects of a report; None expects nothing."""

    cluster: str | None = None
    """The system identifier."""
    catalogue: str | None = None
    """A digest, or the word shipped."""
    all_checks: bool = False
    challenge: str | None = None


def bound(report: dict[str, Any]) -> str:
    """Cluster, catalogue and what was left out, to follow the verdict in one line; empty for 0.1.0."""
    decided = report["run"].get("decided")
    if not isinstance(decided, dict):
        return ""
    cluster, catalogue = report["target"].get("cluster", {}), report["target"].get("catalogue", {})
    left, excused = decided.get("checks_left_out", []), decided.get("schemas_excused", [])
    project = catalogue.get("project")
    trust = report.get("trust")
    trusting = f", trusting {trust.get('title')}" if isinstance(trust, dict) and trust.get("parties") else ""
    beside = f" with that of {project.get('name')}" if isinstance(project, dict) else ""
    return (
        f", {cluster.get('role')} {cluster.get('system_identifier')} timeline {cluster.get('timeline')}, "
        f"{'the shipped' if catalogue.get('shipped') or beside else 'another'} catalogue{beside} "
        f"{catalogue.get('sha256')}, "
        f"{len(decided.get('checks_run', []))} checks run and {len(left)} left out, "
        f"{len(excused)} schemas excused, challenge {decided.get('challenge') or 'none'}{trusting}"
    )


def unexpected(report: dict[str, Any], expected: Expected) -> str | None:
    """The first thing that is not as expected, in a sentence; None where all is."""
    decided, target = report["run"].get("decided") or {}, report["target"]
    catalogue = target.get("catalogue") or {}
    digest = str(catalogue.get("sha256")).removeprefix("sha256:")
    cluster = str((target.get("cluster") or {}).get("system_identifier"))
    if expected.cluster is not None and cluster != expected.cluster:
        return f"the report is of the cluster {cluster}, not of {expected.cluster}"
    if expected.catalogue == "shipped" and catalogue.get("shipped") is not True:
        return "the report was asked of another catalogue than the shipped one"
    wanted = (expected.catalogue or "").removeprefix("sha256:")
    if wanted not in ("", "shipped", digest):
        return f"the report was asked of the catalogue {digest}, not of {wanted}"
    if expected.all_checks and decided.get("checks_left_out") != []:
        left = len(decided.get("checks_left_out") or ())
        return f"{left} checks were left out" if left else "the report does not say which checks ran"
    if expected.challenge is not None and decided.get("challenge") != expected.challenge:
        return "the report does not hold the challenge"
    return None
