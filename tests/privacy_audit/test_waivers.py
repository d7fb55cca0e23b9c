"""Waivers: read strictly, applied to one object as it was, and audited themselves."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]
TODAY = datetime.now(UTC).date()


def execute(conninfo: str, text: str) -> None:
    with psycopg.connect(conninfo, options="-c TimeZone=UTC", autocommit=True) as owner:
        owner.execute(text.encode())


@pytest.fixture
def leaky(migrated: str) -> str:
    """A database with one finding that can be waived, and nothing else."""
    execute(migrated, "call retention_sweep()")
    execute(migrated, "create index idx_extra on message_deliveries (read_at)")
    return migrated


def waiver(**changes: object) -> dict[str, Any]:
    return {
        "check": "undeclared-index",
        "object": "public.idx_extra",
        "reason": "The support team needs it until the new page is out.",
        "owner": "database team",
        "approved_by": "privacy office",
        "created": TODAY,
        "expires": TODAY + timedelta(days=30),
    } | changes


def write(path: Path, *waivers: dict[str, Any]) -> Path:
    lines = []
    for each in waivers:
        lines.append("[[waivers]]")
        for key, value in each.items():
            if value is not None:
                text = json.dumps(value) if isinstance(value, str | bool) else str(value)
                lines.append(f"{key} = {text}")
    path.write_text("\n".join(lines) + "\n")
    return path


def audit(run_nosender: RunNosender, conninfo: str, file: Path | None = None) -> tuple[int, dict[str, Any]]:
    words = ("--waivers", str(file)) if file is not None else ()
    answer = run_nosender("--url", conninfo, "audit", "run", "--format", "json", *words)
    assert answer.stdout, answer.stderr
    return answer.returncode, json.loads(answer.stdout)


def definition(run_nosender: RunNosender, conninfo: str) -> str:
    code, report = audit(run_nosender, conninfo)
    assert code == 1
    (finding,) = report["findings"]
    return str(finding["facts"]["definition"])


def test_a_waiver_turns_the_verdict_and_nothing_else(
    leaky: str, run_nosender: RunNosender, tmp_path: Path
) -> None:
    file = write(tmp_path / "w.toml", waiver(definition=definition(run_nosender, leaky)))
    code, report = audit(run_nosender, leaky, file)
    assert (code, report["verdict"]) == (0, "pass")
    (finding,) = report["findings"]
    assert (finding["object"], finding["waived"]) == ("public.idx_extra", True)
    outcomes = {each["check"]: each["outcome"] for each in report["checks"]}
    assert outcomes["undeclared-index"] == "waived"
    assert report["waivers"][0]["state"] == "applied"
    text = run_nosender("--url", leaky, "audit", "run", "--waivers", str(file))
    assert "public.idx_extra" in text.stdout
    assert text.stdout.startswith("PASS, but for 1 waived  ")
    assert "Holds, but for 1 waived" in text.stdout
    told = "Waived: undeclared-index, public.idx_extra; owner"
    assert told in " ".join(text.stdout.split())
    assert sum(claim["waived"] for claim in report["claims"]) == 1


def test_a_changed_object_voids_its_waiver(leaky: str, run_nosender: RunNosender, tmp_path: Path) -> None:
    file = write(tmp_path / "w.toml", waiver(definition=definition(run_nosender, leaky)))
    execute(leaky, "drop index idx_extra; create index idx_extra on message_deliveries (read_at, id)")
    code, report = audit(run_nosender, leaky, file)
    assert code == 1
    assert {each["check"] for each in report["findings"]} == {"undeclared-index", "void-waiver"}


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"created": TODAY - timedelta(days=40), "expires": TODAY - timedelta(days=1)}, "expired-waiver"),
        ({"object": "public.idx_other"}, "unused-waiver"),
        ({"object": "public.*"}, "broad-waiver"),
        ({"definition": None}, "void-waiver"),
    ],
)
def test_a_waiver_that_does_not_hold_is_a_finding(
    leaky: str, run_nosender: RunNosender, tmp_path: Path, changes: dict[str, Any], check: str
) -> None:
    known = definition(run_nosender, leaky)
    code, report = audit(run_nosender, leaky, write(tmp_path / "w.toml", waiver(definition=known) | changes))
    assert code == 1
    assert check in {each["check"] for each in report["findings"]}
    assert not any(each["waived"] for each in report["findings"])


def test_the_last_day_counts(leaky: str, run_nosender: RunNosender, tmp_path: Path) -> None:
    known = definition(run_nosender, leaky)
    changes = {"definition": known, "created": TODAY - timedelta(days=180), "expires": TODAY}
    assert audit(run_nosender, leaky, write(tmp_path / "w.toml", waiver(**changes)))[0] == 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"expires": None}, "expires"),
        ({"expires": TODAY + timedelta(days=181)}, "at most 180 days"),
        ({"expires": "2027-01-01"}, "without quotes"),
        ({"created": TODAY + timedelta(days=1), "expires": TODAY + timedelta(days=2)}, "lies ahead"),
        ({"reason": "because"}, "reason"),
        ({"owner": None}, "owner"),
        ({"approved_by": " "}, "blank"),
        ({"check": "no-such-check"}, "no check 'no-such-check'"),
        ({"check": "undeclared-column"}, "cannot be waived"),
        ({"check": "plaintext"}, "cannot be waived"),
        ({"ticket": "1"}, "unknown key 'ticket'"),
    ],
)
def test_what_is_malformed_is_refused_by_line(
    leaky: str, run_nosender: RunNosender, tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    file = write(tmp_path / "w.toml", waiver(definition="sha256:0") | changes)
    answer = run_nosender("--url", leaky, "audit", "run", "--waivers", str(file))
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("nosender: w.toml:")
    assert says in answer.stderr


def test_what_cannot_be_tested_here_can_be_accepted_and_stays_untested(
    migrated: str, run_nosender: RunNosender, tmp_path: Path
) -> None:
    accepted = waiver(check="sweep-not-recent", object=None, not_tested=True)
    code, report = audit(run_nosender, migrated, write(tmp_path / "w.toml", accepted))
    outcomes = {each["check"]: (each["outcome"], each["accepted"]) for each in report["checks"]}
    assert (code, outcomes["sweep-not-recent"]) == (0, ("not-tested", True))


def test_a_drafted_waiver_counts_once_somebody_has_signed(
    leaky: str, run_nosender: RunNosender, tmp_path: Path
) -> None:
    execute(leaky, 'create index "odd""\t\\n" on message_deliveries (delivered_at)')
    execute(leaky, "alter table messages add column sender_phone text")
    draft = tmp_path / "draft.toml"
    drafted = run_nosender("--url", leaky, "audit", "run", "--propose-waiver", str(draft))
    assert (drafted.returncode, f"written: {draft}" in drafted.stderr) == (1, True)
    text = draft.read_text()
    assert "# undeclared-column on public.messages.sender_phone cannot be waived" in text
    refused = run_nosender("--url", leaky, "audit", "run", "--waivers", str(draft))
    assert (refused.returncode, "draft.toml:" in refused.stderr) == (2, True)
    for name, value in (("reason", waiver()["reason"]), ("owner", "dana"), ("approved_by", "lee")):
        text = text.replace(f'{name} = ""', f'{name} = "{value}"')
    draft.write_text(text)
    execute(leaky, "alter table messages drop column sender_phone")
    _, report = audit(run_nosender, leaky, draft)
    states = {each["object"]: each["state"] for each in report["waivers"]}
    assert states["public.idx_extra"] == "applied"
    assert sorted(states.values()) == ["applied", "applied"]
    assert len([each for each in report["findings"] if each["waived"]]) == 2
