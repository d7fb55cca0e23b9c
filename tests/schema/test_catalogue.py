"""The catalogue reads strictly, and says where it stumbles."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from nosender.errors import UsageError
from nosender.schema import catalogue
from nosender.schema.observe import observe

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]

ROOT = Path(catalogue.__file__).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the catalogue that a test may spoil."""
    copy = tmp_path / "catalogue"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return copy


def spoil(folder: Path, file: str, old: str, new: str) -> int:
    """Replace one text of one file; the line on which it stood."""
    path = folder / file
    text = path.read_text()
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def test_declares_the_tables_of_the_source_document() -> None:
    declared = catalogue.load()
    names = {table.name for table in declared.tables}
    assert names >= {
        "users",
        "webauthn_credentials",
        "messages",
        "message_deliveries",
        "device_session_keys",
        "ephemeral_keys",
        "messaging_public_keys",
    }
    assert all(column.purpose and column.retention for table in declared.tables for column in table.columns)


def test_what_may_stay_for_ever_says_why() -> None:
    messages = catalogue.load().table("messages")
    assert messages is not None
    assert messages.retention.kept_because


def test_the_plan_of_the_sweep() -> None:
    declared = catalogue.load()
    ephemeral, session = declared.table("ephemeral_keys"), declared.table("device_session_keys")
    assert ephemeral is not None
    assert session is not None
    assert (ephemeral.retention.action, ephemeral.retention.at_once) == ("delete", "used")
    assert (session.retention.action, session.retention.flag) == ("deactivate", "is_active")
    assert declared.interval == timedelta(minutes=15)


def test_no_time_about_a_person_is_finer_than_a_quarter_of_an_hour() -> None:
    for table in catalogue.load().tables:
        for column in table.columns:
            if column.resolution is not None and table.name not in {"migration_journal", "retention_runs"}:
                assert column.resolution.seconds >= 900, f"{table.name}.{column.name}"


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("users.toml", 'class = "serial"', 'clas = "serial"', "no class"),
        ("users.toml", 'class = "serial"\n', 'class = "serial"\nlabel = "x"\n', "unknown key 'label'"),
        ("users.toml", 'purpose = "Number of the user', 'purpose = "TODO Number', "TODO"),
        ("users.toml", '"Number of the user, to which devices and keys refer."', '" "', "blank"),
        ("users.toml", 'resolution = "hour"\n', "", "resolution"),
        ("users.toml", 'resolution = "hour"', 'resolution = "minute"', "'minute'"),
        ("users.toml", 'class = "serial"', "class = 3", "must be a text"),
        ("users.toml", 'class = "serial"', "class = [", "not valid TOML"),
        ("users.toml", 'table = "users"', 'table = "people"', "people.toml"),
        ("messages.toml", 'column = "expires_at"', 'column = "expires"', "'expires'"),
        ("messages.toml", 'action = "delete"\n', "", "action"),
        ("users.toml", "kept_because", "max_age", "max_age"),
        ("policy.toml", '"15 minutes"', '"soon"', "length of time"),
        ("policy.toml", 'columns = ["user_id"]', 'columns = ["user"]', "'user'"),
        ("policy.toml", 'parent = "users"', 'parent = "people"', "'people'"),
        ("vocabulary.toml", "seconds = 3600", 'seconds = "3600"', "whole number"),
        ("vocabulary.toml", "personal = true", "personal = 1", "true or false"),
    ],
)
def test_a_mistake_is_refused_with_file_and_line(
    folder: Path, file: str, old: str, new: str, says: str
) -> None:
    line = spoil(folder, file, old, new)
    with pytest.raises(UsageError) as refused:
        catalogue.load(folder)
    sentence = str(refused.value)
    named, _, _ = sentence.partition(": ")
    assert named.split(":")[0] == file
    # A key that is missing is reported at its table's header, just above.
    assert abs(int(named.split(":")[1]) - line) <= 2
    assert says in sentence


def test_the_line_of_an_unknown_key_is_exact(folder: Path) -> None:
    path = folder / "users.toml"
    extra = '[columns.extra]\nclass = "state"\npurpose = """\n[not.a.header]\nlabel = 1\n"""\nlabel = "x"\n'
    text = path.read_text() + extra
    path.write_text(text)
    with pytest.raises(UsageError, match=rf"users\.toml:{len(text.splitlines())}: .*label"):
        catalogue.load(folder)


def test_a_retired_name_does_not_return(folder: Path) -> None:
    (folder / "dropped").mkdir(exist_ok=True)
    (folder / "dropped" / "users-created-at.toml").write_text(
        'table = "users"\ncolumn = "created_at"\nwhy = "Not needed."\nrevision = "0009"\n'
    )
    with pytest.raises(UsageError, match=r"dropped/users-created-at\.toml:1: users\.created_at was dropped"):
        catalogue.load(folder)


def test_a_folder_that_is_no_catalogue(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a catalogue"):
        catalogue.load(tmp_path)


def test_comments_quote_what_must_be_quoted() -> None:
    sql = catalogue.comments_sql(catalogue.load())
    assert "'Each user''s published" in sql
    assert 'comment on column public.messages."timestamp" is' in sql
    assert "alembic_version" not in sql


def test_the_catalogue_and_the_ddl_say_the_same(migrated: str) -> None:
    with psycopg.connect(migrated) as connection:
        problems = catalogue.check(catalogue.load(), observe(connection, "public"), "public")
    assert [str(problem) for problem in problems] == []


def test_the_comments_of_the_ddl_are_fresh() -> None:
    made = catalogue.comments_sql(catalogue.load())
    assert (ROOT.parent / "ddl" / "850_comments.sql").read_text() == made, (
        "run `nosender catalogue comments > schema/ddl/850_comments.sql`"
    )


def test_check_names_what_differs_both_ways(migrated: str, run_nosender: RunNosender) -> None:
    with psycopg.connect(migrated, autocommit=True) as owner:
        owner.execute('alter table messages add column "sender\x1b[31m" text, drop column message_type')
        owner.execute("create table contacts (id int)")
        owner.execute("drop table ephemeral_keys")
    answer = run_nosender("--url", migrated, "catalogue", "check")
    assert answer.returncode == 1
    lines = answer.stdout.splitlines()
    assert any(line.startswith("public.contacts is a table that is not declared") for line in lines)
    assert any(line.startswith("ephemeral_keys.toml:1: public.ephemeral_keys is declared") for line in lines)
    assert any(line.startswith(r"messages.toml:1: public.messages.sender\x1b[31m is not") for line in lines)
    place = next(line for line in lines if "message_type is declared and does not exist" in line)
    file, number, _ = place.split(":", 2)
    assert (ROOT / file).read_text().splitlines()[int(number) - 1] == "[columns.message_type]"


def test_check_of_an_empty_database_is_not_a_pass(database: str, run_nosender: RunNosender) -> None:
    answer = run_nosender("--url", database, "catalogue", "check")
    assert (answer.returncode, answer.stdout) == (3, "")
    assert "holds none of the declared tables" in answer.stderr


def test_show_says_what_a_table_is_for(run_nosender: RunNosender) -> None:
    answer = run_nosender("catalogue", "show", "ephemeral_keys")
    assert answer.returncode == 0
    assert "deleted by the next sweep where used" in " ".join(answer.stdout.split())
    assert max(map(len, answer.stdout.splitlines())) <= 80
    unknown = run_nosender("catalogue", "show", "contacts")
    assert unknown.returncode == 2
    assert "declares no table 'contacts'" in unknown.stderr
