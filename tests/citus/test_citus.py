"""What holds beside Citus itself: on a coordinator and two workers of our own, where it is installed."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from nosender.privacy_audit import runner
from nosender.schema.layouts import layout as layouts
from nosender.schema.layouts.keys import refused
from nosender.schema.observe import Observation, observe, reference
from nosender.schema.observe.citus_own import without_own
from nosender.server.target import Target

from ..conftest import RunNosender

pytestmark = pytest.mark.citus


def seen(conninfo: str) -> Observation:
    with Target(conninfo).connect("test", reading=True) as connection:
        return without_own(observe(connection, "public"))


def behind(conninfo: str, text: str) -> None:
    """Something done to one node behind Citus' back."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("set citus.enable_ddl_propagation to off")
        connection.execute("set citus.override_table_visibility to off")
        connection.execute(text.encode())


def test_shards_are_as_their_tables(cluster: tuple[str, ...]) -> None:
    for group, url in enumerate(cluster):
        found = seen(url)
        spread = found.distribution
        assert spread is not None
        assert (spread.group, spread.differences, spread.missing) == (group, (), ())
        assert len(spread.shards) == (4 if group == 0 else 6)
        assert len(spread.others) == 2
        assert all(each.schema == "public" for each in found.relations)


def test_commands_do_not_fall_over(cluster: tuple[str, ...], run_nosender: RunNosender) -> None:
    expected = {
        ("db", "check"): (3, 3),
        ("db", "current"): (0, 3),
        ("db", "plan"): (0, 3),
        ("audit", "preflight"): (3, 3),
        ("audit", "explore"): (1, 1),
        ("catalogue", "check"): (0, 3),
        ("retention", "status"): (3, 3),
        ("retention", "sweep"): (3, 3),
        ("retention", "verify"): (0, 4),
    }
    for words, codes in expected.items():
        answers = [run_nosender("--url", url, *words) for url in cluster[:2]]
        assert tuple(each.returncode for each in answers) == codes, (words, [each.stderr for each in answers])


def test_citus_own_is_nobody_elses(cluster: tuple[str, ...]) -> None:
    for url in cluster:
        audit = runner.run(Target(url))
        of_citus = {(each.check, each.object) for each in audit.findings if "citus" in each.object}
        # the nodes of the test are reached over sockets, without TLS
        assert of_citus == {("undeclared-extension", "citus"), ("recording-setting", "citus.node_conninfo")}
        assert not [each for each in audit.findings if each.object.startswith("pg_catalog")]
        assert not audit.decided.schemas_unaccounted
        assert len(audit.decided.nodes_unseen) == 2
        missing = [
            each.object for each in audit.findings if each.check in ("missing-table", "missing-function")
        ]
        assert not missing


LEAKS = """
do $$
declare
  shard text := (
    select c.relname from pg_catalog.pg_class as c where c.relname ~ '^messages_[0-9]+$' order by 1 limit 1
  );
begin
  execute format('alter table public.%I add column sender_phone varchar(20)', shard);
  execute format('alter table public.%I drop constraint messages_destination_phone_e164', shard);
  execute format('grant select on public.%I to nosender_app', shard);
  create table public.kept (line text);
  create function public.keep() returns trigger language plpgsql
  as 'begin insert into public.kept values (new::text); return new; end';
  execute format(
    'create trigger keep after insert on public.%I for each row execute function public.keep()', shard
  );
end
$$
"""


def test_five_leaks_on_one_worker(cluster: tuple[str, ...]) -> None:
    before = runner.run(Target(cluster[0]))
    behind(cluster[1], LEAKS)
    behind(cluster[1], "alter system set citus.stat_tenants_track to 'all'")
    behind(cluster[1], "select pg_reload_conf()")
    alone = runner.run(Target(cluster[0]))
    assert {each.fingerprint for each in alone.findings} == {each.fingerprint for each in before.findings}
    nodes = {str(group): Target(cluster[group]) for group in (1, 2)}
    audit = runner.run(Target(cluster[0]), runner.Options(nodes=nodes))
    found = {(each.check, each.object) for each in audit.findings if each.object.endswith("on node 1")}
    assert found >= {
        ("undeclared-column", "public.messages.sender_phone on node 1"),
        ("undeclared-trigger", "public.messages.keep on node 1"),
        ("undeclared-table", "public.kept on node 1"),
        ("undeclared-function", "public.keep() on node 1"),
        ("missing-constraint", "public.messages.messages_destination_phone_e164 on node 1"),
        ("table-privilege", "public.messages on node 1"),
        ("recording-setting", "citus.stat_tenants_track on node 1"),
    }
    assert not [each.object for each in audit.findings if each.object.endswith("on node 2")]
    assert audit.decided.nodes_unseen == ()


def test_citus_refuses_the_keys_that_the_layout_replaces(cluster: tuple[str, ...]) -> None:
    core, layout = reference("public"), layouts.read()
    unable = {each.name for each in refused(core, layout)}
    tried = set()
    with psycopg.connect(cluster[0]) as connection:
        for index in core.indexes:
            table = layout.table(index.table)
            if table is None or table.column is None or table.adds_column or not index.unique:
                continue
            if index.expressions is not None or index.method != "btree":
                continue
            text = index.definition.replace(f" ON public.{index.table} ", " ON public.tried ")
            with connection.transaction(force_rollback=True):
                connection.execute(f"create table public.tried (like public.{index.table})".encode())
                connection.execute(text.replace(index.name, "tried_key").encode())
                ask = f"select create_distributed_table('public.tried', '{table.column}')"
                if index.name in unable:
                    with pytest.raises(psycopg.errors.FeatureNotSupported), connection.transaction():
                        connection.execute(ask.encode())
                else:
                    connection.execute(ask.encode())
            tried.add(index.name)
    assert tried == {"messages_pkey", "idx_messages_message_id"}
    assert tried <= unable


def test_upgrades_beside_citus(cluster: tuple[str, ...], run_nosender: RunNosender) -> None:
    with psycopg.connect(cluster[0], autocommit=True) as admin:
        admin.execute("set citus.enable_create_database_propagation to off")
        admin.execute("create database beside template template0")
    url = make_conninfo(cluster[0], dbname="beside")
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("create extension citus")
    for words in (
        ("upgrade", "0009"),
        ("plan",),
        ("upgrade",),
        ("check",),
        ("downgrade", "0011"),
        ("upgrade",),
    ):
        answer = run_nosender("--url", url, "db", *words)
        assert answer.returncode == 0, (words, answer.stderr)
    assert runner.run(Target(url)).decided.nodes_unseen == (), "one server, and it was looked at"
