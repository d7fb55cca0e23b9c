"""`audit history`: a folder of reports over time, its gaps, and what their signatures are worth."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from nosender.privacy_audit.evidence import attest
from nosender.privacy_audit.evidence.commands import history

GOLDEN = Path(__file__).parent / "golden" / "report.json"


def report(day: int, *, ledger: int = 7, database: str = "mail") -> bytes:
    """The golden report as of so many days ago."""
    data = json.loads(GOLDEN.read_text(encoding="utf-8"))
    finished = datetime.now(UTC) - timedelta(days=day)
    data["run"] |= {"finished": finished.strftime("%Y-%m-%dT%H:%M:%SZ"), "id": f"run-{day}"}
    data["run"]["ledger"] = data["run"]["measured"]["ledger"] = {"length": ledger, "head": "ab" * 32}
    data["target"]["database"] = database
    return json.dumps(data).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for day, ledger in ((6, 7), (5, 9), (1, 8), (0, 10)):
        (tmp_path / f"{6 - day}.json").write_bytes(report(day, ledger=ledger))
    return tmp_path


def shown(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(history, words)
    return done.exit_code, done.output


def test_the_oldest_comes_first_and_a_silence_is_marked(folder: Path) -> None:
    code, told = shown(str(folder), "--format", "json")
    (series,) = json.loads(told)["series"]
    assert code == 0
    assert [each["file"] for each in series["entries"]] == ["0.json", "1.json", "5.json", "6.json"]
    (gap,) = series["gaps"]
    assert gap["after"] == series["entries"][1]["finished"]
    assert series["shrunk"] == ["5.json"]
    assert json.loads(shown(str(folder), "--every", "120", "--format", "json")[1])["series"][0]["gaps"] == []


def test_the_silence_since_the_last_one_is_a_gap_too(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_bytes(report(9))
    (series,) = json.loads(shown(str(tmp_path), "--format", "json")[1])["series"]
    assert [gap["before"] for gap in series["gaps"]] == ["now"]


def test_each_database_has_a_series_of_its_own(folder: Path) -> None:
    (folder / "other.json").write_bytes(report(0, database="<b>other</b>\x1b[31m"))
    told = json.loads(shown(str(folder), "--format", "json")[1])
    assert len(told["series"]) == 2
    for form in ("text", "html"):
        text = shown(str(folder), "--format", form)[1]
        assert "\x1b" not in text
        assert "<b>other" not in text or form == "text"


def test_what_is_no_report_is_said_and_not_counted(folder: Path) -> None:
    (folder / "cut.json").write_bytes(report(0)[:90])
    (folder / "list.json").write_text("[]", encoding="utf-8")
    broken = json.loads(report(0))
    broken["run"]["finished"] = "yesterday"
    (folder / "when.json").write_text(json.dumps(broken), encoding="utf-8")
    told = json.loads(shown(str(folder), "--format", "json")[1])
    assert len(told["series"][0]["entries"]) == 4
    assert sorted(each.partition(" ")[0] for each in told["unread"]) == ["cut.json", "list.json", "when.json"]


def test_a_signature_is_told_for_what_it_is(folder: Path) -> None:
    attest.make_key(folder / "ours")
    attest.make_key(folder / "theirs")
    key = attest.load_private_key(folder / "ours")
    for name in ("0.json", "1.json", "5.json"):
        place = folder / name
        attest.envelope_path(place).write_bytes(attest.sign(place.read_bytes(), name, [key]))
    (folder / "5.json").write_bytes((folder / "5.json").read_bytes().replace(b'"run-1"', b'"run-2"'))
    ours, theirs = str(folder / "ours.pub"), str(folder / "theirs.pub")
    code, told = shown(str(folder), "--key", ours, "--format", "json")
    signatures = [each["signature"] for each in json.loads(told)["series"][0]["entries"]]
    assert (code, signatures) == (1, ["verified", "verified", "altered", "unsigned"])
    assert "altered" in shown(str(folder), "--key", theirs)[1]
    assert "not verified" in shown(str(folder))[1]
    (folder / "5.json").unlink()
    (folder / "6.json").unlink()
    assert shown(str(folder), "--key", ours)[0] == 0


def test_a_folder_without_a_report_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(history, [str(tmp_path)])
    assert "holds no report" in str(done.exception)
    assert "cannot be read" in str(CliRunner().invoke(history, [str(tmp_path / "none")]).exception)
