"""Rows of a project's that belong to a person go with the person, or are refused when they are read."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from nosender.errors import UsageError
from nosender.migrations.freeze import freeze
from nosender.privacy_audit.snapshot.probes.declared import project_rows
from nosender.project import Project, find
from nosender.project.declared import catalogue_of
from nosender.retention.erase import erase, measures
from nosender.retention.held import held_about, held_text
from nosender.schema.catalogue import Overlay, load
from nosender.schema.project_columns import Row
from nosender.schema.project_columns import statement as columns
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from .kindly import KEPT, KEY, table
from .test_retention import filled

FOLLOWS = '[retention]\nrule = "follows"\nparents = ["{}"]\n'
EXPIRES = '[retention]\nrule = "expires"\ncolumn = "expires_at"\naction = "delete"\n'
OWNED = table("t", owner="link")
NUMBERED = table("t", number="account-phone", expires_at="expiry")


@pytest.mark.parametrize(
    ("text", "parent", "says"),
    [
        (OWNED, "users", "by their key to 'users'"),
        (OWNED, "webauthn_credentials", "by their key to 'webauthn_credentials'"),
        (OWNED.replace(KEPT, FOLLOWS.format("webauthn_credentials")), "users", "by their key to 'users'"),
        (OWNED, None, "tell of a person by owner"),
        (NUMBERED, None, "tell of a person by number"),
        (OWNED.replace(KEPT, FOLLOWS.format("users")), "users", None),
        (OWNED.replace(KEPT, FOLLOWS.format("messages")), "messages", None),
        (NUMBERED.replace(KEPT, EXPIRES), None, None),
        (table("t", word="state"), None, None),
    ],
)
def test_what_would_stay_is_refused(tmp_path: Path, text: str, parent: str | None, says: str | None) -> None:
    (tmp_path / "privacy").mkdir()
    (tmp_path / "privacy" / "t.toml").write_text(text)
    if parent is not None:
        key = KEY.format(table="t", column="owner", parent=parent, to="id")
        (tmp_path / "privacy" / "policy.toml").write_text(key)
    overlay = Overlay("shop", tmp_path, tmp_path / "privacy")
    if says is None:
        assert load(overlay=overlay).table("t") is not None
        return
    with pytest.raises(UsageError, match=says) as error:
        load(overlay=overlay)
    assert "t.toml:" in str(error.value)


def test_a_key_that_does_not_delete_by_cascade_is_refused(server: EmbeddedServer, courier: Path) -> None:
    revision = courier / "migrations" / "versions" / "c001_push_tokens.py"
    revision.write_text(revision.read_text().replace("on delete cascade", "on delete restrict"))
    with pytest.raises(UsageError, match="does not delete them: make it on delete cascade"):
        freeze(server.conninfo(), find(courier))


def test_they_go_with_the_person_and_out_of_the_files(both: Target, project: Project) -> None:
    filled(both, 3)
    with psycopg.connect(both.conninfo, options="-c TimeZone=UTC") as connection:
        connection.execute("select forget_phone_number('+4915110000002')")
        assert connection.execute("select count(*) from push_tokens").fetchone() == (2,)
    catalogue = catalogue_of(project)
    ours = {each.table for each in measures(both, rewrite=True)}
    assert {each.table for each in measures(both, rewrite=True, catalogue=catalogue)} - ours == {
        "push_tokens"
    }
    for rewrite in (False, True):
        assert "push_tokens" in {each.table for each in erase(both, rewrite=rewrite, catalogue=catalogue)}
    with psycopg.connect(both.conninfo) as connection:
        rewritten = (
            "select count(*) from retention_runs where phase = 'rewritten' and table_name = 'push_tokens'"
        )
        assert connection.execute(rewritten).fetchone() == (1,)


def test_what_is_held_of_theirs_is_told_and_forgotten(both: Target, project: Project) -> None:
    """Over one key and over two, by the number alone, in another schema; of another role's table nothing."""
    filled(both, 3)
    rows = (
        *project_rows(catalogue_of(project)),
        Row("numbers", "number", "account-phone", None, None),
        Row("numbers", "seen_at", "time", 3600, None),
    )
    with psycopg.connect(both.conninfo, options="-c TimeZone=UTC") as connection:
        connection.execute(
            "create table numbers (id integer, number varchar(20) primary key, seen_at timestamp);"
            "create schema aside;"
            "create table aside.wakings (token bigint references push_tokens on delete cascade);"
            "create role nosender_test_other;"
            "create table others (person integer references users on delete cascade);"
            "alter table others owner to nosender_test_other"
        )
        connection.execute(columns(rows, "public").encode())
        connection.execute("insert into numbers select id, phone_number, '2026-01-02 03:00' from users;")
        connection.execute(
            "insert into aside.wakings select id from push_tokens cross join generate_series(1, 2)"
        )
    with psycopg.connect(both.conninfo, autocommit=True, options="-c TimeZone=UTC") as connection:
        asked = "select table_name, row_count, oldest from held_about_phone_number(%s)"
        ours = 7
        held = connection.execute(asked, ["+4915110000002"]).fetchall()[ours:]
        assert [each[:2] for each in held] == [
            ("aside.wakings", 2), ("numbers", 1), ("others", None), ("push_tokens", 1),
        ]  # fmt: skip
        assert str(held[1][2]) == "2026-01-02 03:00:00+00:00"
        told = {each.table: each for each in held_about(both, "+4915110000002", catalogue_of(project))}
        assert told["push_tokens"].purpose.startswith("Where a device is woken")
        assert "others: not looked at, being another role's" in held_text(tuple(told.values()))
        connection.execute("select forget_phone_number('+4915110000002')")
        held = connection.execute(asked, ["+4915110000002"]).fetchall()[ours:]
        assert {number for _, number, _ in held} == {0, None}
        assert connection.execute("select count(*) from numbers").fetchone() == (2,)
        connection.execute("insert into numbers values (1, '+4915110000007', now())")
        assert connection.execute("select forget_phone_number('+4915110000007')").fetchone() == (True,)
        assert connection.execute("select forget_phone_number('+4915110000007')").fetchone() == (False,)
        connection.execute("drop table others; drop role nosender_test_other")
