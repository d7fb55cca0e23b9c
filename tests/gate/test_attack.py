"""The step that attacks a small world of the change: head passes, and order that comes back fails."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import cast

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from nosender.gate import attack
from nosender.gate.step import CannotLook
from nosender.gate.workplace import DDL, Workplace
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from ..conftest import ROOT, clone

IDS = DDL / "121_new_message_id.sql"


def found(server: EmbeddedServer, migrated: str, *changed: PurePosixPath) -> list[str]:
    """What the step names, of a change of these files after which the schema is as in `migrated`."""
    with ExitStack() as stack:
        name = str(conninfo_to_dict(migrated)["dbname"])
        place = SimpleNamespace(
            changed=changed,
            migrated=name,
            server=server.conninfo(),
            database=lambda template: Target(stack.enter_context(clone(server, template))),
            touched=lambda _path: SimpleNamespace(lines=(1,), removed=()),
        )
        return [problem.object for problem in attack.names_nobody(cast("Workplace", place))]


def test_every_file_that_it_watches_is_there() -> None:
    assert [name for name in attack.REVEALING if not (ROOT / DDL / f"{name}.sql").is_file()] == []


def test_head_names_nobody(server: EmbeddedServer, migrated: str) -> None:
    assert found(server, migrated, IDS) == []


def test_order_that_comes_back_is_found(
    server: EmbeddedServer, migrated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nosender.retention.sweep.refuse_replaced", lambda *_, **__: None)
    with psycopg.connect(migrated, autocommit=True) as connection:
        row = connection.execute("select pg_get_functiondef('send_message'::regproc)").fetchone()
        assert row is not None
        drawn = "uuid_hash_extended(gen_random_uuid(), 0)"
        assert row[0].count(drawn) == 2
        connection.execute(row[0].replace(drawn, "nextval('public.messages_id_seq')").encode())
        connection.execute(
            "create or replace function public.retention_settle(state jsonb) returns jsonb language sql "
            "as $$ select $1 || jsonb_build_object('settling', false, 'affected', 0, 'pause_ms', 0) $$"
        )
    assert found(server, migrated, DDL / "557_retention_settle.sql") == [
        "settling",
        "messages.id",
        "deliveries.id",
    ]


def test_what_reveals_nothing_is_not_attacked(
    server: EmbeddedServer, migrated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_workplace: Workplace) -> None:
        raise AssertionError

    monkeypatch.setattr(attack, "_measured", never)
    assert (
        found(server, migrated, DDL / "850_comments.sql", PurePosixPath("schema/catalogue/users.toml")) == []
    )


def test_without_a_superuser_it_cannot_look(migrated: str) -> None:
    with psycopg.connect(migrated, autocommit=True) as connection:
        connection.execute("drop role if exists poor")
        connection.execute("create role poor login createdb")
    place = SimpleNamespace(
        changed=(IDS,),
        migrated="",
        server="",
        database=lambda _: Target(make_conninfo(migrated, user="poor")),
    )
    with pytest.raises(CannotLook, match="superuser"):
        list(attack.names_nobody(cast("Workplace", place)))
