"""What `--textfile` writes, and the alert rules over it."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from nosender.privacy_audit.finding import Verdict
from nosender.privacy_audit.reports.prometheus import PASSED, metrics
from nosender.privacy_audit.result.audit import Audit

from ...conftest import ROOT

RULES = ROOT / "integrations" / "alerts.yml"


def samples(text: str) -> dict[str, float]:
    """Each sample by its name and the label that is no address: `nosender_audit_verdict pass`."""
    return {
        " ".join(
            [each.name, *(v for k, v in each.labels.items() if k not in ("database", "schema"))]
        ): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


def test_the_last_pass_outlives_the_audits_after_it(rich: Audit) -> None:
    passed = replace(rich, verdict=Verdict.PASS)
    failed = replace(rich, verdict=Verdict.FAIL, run=replace(rich.run, finished="2031-05-01T10:00:00Z"))
    first = metrics(passed, "")
    second = metrics(failed, first)
    assert (
        samples(first)[PASSED]
        == samples(second)[PASSED]
        < samples(second)["nosender_audit_finished_timestamp_seconds"]
    )
    assert samples(second)["nosender_audit_verdict fail"] == 1
    assert samples(second)["nosender_audit_verdict pass"] == 0
    assert PASSED not in samples(metrics(failed, ""))
    elsewhere = replace(failed, target=replace(failed.target, schema="mail"))
    assert PASSED not in samples(metrics(elsewhere, first))


@pytest.mark.parametrize("earlier", ["no metrics at all {", "\x00", 'x{a="b"', "# HELP"])
def test_a_file_that_is_something_else_says_nothing(rich: Audit, earlier: str) -> None:
    assert PASSED not in samples(metrics(replace(rich, verdict=Verdict.INCOMPLETE), earlier))


def test_it_counts_what_nobody_signed_for(rich: Audit) -> None:
    told = samples(metrics(rich, ""))
    for severity in ("critical", "high", "medium", "low"):
        expected = sum(each.severity.value == severity and not each.waived for each in rich.findings)
        assert told[f"nosender_audit_findings {severity}"] == expected
    assert told["nosender_audit_unseen_checks"] == len(rich.unseen())
    assert {each.claim.value for each in rich.claims} == {
        name.removeprefix("nosender_audit_claim_holds ") for name in told if "claim_holds" in name
    }


def test_every_metric_of_an_alert_is_one_that_is_written(rich: Audit) -> None:
    written = metrics(replace(rich, verdict=Verdict.PASS), "")
    written += (
        (ROOT / "retention" / "prometheus.py")
        .read_text(encoding="utf-8")
        .replace('namespace="nosender_retention"', "")
    )
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"][0]["rules"]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        names = re.findall(r"\bnosender_(?:audit|retention)_\w+", rule["expr"])
        assert names
        for name in names:
            assert name.removeprefix("nosender_retention_") in written, rule["alert"]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed here")
def test_promtool_takes_the_rules() -> None:
    done = subprocess.run(["promtool", "check", "rules", RULES], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
