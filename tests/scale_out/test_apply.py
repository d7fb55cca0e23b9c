"""`db scale-out apply` and `back`: all or nothing, no row lost, nothing changed but what the layout says.

The engine only notes what it is told, so that rows stay where they are; on Citus itself the same is tried in
tests/citus.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from nosender.errors import IncompleteError, NosenderError, UsageError
from nosender.migrations import runner
from nosender.migrations.apply import Patience
from nosender.migrations.session import open_session
from nosender.scale_out import apply as applying
from nosender.scale_out import back as returning
from nosender.scale_out import move
from nosender.scale_out.answers import applied_lines, as_script, returned_lines
from nosender.scale_out.apply import Applied, apply
from nosender.scale_out.back import back
from nosender.schema.layouts.scripts import keys_and_functions
from nosender.schema.layouts.standing import stands
from nosender.schema.observe import Difference, Observation
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target
from nosender.traffic.fill import fill

from ..citus.stand_in import STAND_IN, run, seen
from ..conftest import RunNosender, clone
from ..planted.conftest import PLANTS, hijacks, plant

ENGINE = (Path(__file__).parent / "engine.sql").read_bytes()
FULL = """
create or replace function pg_catalog.citus_local_disk_space_stats(
  out available_disk_size bigint, out total_disk_size bigint
) language sql as 'select 9, 9'
"""
HASTY = runner.Options(patience=Patience(lock=0.5, attempts=1))


@cache
def template(server: EmbeddedServer) -> str:
    name = "nosender_to_distribute"
    with psycopg.connect(server.conninfo(), autocommit=True) as admin:
        admin.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
    target = Target(server.conninfo(name))
    runner.upgrade(target)
    fill(target, 4, 20, 1)
    run(target.conninfo, "create table public.noted (person integer references public.users (id))")
    run(target.conninfo, "comment on table public.noted is 'theirs'")
    run(target.conninfo, STAND_IN, ENGINE, "delete from pg_catalog.pg_dist_node where groupid = 2")
    return name


@pytest.fixture
def cluster(server: EmbeddedServer) -> Iterator[tuple[str, ...]]:
    """A coordinator with rows and a node, as Citus' books have them."""
    with ExitStack() as stack:
        urls = [stack.enter_context(clone(server, template(server))) for _ in range(2)]
        for group, url in enumerate(urls):
            run(url, f"update pg_catalog.pg_dist_local_group set groupid = {group}")
        yield tuple(urls)


def applied(cluster: tuple[str, ...], options: runner.Options | None = None) -> Applied:
    named = {str(group): Target(url) for group, url in enumerate(cluster) if group}
    return apply(Target(cluster[0]), named, options)


def shape(conninfo: str) -> Observation:
    """What stands there; the engine of these tests leaves the marks of dropped columns."""
    return replace(seen(conninfo), dropped_columns=(), settings=())


def differing(conninfo: str) -> list[Difference]:
    """What `db check` finds of ours."""
    return [each for each in runner.check(Target(conninfo))[1] if each.declared]


def rows(conninfo: str) -> list[object]:
    query = """
        select
            count(*),
            sum(hashtextextended((to_jsonb(t) - '{phone_number,destination_phone}'::text[])::text, 0))
        from public.NAME as t
    """
    tables = ("users", "webauthn_credentials", "messages", "message_deliveries", "device_session_keys")
    with psycopg.connect(conninfo) as connection:
        return [connection.execute(query.replace("NAME", each).encode()).fetchone() for each in tables]


