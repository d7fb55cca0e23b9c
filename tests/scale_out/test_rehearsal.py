"""`db scale-out rehearse`: the layout on a copy of the schema, and what PostgreSQL says to it."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from nosender.errors import IncompleteError, UsageError
from nosender.scale_out.rehearsal import MESSAGES, PEOPLE, rehearse
from nosender.schema import ddl
from nosender.schema.observe import observe
from nosender.server.target import Target

from ..citus.stand_in import run
from ..conftest import RunNosender


def test_the_layout_and_the_flow_hold_on_a_copy(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute('create schema "we ird"')
        ddl.load(connection, "we ird")
        before = replace(observe(connection, "we ird"), settings=())
    found = rehearse(Target(database, "we ird"))
    assert (found.refused, found.exit_code) == (None, 0)
    assert (found.rows["users"], found.rows["messages"], found.parts) == (PEOPLE, MESSAGES, 4)
    with psycopg.connect(database) as connection:
        assert replace(observe(connection, "we ird"), settings=()) == before


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            "create table public.kept (message bigint references public.messages)",
            "cannot drop constraint messages_pkey on table public.messages because other objects depend",
        ),
        (
            "create function public.no() returns trigger language plpgsql as $$begin raise 'never'; end$$;"
            "create trigger no before insert on public.messages for each row execute function public.no()",
            "never",
        ),
    ],
)
def test_what_is_refused_is_told(migrated: str, run_nosender: RunNosender, change: str, told: str) -> None:
    with psycopg.connect(migrated) as connection:
        connection.execute(change.encode())
    answer = run_nosender("--url", migrated, "db", "scale-out", "rehearse")
    assert answer.returncode == 1, answer.stderr
    assert f"refused: {told}" in " ".join(answer.stdout.split())
    assert "Citus itself was not run" in answer.stdout


def test_where_there_is_nothing_to_rehearse(database: str, in_parts: str, migrated: str) -> None:
    with pytest.raises(IncompleteError, match="holds none of our tables"):
        rehearse(Target(database))
    with pytest.raises(UsageError, match="in the layout already"):
        rehearse(Target(in_parts))
    run(
        migrated,
        "create table public.alembic_version "
        "(version_num varchar(32) constraint alembic_version_pkc primary key)",
        "insert into public.alembic_version values ('0015')",
    )
    with pytest.raises(IncompleteError, match="is at revision 0015, and the layout was made of"):
        rehearse(Target(migrated))
