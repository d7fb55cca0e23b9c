"""nosender.toml: found upwards, read strictly, refused with file and line."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from nosender.errors import UsageError
from nosender.project import find
from nosender.schema.knobs import Knobs

WHOLE = """name = "shop"

[schemas.chat]
purpose = "The help desk, which knows none of our users."
owner = "dana@example.org"
expires = 2027-03-31
"""


def test_the_nearest_project_upwards_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'somebody else'\n")
    (tmp_path / "nosender.toml").write_text(WHOLE)
    project = find()
    (chat,) = project.schemas
    assert (project.name, chat.name, chat.owner) == ("shop", "chat", "dana@example.org")
    assert (chat.expires, str(chat.place)) == (date(2027, 3, 31), "nosender.toml:3")
    (tmp_path / "nosender.toml").unlink()
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.nosender]\nname = 'nearer'\n")
    assert find().name == "nearer"


def test_two_projects_are_never_chosen_between(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    (tmp_path / "nosender.toml").write_text(WHOLE)
    (below / "nosender.toml").write_text(WHOLE)
    with pytest.raises(UsageError, match="two projects stand on the way up"):
        find()
    assert find(below).name == "shop"
    (below / "pyproject.toml").write_text("[tool.nosender]\nname = 'again'\n")
    with pytest.raises(UsageError, match="says it twice"):
        find(below)


def test_a_file_that_cannot_be_one_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    (tmp_path / "nosender.toml").symlink_to("nowhere")
    with pytest.raises(UsageError, match="or a link that leads to none"):
        find()
    (tmp_path / "nosender.toml").unlink()
    (tmp_path / "nosender.toml").write_bytes(b"\xef\xbb\xbf" + WHOLE.encode())  # the mark of some editors
    assert find().name == "shop"


def test_a_named_folder_must_hold_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no nosender\.toml"):
        find(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("owner = ", "ownr = ", "nosender.toml:3: "),
        ('purpose = "The help desk, which knows none of our users."', 'purpose = " "', "nosender.toml:4: "),
        ("2027-03-31", '"2027-03-31"', "nosender.toml:6: "),
        ("expires = 2027-03-31", "", "nosender.toml:3: "),
        ('name = "shop"', "names = 1", "nosender.toml:1: the file has an unknown key 'names'"),
        ("[schemas.chat]", "[schemas.chat", "nosender.toml:3: not valid TOML"),
        ("help desk", "TODO", "nosender.toml:4: says TODO"),
    ],
)
def test_what_is_not_right_is_refused_by_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in WHOLE
    (tmp_path / "nosender.toml").write_text(WHOLE.replace(old, new))
    with pytest.raises(UsageError) as refused:
        find(tmp_path)
    assert str(refused.value).startswith(says)


def test_knobs_are_read_and_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    (tmp_path / "nosender.toml").write_text(WHOLE)
    assert find(tmp_path).retention is None
    text = '[retention]\ndelivered = "delete"\nhistory = "90 days"\nmessages = "off"\nsettle = "6 hours"\n'
    (tmp_path / "nosender.toml").write_text(text)
    found = find(tmp_path).retention
    assert found is not None
    assert found.values == Knobs("delete", timedelta(days=90), settle=timedelta(hours=6))
    assert (str(found.place_of("history")), str(found.place_of("prekeys"))) == (
        "nosender.toml:3",
        "nosender.toml:1",
    )


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('delivered = "drop"', "delivered is 'drop'; it must be one of keep, delete."),
        ('histroy = "90 days"', "[retention] has an unknown key 'histroy'; known are delivered, history"),
        ("history = 90", "history must be a text."),
        ('history = "1 day"', "history must be from 2 days to 3660 days, not 1 day."),
        ('prekeys = "off"', "prekeys cannot be off."),
        ('prekeys = "99999999999 days"', "prekeys is longer than anybody can wait."),
        ('settle = "5 minutes"', "settle must be one of 1, 2, 3, 6, 12, 24 hours, not 5 minutes."),
    ],
)
def test_a_knob_that_is_not_right_is_refused_by_line(tmp_path: Path, line: str, says: str) -> None:
    (tmp_path / "nosender.toml").write_text(f"[retention]\n{line}\n")
    with pytest.raises(UsageError) as refused:
        find(tmp_path)
    assert str(refused.value).startswith(f"nosender.toml:2: {says}")


PLATFORM = """[platform]
name = "rds"
administrators = ["postgres"]
backup_days = 7
log_days = 3
log_readers = "the security team"
replicas = 1
expires = 2027-05-20
"""


def test_a_platform_is_read_and_what_is_left_out_is_not_declared(tmp_path: Path) -> None:
    (tmp_path / "nosender.toml").write_text(WHOLE)
    assert find(tmp_path).platform is None
    (tmp_path / "nosender.toml").write_text(PLATFORM)
    found = find(tmp_path).platform
    assert found is not None
    assert (found.undeclared, found.backup_days, str(found.place)) == ((), 7, "nosender.toml:1")
    (tmp_path / "nosender.toml").write_text(
        PLATFORM.replace('["postgres"]', "[]").replace("replicas = 1\n", "")
    )
    fewer = find(tmp_path).platform
    assert fewer is not None
    assert (fewer.administrators, fewer.undeclared) == ((), ("replicas",))
    assert found.sha256 != fewer.sha256


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('name = "rds"\n', "", "1: [platform] has no name; it is one of azure, cloudsql"),
        ('"rds"', '"heroku"', "2: name is 'heroku'; it must be one of azure, cloudsql"),
        ('["postgres"]', '"postgres"', "3: administrators must be a list of texts."),
        ('["postgres"]', "[1]", "3: administrators must be a list of texts, and not an empty one."),
        ("backup_days = 7", 'backup_days = "7 days"', "4: backup_days must be a whole number."),
        ("backup_days = 7", "backup_days = -1", "4: backup_days must be a whole number, zero or more."),
        ('"the security team"', '" "', "6: log_readers is blank"),
        ("2027-05-20", '"2027-05-20"', "8: expires must be a date such as"),
        ("log_days", "logdays", "5: [platform] has an unknown key 'logdays'; known are administrators"),
    ],
)
def test_a_platform_that_is_not_right_is_refused_by_line(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    assert old in PLATFORM
    (tmp_path / "nosender.toml").write_text(PLATFORM.replace(old, new))
    with pytest.raises(UsageError) as refused:
        find(tmp_path)
    assert str(refused.value).startswith(f"nosender.toml:{says}")