def test_there_and_back(cluster: tuple[str, ...]) -> None:
    target = Target(cluster[0])
    before, held = shape(cluster[0]), rows(cluster[0])
    said: list[str] = []
    found = applied(cluster, runner.Options(say=said.append))
    assert (found.exit_code, found.refused, found.differing) == (0, (), ())
    assert found.moved is not None
    assert found.moved.rows["public.messages"] == 20
    assert "public.noted" in found.moved.rows, "what leads to the tables is counted, too"
    assert "nobody reads or writes users" in said[0]
    assert stands(seen(cluster[0]))
    assert rows(cluster[0]) == held
    assert differing(cluster[0]) == []
    again = applied(cluster)
    assert (again.exit_code, again.moved) == (0, None)
    run(
        cluster[0],
        "alter table public.webauthn_credentials drop constraint webauthn_credentials_id_user_id_key cascade",
    )
    assert {each.object for each in differing(cluster[0])} == {
        "webauthn_credentials_id_user_id_key on public.webauthn_credentials",
        "device_session_keys_webauthn_credential_id_fkey on public.device_session_keys",
    }
    with pytest.raises(NosenderError, match="the schema is not what revision 0018 promises"):
        back(target)
    run(cluster[0], *(each.sql for each in differing(cluster[0])))
    returned = back(target)
    assert returned.moved is not None
    assert (shape(cluster[0]), rows(cluster[0])) == (before, held)
    assert back(target).moved is None
    with psycopg.connect(cluster[0]) as connection:
        written = connection.execute(
            "select direction from migration_journal where revision = 'layout citus' order by id"
        ).fetchall()
    assert written == [("up",), ("down",)]


WRONG = {
    "select 1 / 0": r"statement 2 of [0-9]+ \(select 1 / 0\) was refused: division by zero; nothing was kept",
    "delete from public.messages": "public.message_deliveries had .* rows and has 0; nothing of it was kept",
    "create table public.more ()": "relations public.more is new",
    "alter table public.users alter phone_number set statistics 100": "columns public.users.phone_number is",
}


def test_what_goes_wrong_leaves_all_as_it_was(cluster: tuple[str, ...]) -> None:
    before, held = shape(cluster[0]), rows(cluster[0])
    whole = applying.move_of("public", "0018", keys=True)
    for planted, told in WRONG.items():
        broken = replace(whole, statements=(whole.statements[0], planted, *whole.statements[1:]))
        with open_session(Target(cluster[0]), HASTY) as session, pytest.raises(NosenderError, match=told):
            move.run(session, broken, lambda _: None)
    assert (shape(cluster[0]), rows(cluster[0])) == (before, held)


def test_what_stands_in_the_way(cluster: tuple[str, ...], run_nosender: RunNosender) -> None:
    before = shape(cluster[0])
    target, node = Target(cluster[0]), Target(cluster[1])
    found = apply(target, {})
    assert (found.exit_code, found.unseen) == (3, ("node 1: no --node 1=URL names a connection to it",))
    with pytest.raises(UsageError, match="--node 7 names no node"):
        apply(target, {"1": node, "7": node})
    name = psycopg.conninfo.conninfo_to_dict(cluster[1])["dbname"]
    run(cluster[1], f'alter database "{name}" set log_statement to "all"', FULL)
    run(cluster[0], "create table public.kept (message bigint references public.messages)")
    answer = run_nosender(
        *("--url", cluster[0], "db", "scale-out", "apply", "--format", "json", "--node", f"1={cluster[1]}")
    )
    document = json.loads(answer.stdout)
    assert (answer.returncode, document["stands"], document["changed"]) == (1, "refused", False)
    told = {each.partition(" leads")[0].partition(":")[0] for each in document["refused"]}
    assert told == {"node 1", "kept.kept_message_fkey"}
    run(cluster[1], f'alter database "{name}" reset log_statement')
    run(cluster[0], "drop table public.kept")
    assert "node 1: 9 bytes are free, and" in applied(cluster).refused[0]
    assert "what answered is the coordinator" in apply(target, {"1": target}).unseen[0]
    assert shape(cluster[0]) == before


