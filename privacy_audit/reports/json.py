"""The report that programs read: `nosender.audit/1`."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from nosender.privacy_audit.reports.words import beside

if TYPE_CHECKING:
    from nosender.privacy_audit.finding import Finding
    from nosender.privacy_audit.result.audit import Audit, AuditedDatabase, CheckResult, Trust

FORMAT = "nosender.audit/1"


def render(audit: Audit) -> str:
    """The audit as JSON text, ending in a line break; the same audit, the same bytes."""
    return json.dumps(as_data(audit), indent=1, ensure_ascii=False) + "\n"


def as_data(audit: Audit) -> dict[str, object]:
    """The audit as plain values, in the order in which they are written."""
    run, target = audit.run, audit.target
    return {
        "format": FORMAT,
        "verdict": audit.verdict.value,
        "beside": list(beside(audit)),
        "run": {
            "id": run.id,
            "started": run.started,
            "finished": run.finished,
            "tool": run.tool,
            "command": run.command,
            "role": run.role,
            "snapshot": run.snapshot,
            "ledger": _ledger(audit),
            "decided": _decided(audit),
            "measured": dict(run.measured)
            | ({"first_seen": dict(audit.annex.first_seen)} if audit.annex.first_seen else {}),
        },
        "target": {
            "database": target.database,
            "server": target.server,
            "schema": target.schema,
            "revision": target.revision,
            "fingerprint": target.fingerprint,
            "cluster": dict(target.cluster),
            "catalogue": _catalogue(target),
        }
        | ({"nodes": [asdict(each) for each in target.nodes]} if target.nodes else {}),
        "fail_on": audit.fail_on.value,
        "claims": [
            {
                "id": claim.claim.value,
                "statement": claim.claim.statement,
                "verdict": claim.verdict.value,
                "waived": claim.waived,
                "checks": list(claim.checks),
            }
            | ({"trusted": list(claim.trusted)} if claim.trusted else {})
            for claim in audit.claims
        ],
        "checks": [_check(result) for result in audit.checks],
        "findings": [_finding(finding) for finding in audit.findings],
        "coverage": {
            kind: {"seen": each.seen, "accounted": each.accounted} for kind, each in audit.coverage.items()
        },
        "waivers": [asdict(waiver) for waiver in audit.waivers],
        "limits": list(audit.limits),
    } | ({"trust": _trust(audit.trust)} if audit.trust is not None else {})


def _decided(audit: Audit) -> dict[str, Any]:
    """What the verdict was asked of; of nodes only where Citus distributes the database."""
    decided = audit.decided
    return {
        "fail_on": audit.fail_on.value,
        "checks_run": [result.check.slug for result in audit.checks],
        "checks_left_out": list(decided.checks_left_out),
        "schemas_unaccounted": [asdict(each) for each in decided.schemas_unaccounted],
        "waivers_sha256": decided.waivers_sha256,
        "challenge": decided.challenge,
        "not_ours": decided.not_ours,
        "nothing_stored": decided.nothing_stored,
        "schemas_excused": [asdict(each) for each in decided.schemas_excused],
        "knobs": dict(decided.knobs),
    } | ({"nodes_unseen": list(decided.nodes_unseen)} if decided.nodes_unseen else {})


def _trust(trust: Trust) -> dict[str, Any]:
    """The platform, what was declared of it, and whom the verdict trusts there."""
    found = asdict(replace(trust, said={})) | {"said": dict(trust.said)}
    found["parties"] = [asdict(each) | {"phrase": each.phrase} for each in trust.parties]
    return found


def _catalogue(target: AuditedDatabase) -> dict[str, Any]:
    """What was declared: ours, and a project's beside it."""
    found: dict[str, Any] = {"sha256": target.catalogue, "shipped": target.shipped}
    if target.core:
        found["core"] = target.core
    if target.project is not None:
        found["project"] = dict(target.project)
    return found


def _ledger(audit: Audit) -> dict[str, object] | None:
    """Where the retention ledger ended, to hold a later one against; None where it could not be read."""
    known = audit.annex.retention
    return None if known is None else {"length": known.length, "head": known.head}


def _check(result: CheckResult) -> dict[str, object]:
    check = result.check
    return {
        "check": check.slug,
        "title": check.title,
        "claim": check.claim.value,
        "severity": check.severity.value,
        "confidence": check.confidence.value,
        "outcome": result.outcome.value,
        "reason": result.reason,
        "accepted": result.accepted,
        "examined": result.examined,
        "samples": [dict(sample.as_data()) for sample in result.samples],
        "standards": list(result.standards),
        "remedy": check.remedy,
        **({"whose": check.whose} if check.whose is not None else {}),
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "check": finding.check,
        "object": finding.object,
        "kind": finding.kind,
        "detail": finding.detail,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "fingerprint": finding.fingerprint,
        "waived": finding.waived,
        "remedy": finding.remedy,
        "facts": dict(finding.facts),
    }
