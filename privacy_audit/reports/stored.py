"""An audit read back from its JSON report, so that every other format can be made from a signed one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from nosender.errors import UsageError
from nosender.privacy_audit.check import Check
from nosender.privacy_audit.finding import Claim, Confidence, Finding, Outcome, Severity, Verdict
from nosender.privacy_audit.questions.schemas import Unaccounted
from nosender.privacy_audit.result.annex import Annex, LedgerState
from nosender.privacy_audit.result.audit import (
    Audit,
    AuditedDatabase,
    AuditedNode,
    CheckResult,
    ClaimResult,
    Coverage,
    Decided,
    ExcusedSchema,
    Moved,
    Party,
    Run,
    Trust,
    WaiverResult,
)
from nosender.privacy_audit.snapshot.samples import Sample


def stored(report: Mapping[str, Any], name: str) -> Audit:
    """The audit of a parsed report, to the letter: rendered as JSON it is the same report again.

    What a page shows beside the answer (inventory, diagram, evidence, ledger) is in no JSON report, and is
    empty. Reports of 0.1.0 say less of what was left out; what they do not say stays unsaid. UsageError where
    a part is not what a report has there.
    """
    try:
        return _audit(report)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"{name} is not a whole report: {type(error).__name__} at {error}") from None


def _audit(report: Mapping[str, Any]) -> Audit:
    run, target = report["run"], report["target"]
    decided, catalogue = run.get("decided", {}), target.get("catalogue", {})
    measured = dict(run["measured"])
    first_seen = measured.pop("first_seen", {})
    ledger = run.get("ledger")
    return Audit(
        verdict=Verdict(report["verdict"]),
        run=Run(
            **{
                key: str(run[key])
                for key in ("id", "started", "finished", "tool", "command", "role", "snapshot")
            },
            measured=MappingProxyType(measured),
        ),
        target=AuditedDatabase(
            **{key: target[key] for key in ("database", "server", "schema", "revision", "fingerprint")},
            cluster=MappingProxyType(dict(target.get("cluster", {}))),
            nodes=tuple(AuditedNode(**each) for each in target.get("nodes", ())),
            catalogue=catalogue.get("sha256", ""),
            core=catalogue.get("core", ""),
            shipped=catalogue.get("shipped", False),
            project=catalogue.get("project"),
        ),
        claims=tuple(
            ClaimResult(
                Claim(each["id"]),
                Verdict(each["verdict"]),
                tuple(each["checks"]),
                each.get("waived", 0),
                tuple(each.get("trusted", ())),
            )
            for each in report["claims"]
        ),
        checks=tuple(map(_check, report["checks"])),
        findings=tuple(map(_finding, report["findings"])),
        coverage={
            kind: Coverage(each["seen"], each["accounted"]) for kind, each in report["coverage"].items()
        },
        waivers=tuple(WaiverResult(**each) for each in report["waivers"]),
        limits=tuple(report["limits"]),
        fail_on=Severity(report["fail_on"]),
        decided=_decided(decided),
        annex=Annex(
            retention=None if ledger is None else LedgerState(ledger["length"], ledger["head"]),
            first_seen=MappingProxyType(first_seen),
            stored=True,
        ),
        trust=_trust(report["trust"]) if "trust" in report else None,
    )


def _trust(trust: Mapping[str, Any]) -> Trust:
    parties = (
        Party(one["name"], tuple(one["roles"]), one["can"], tuple(one["claims"])) for one in trust["parties"]
    )
    return Trust(
        **{key: trust[key] for key in ("platform", "title", "declared", "place", "profile", "declaration")},
        said=MappingProxyType(dict(trust["said"])),
        undeclared=tuple(trust["undeclared"]),
        expired=trust["expired"],
        lifetime=trust["lifetime"],
        parties=tuple(parties),
        moved=tuple(Moved(**each) for each in trust["moved"]),
    )


def _decided(decided: Mapping[str, Any]) -> Decided:
    return Decided(
        checks_left_out=tuple(decided.get("checks_left_out", ())),
        schemas_unaccounted=tuple(
            Unaccounted(each["name"], each["tables"], each.get("ours_too", False))
            for each in decided.get("schemas_unaccounted", ())
        ),
        schemas_excused=tuple(ExcusedSchema(**each) for each in decided.get("schemas_excused", ())),
        waivers_sha256=decided.get("waivers_sha256"),
        challenge=decided.get("challenge"),
        not_ours=decided.get("not_ours", False),
        nothing_stored=decided.get("nothing_stored", False),
        nodes_unseen=tuple(decided.get("nodes_unseen", ())),
        knobs=tuple(decided.get("knobs", {}).items()),
    )


def _check(each: Mapping[str, Any]) -> CheckResult:
    """The result of a check; of the check itself, what the report says of it and no more."""
    return CheckResult(
        Check(
            slug=each["check"],
            title=each["title"],
            claim=Claim(each["claim"]),
            severity=Severity(each["severity"]),
            confidence=Confidence(each["confidence"]),
            remedy=each.get("remedy", ""),
            since="",
            whose=each.get("whose"),
        ),
        Outcome(each["outcome"]),
        each["reason"],
        each["examined"],
        tuple(each["standards"]),
        each["accepted"],
        tuple(Sample(one["object"], one["examined"], one["whole"]) for one in each["samples"]),
    )


def _finding(each: Mapping[str, Any]) -> Finding:
    return Finding(
        check=each["check"],
        object=each["object"],
        kind=each["kind"],
        detail=each["detail"],
        severity=Severity(each["severity"]),
        confidence=Confidence(each["confidence"]),
        remedy=each["remedy"],
        facts=MappingProxyType(dict(each["facts"])),
        waived=each["waived"],
    )