def test_where_citus_or_its_nodes_are_missing(
    cluster: tuple[str, ...], target: Target, database: str
) -> None:
    with pytest.raises(IncompleteError, match="holds none of our tables"):
        apply(Target(database), {})
    assert apply(target, {}).refused[0].startswith("Citus is not in this database")
    run(cluster[0], "delete from pg_catalog.pg_dist_node where groupid > 0")
    assert apply(Target(cluster[0]), {}).refused[0].startswith("no node is known to this database")
    with pytest.raises(IncompleteError, match="a worker of a database that Citus distributes"):
        back(Target(cluster[1]))


def test_a_schema_that_is_not_at_the_last_revision(cluster: tuple[str, ...]) -> None:
    runner.downgrade(Target(cluster[0]), "0017")
    with pytest.raises(IncompleteError, match="is at revision 0017, and the layout was made of 0018"):
        applied(cluster)


def test_somebody_at_work_is_not_waited_for_long(cluster: tuple[str, ...]) -> None:
    with psycopg.connect(cluster[0]) as other:
        other.execute("select 1 from public.messages")
        with pytest.raises(NosenderError, match="the lock was not won in 1 attempts, blocked by pid"):
            applied(cluster, HASTY)
    assert not stands(seen(cluster[0]))
    assert applied(cluster, HASTY).exit_code == 0


def test_rows_that_cannot_go_back_are_counted(cluster: tuple[str, ...]) -> None:
    applied(cluster)
    run(
        cluster[0],
        "insert into public.messages (id, destination_phone, encrypted_content, message_id) "
        "select 7, phone_number, decode(repeat('ab', 40), 'hex'), 'twice' from public.users "
        "order by id limit 2",
    )
    after = shape(cluster[0])
    with pytest.raises(
        NosenderError,
        match="1 message ids stand under several destinations, 1 numbers are those of several messages",
    ):
        back(Target(cluster[0]))
    assert shape(cluster[0]) == after


def test_keys_without_a_distribution(cluster: tuple[str, ...]) -> None:
    """As after a dump was restored: there the rest is done, or the keys alone are taken back."""
    before = shape(cluster[0])
    run(cluster[0], keys_and_functions("public"))
    returned = back(Target(cluster[0]))
    assert "retention erase --rewrite" in returned_lines(returned)[-1]
    assert shape(cluster[0]) == before
    run(cluster[0], keys_and_functions("public"))
    found = applied(cluster)
    assert found.moved is not None
    assert not [words for words, _ in found.moved.statements if "drop trigger" in words]
    assert applied_lines(found)[0].startswith("distributed: as many rows as before")
    run(cluster[0], "select pg_catalog.undistribute_table('public.messages')")
    with pytest.raises(NosenderError, match="some tables are distributed and others not"):
        back(Target(cluster[0]))
    assert applied(cluster).exit_code == 1


def test_the_statements_as_a_script(cluster: tuple[str, ...], run_nosender: RunNosender) -> None:
    before = shape(cluster[0])
    answer = run_nosender("--url", cluster[0], "db", "scale-out", "apply", "--format", "sql")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == as_script("public", applying.move_of("public", None, keys=True))
    assert shape(cluster[0]) == before, "nothing was run"
    run(cluster[0], answer.stdout.replace("begin;", "").replace("\ncommit;", ""))
    assert differing(cluster[0]) == []
    script = as_script("public", returning.move_of("public", None, engine=True))
    run(cluster[0], script.replace("begin;", "", 1).replace("\ncommit;", ""))
    assert shape(cluster[0]) == before


def test_a_move_runs_nothing_that_is_planted(cluster: tuple[str, ...], server: EmbeddedServer) -> None:
    plant(cluster[0], *PLANTS)
    before, held = shape(cluster[0]), rows(cluster[0])
    with hijacks(server) as found:
        assert applied(cluster).moved is not None
        assert back(Target(cluster[0])).moved is not None
    assert found == []
    assert (shape(cluster[0]), rows(cluster[0])) == (before, held)
