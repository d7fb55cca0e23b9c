"""What a signed report is bound to: cluster, catalogue, checks, challenge; and what is never signed."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from nosender.privacy_audit.evidence import attest, binding
from nosender.schema import catalogue
from nosender.schema.catalogue.digest import SHIPPED, digest

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]

SIGNED_BY_0_1_0 = Path(__file__).parent / "signed_by_0_1_0" / "report.json"


def test_a_signed_report_says_what_it_is_of(migrated: str, run_nosender: RunNosender, tmp_path: Path) -> None:
    run_nosender("evidence", "key", "op")
    words = ("--format", "json", "--output", "r.json", "--sign", "op", "--challenge", "blue heron")
    run_nosender("--url", migrated, "audit", "run", *words)
    report = json.loads((tmp_path / "r.json").read_text())
    with psycopg.connect(migrated) as owner:
        row = owner.execute("select system_identifier::text from pg_control_system()").fetchone()
    assert row is not None
    cluster = report["target"]["cluster"]
    assert (cluster["system_identifier"], cluster["role"]) == (row[0], "primary")
    assert report["target"]["catalogue"] == {"sha256": digest(), "shipped": True, "core": digest()}
    assert report["run"]["command"].endswith("--challenge 'blue heron'")
    assert "postgres" not in report["run"]["command"]
    assert row[0] in (tmp_path / "r.json").read_text()

    def verify(*expected: str) -> int:
        answer = run_nosender("audit", "verify", "r.json", "--key", "op.pub", *expected)
        assert answer.returncode or (row[0] in answer.stdout and "blue heron" in answer.stdout)
        return answer.returncode

    assert verify("--expect-cluster", row[0], "--expect-catalogue", "shipped", "--expect-checks", "all") == 0
    assert verify("--expect-challenge", "blue heron", "--expect-catalogue", digest()) == 0
    for wrong in (
        ("--expect-cluster", "1"),
        ("--expect-catalogue", "sha256:0"),
        ("--expect-challenge", "another"),
    ):
        assert verify(*wrong) == 1


def test_another_catalogue_is_told_from_the_shipped_one(tmp_path: Path) -> None:
    copy = tmp_path / "catalogue"
    shutil.copytree(SHIPPED, copy)
    assert digest(copy) == digest() == digest(Path(catalogue.__file__).parent)
    (copy / "users.toml").write_text((copy / "users.toml").read_text() + "# changed\n")
    assert digest(copy) != digest()


def old_report() -> dict[str, Any]:
    report: dict[str, Any] = json.loads(SIGNED_BY_0_1_0.read_text())
    return report


def test_a_report_of_0_1_0_is_still_signed_and_expects_nothing() -> None:
    report = old_report()
    assert attest.contradiction(report) is None
    assert binding.bound(report) == ""
    assert binding.unexpected(report, binding.Expected()) is None
    assert binding.unexpected(report, binding.Expected(all_checks=True))
    assert binding.unexpected(report, binding.Expected(catalogue="shipped"))


FINDING = {"check": "edge-table", "severity": "critical", "confidence": "certain", "waived": False}


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "pass", "findings": [FINDING]},
        {"verdict": "fail", "findings": []},
        {
            "verdict": "pass",
            "findings": [],
            "checks": [{"check": "x", "outcome": "not-tested", "reason": "no"}],
        },
        {"verdict": "pass", "findings": [], "run": {"decided": {"checks_left_out": ["edge-table"]}}},
        {"verdict": "fail", "findings": [FINDING], "claims": [{"verdict": "pass", "checks": ["edge-table"]}]},
        {"findings": [1]},
        {"fail_on": "nothing"},
    ],
)
def test_a_report_that_contradicts_itself_is_not_signed(changes: dict[str, Any]) -> None:
    whole = old_report() | {"checks": [{"check": "x", "outcome": "pass", "reason": None}], "claims": []}
    assert attest.contradiction(whole | {"verdict": "pass", "findings": []}) is None
    assert attest.contradiction(whole | changes)
