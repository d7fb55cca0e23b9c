"""One rich audit for every renderer: each outcome, severity and confidence, waivers, and hostile names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from nosender.privacy_audit.check import Check
from nosender.privacy_audit.evidence.report_diff import compare
from nosender.privacy_audit.finding import Claim, Confidence, Finding, Outcome, Severity, Verdict
from nosender.privacy_audit.reports.json import as_data
from nosender.privacy_audit.result.annex import (
    Annex,
    Evidence,
    InventoryColumn,
    LedgerRow,
    LedgerState,
    OverdueRows,
    RequirementEntry,
    SourceLine,
    TableEntry,
)
from nosender.privacy_audit.result.audit import (
    Audit,
    AuditedDatabase,
    CheckResult,
    ClaimResult,
    Coverage,
    Decided,
    Run,
    WaiverResult,
    worst_first,
)
from nosender.privacy_audit.snapshot.samples import Sample
from nosender.schema.diagram import Edge, Node

HOSTILE = (
    "</script><script>alert(1)</script>",
    "]]><!--",
    "%0A::error::owned",
    "\u202egnp.exe\u2066",
    "\x1b[2J\x1b]0;owned\x07",
    "n" * 63,
    "\"quoted\"'both'&amp;<b>",
    "line\nbreak\r\n| pipe | `tick` [link](javascript:alert(1)) <!-- ",
    "\x01\x08\uffff\ufeff",
    "::set-output name=x::y",
)
"""Names that break out of one consumer or another, when they can."""


def check(slug: str, claim: Claim, severity: Severity, confidence: Confidence = Confidence.CERTAIN) -> Check:
    return Check(
        slug=slug,
        title=f"What {slug.replace('-', ' ')} is about holds",
        claim=claim,
        severity=severity,
        confidence=confidence,
        remedy=f"Undo the {slug.replace('-', ' ')}.",
        since="0.1.0",
    )


CHECKS = (
    check("undeclared-column", Claim.NO_SENDER, Severity.CRITICAL),
    check("sender-in-name", Claim.NO_SENDER, Severity.HIGH, Confidence.HINT),
    check("foreign-key-not-allowed", Claim.NO_RELATIONSHIP, Severity.HIGH),
    check("plaintext", Claim.CIPHERTEXT_ONLY, Severity.CRITICAL, Confidence.LIKELY),
    check("row-overdue", Claim.RETENTION_RUNS, Severity.MEDIUM),
    check("statement-logging", Claim.NO_SIDE_CHANNEL, Severity.LOW),
    check("table-privilege", Claim.LEAST_PRIVILEGE, Severity.HIGH),
    check("column-differs", Claim.SCHEMA_AS_DECLARED, Severity.MEDIUM),
)


def finding(checked: Check, name: str, **changes: object) -> Finding:
    made = Finding(
        check=checked.slug,
        object=name,
        kind="column",
        detail=f"{name} breaks the promise.",
        severity=checked.severity,
        confidence=checked.confidence,
        remedy=checked.remedy,
        facts={"rows": 12_345, "tables": ["a", "b"], "indexed": False, "since": None},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


VERDICTS = {
    Claim.NO_SENDER: Verdict.FAIL,
    Claim.NO_RELATIONSHIP: Verdict.PASS,
    Claim.CIPHERTEXT_ONLY: Verdict.INCOMPLETE,
    Claim.RETENTION_RUNS: Verdict.FAIL,
    Claim.LEAST_PRIVILEGE: Verdict.INCOMPLETE,
}

WAIVER = WaiverResult(
    id="W1",
    check="foreign-key-not-allowed",
    object="public.archive.archive_fkey",
    definition="ab" * 32,
    reason="Moves out with the next release; ticket OPS-77.",
    owner="dana@example.org",
    approved_by="lee@example.org",
    created="2026-02-01",
    expires="2026-04-30",
    state="applied",
    place="waivers.toml:3",
)


def results() -> tuple[CheckResult, ...]:
    sender, name, key, plain, overdue, logging, privilege, differs = CHECKS
    return (
        CheckResult(sender, Outcome.FAIL, None, 41, ("GDPR Art. 25", "NIST CT.DP-P1")),
        CheckResult(name, Outcome.FAIL, None, 41),
        CheckResult(key, Outcome.WAIVED, None, 7, ("GDPR Art. 25",)),
        CheckResult(plain, Outcome.NOT_TESTED, "permission denied for function audit_plain", 0),
        CheckResult(overdue, Outcome.FAIL, None, 3),
        CheckResult(
            logging,
            Outcome.FAIL,
            None,
            20,
            samples=(Sample("public.messages.odd", 10_000, False), Sample("public.users.id", 3, True)),
        ),
        CheckResult(privilege, Outcome.ERROR, "the check failed with KeyError", 0),
        CheckResult(differs, Outcome.PASS, None, 41, samples=(Sample("public.users.id", 3, True),)),
    )


def audit_of(findings: list[Finding]) -> Audit:
    return Audit(
        verdict=Verdict.FAIL,
        run=Run(
            id="6f1c2a94-0d5e-4b7a-9c11-3d1f5e0a7b42",
            started="2026-03-01T12:00:00Z",
            finished="2026-03-01T12:00:01Z",
            tool="nosender 0.1.0",
            command="nosender audit run --format json",
            role="auditor",
            snapshot="742:742:",
            measured={"ledger": {"length": 7, "head": "ab" * 32}},
        ),
        target=AuditedDatabase("mail", "18.6", "public", "0005", "sha256:" + "cd" * 32),
        claims=tuple(
            ClaimResult(
                claim,
                VERDICTS.get(claim, Verdict.PASS),
                tuple(one.slug for one in CHECKS if one.claim is claim),
                waived=int(claim is Claim.NO_RELATIONSHIP),
            )
            for claim in Claim
        ),
        checks=results(),
        findings=worst_first(findings),
        coverage={"columns": Coverage(42, 41), "foreign_keys": Coverage(7, 6)},
        waivers=(WAIVER,),
        limits=("Backups are not looked at.", "Order: serial numbers keep the order of insertion."),
        fail_on=Severity.MEDIUM,
        decided=Decided(checks_left_out=("edge-table",)),
        annex=annex_of(findings),
    )


COLUMNS = (
    InventoryColumn("id", "bigint", "serial", False, "Number of the message.", "", "as the row"),
    InventoryColumn(
        "destination_phone", "varchar(20)", "destination-phone", True, "Where it goes.", "", "as the row"
    ),
    InventoryColumn("created_at", "timestamp", "time", False, "When stored.", "hour", "as the row"),
    InventoryColumn("sender_phone", "text", None, False, "", "", ""),
)

REQUIREMENTS = (
    RequirementEntry(
        "GDPR, Regulation (EU) 2016/679",
        "GDPR Art. 25",
        "Build protection in.",
        ("undeclared-column", "foreign-key-not-allowed"),
        "Was it weighed when the design was made?",
        None,
    ),
    RequirementEntry("CIS, 1.0", "CIS 3.1.22", "Log verbosely.", (), None, "It logs who wrote."),
    RequirementEntry("CIS, 1.0", "CIS 4.2", "Least rights.", ("table-privilege",), None, None),
)

LEDGER = LedgerState(
    length=7,
    head="ab" * 32,
    rows=tuple(
        LedgerRow(f"run-{hour:02}", event, table, status, f"2026-03-01T{hour:02}:00:00Z", gone, 0, left)
        for hour, gone, left in ((8, 120, 0), (9, 340, 0), (10, 80, 25), (11, 410, 0))
        for event, table, status in (
            ("started", None, None),
            ("swept", "messages", "done"),
            ("finished", None, "done"),
        )
    ),
    overdue=(
        OverdueRows("messages", 17, False, "2026-02-28T10:00:00Z"),
        OverdueRows("ephemeral_keys", 0, False, None),
    ),
    interval="15 minutes",
    grace="1 hour",
)


def annex_of(findings: list[Finding]) -> Annex:
    return Annex(
        inventory=(
            TableEntry(
                "messages",
                "Encrypted messages.",
                "deleted by the sweep once expires_at has passed",
                "No limit was chosen.",
                COLUMNS,
            ),
        ),
        nodes=(
            Node("users", "people", (("id", "serial"), ("phone_number", "account-phone"))),
            Node(
                "webauthn_credentials",
                "people",
                (("id", "serial"), ("user_id", "link"), ("credential_id", "device-id")),
            ),
            Node("messages", "messages", tuple((one.name, one.data_class) for one in COLUMNS)),
            Node(
                "message_deliveries",
                "messages",
                (("id", "serial"), ("message_id", "link"), ("webauthn_credential_id", "link")),
            ),
            Node("retention_runs", "bookkeeping", (("id", "serial"),)),
            Node(HOSTILE[0], "undeclared", ((HOSTILE[1], None), ("user_id", None))),
        ),
        edges=(
            Edge("webauthn_credentials", ("user_id",), "users", "a", True),
            Edge("message_deliveries", ("message_id",), "messages", "b", True),
            Edge("message_deliveries", ("webauthn_credential_id",), "webauthn_credentials", "c", True),
            Edge("messages", ("sender_phone",), "users", "d", False),
            Edge(HOSTILE[0], ("user_id",), "users", "e", False),
        ),
        evidence={
            one.slug: Evidence(
                f"Finds {one.slug}.\n\nIt matters because a stored contact outlives the talk.",
                "-- one row a finding\nselect '<b>' as object\nfrom pg_catalog.pg_class\n",
                "ef" * 32,
            )
            for one in CHECKS
        },
        places={one.object: SourceLine("schema/catalogue/messages.toml", 1) for one in findings[:3]},
        requirements=REQUIREMENTS,
        standards={"GDPR Art. 25": "Data protection by design and by default"},
        retention=LEDGER,
    )


def rich_audit() -> Audit:
    sender, name, key, plain, overdue, logging, _, _ = CHECKS
    findings = [
        finding(sender, "public.messages.sender_phone"),
        *(finding(sender, f'public.messages."{hostile}"') for hostile in HOSTILE),
        finding(name, "public.messages.reply_to"),
        finding(key, "public.archive.archive_fkey", kind="foreign key", waived=True),
        finding(overdue, "public.messages", kind="table", facts={"rows": 17}),
        finding(logging, "log_error_verbosity", kind="setting", facts={}),
    ]
    audit = audit_of(findings)
    before = as_data(audit)
    before["run"] = {**before["run"], "id": "earlier", "finished": "2026-02-01T12:00:00Z"}
    old = before["findings"]
    for each in old:
        if each["check"] == key.slug:
            each["waived"] = False
    before["findings"] = [
        {**old[0], "object": "public.fixed", "fingerprint": "0" * 32},
        {**old[0], "check": plain.slug, "object": "public.blind", "fingerprint": "1" * 32},
        *(each for each in old if each["object"] != "public.messages.sender_phone"),
    ]
    return replace(audit, annex=replace(audit.annex, comparison=compare(before, as_data(audit))))


def many_findings(count: int) -> Audit:
    return audit_of([finding(CHECKS[0], f"public.t{number}.sender") for number in range(count)])


@pytest.fixture
def rich() -> Audit:
    return rich_audit()


@pytest.fixture
def many() -> Callable[[int], Audit]:
    return many_findings
