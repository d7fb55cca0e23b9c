"""What comments and labels say is read, on PostgreSQL's own objects and on those that are gone, too."""

from __future__ import annotations

import psycopg
import pytest

from nosender.privacy_audit.runner import Options, run
from nosender.server.target import Target

GONE = {
    "pg_class": "insert into pg_description values (4000001, 'pg_class'::regclass, 0, {0})",
    "column": "insert into pg_description values (4000001, 'pg_class'::regclass, 2, {0})",
    "pg_proc": "insert into pg_description values (4000001, 'pg_proc'::regclass, 0, {0})",
    "pg_authid": "insert into pg_shdescription values (4000001, 'pg_authid'::regclass, {0})",
    "label": "insert into pg_seclabel values (4000001, 'pg_class'::regclass, 0, 'p', {0})",
    "shared label": "insert into pg_shseclabel values (4000001, 'pg_authid'::regclass, 'p', {0})",
}
OWN = {
    "function": "comment on function pg_catalog.abs(integer) is {0}",
    "table": "comment on table pg_catalog.pg_class is {0}",
    "column": "comment on column information_schema.tables.table_name is {0}",
    "language": "comment on language internal is {0}",
    "tablespace": "comment on tablespace pg_default is {0}",
    "database": "comment on database template1 is {0}",
}


@pytest.mark.parametrize(
    "statement", [*GONE.values(), *OWN.values()], ids=[*GONE, *(f"own {each}" for each in OWN)]
)
def test_a_number_in_it_is_found(migrated: str, statement: str) -> None:
    with psycopg.connect(migrated, autocommit=True) as superuser:
        superuser.execute("set allow_system_table_mods = on")
        try:
            superuser.execute(statement.format("'+15550100001 writes to +15550100002'").encode())
            audit = run(Target(migrated))
        finally:  # shared ones are the cluster's
            superuser.execute("delete from pg_shdescription where description like '+1555%'")
            superuser.execute("delete from pg_shseclabel where objoid = 4000001")
    assert "number-in-name" in {each.check for each in audit.gating()}
    assert not [each for each in audit.checks if each.outcome.value == "error"]


OF_THE_CLUSTER = {
    "replication origin": (
        "select pg_replication_origin_create('15550100001-15550100002')",
        "select pg_replication_origin_drop('15550100001-15550100002')",
    ),
    "replication slot": (
        "select pg_create_physical_replication_slot('to_15550100001')",
        "select pg_drop_replication_slot('to_15550100001')",
    ),
    "tablespace": ("create tablespace t_15550100001 location ''", "drop tablespace t_15550100001"),
    "extension": (
        "update pg_extension set extversion = '15550100001' where extname = 'btree_gist'",
        "select true",
    ),
}


@pytest.mark.parametrize("kind", OF_THE_CLUSTER)
def test_a_number_in_a_name_of_the_cluster_is_found(migrated: str, kind: str) -> None:
    planted, taken_back = OF_THE_CLUSTER[kind]
    with psycopg.connect(migrated, autocommit=True) as superuser:
        superuser.execute("set allow_in_place_tablespaces = on")
        superuser.execute(planted.encode())
        try:
            audit = run(Target(migrated), Options(checks=("number-in-name",)))
        finally:
            superuser.execute(taken_back.encode())
    (found,) = audit.gating()
    assert found.object.startswith(kind)
    assert "1555" not in found.object


def test_no_comment_of_initdb_holds_a_number(any_migrated: str) -> None:
    with psycopg.connect(any_migrated) as connection:
        numbered = "select count(*) from pg_description where objoid < 16384 and description ~ '[0-9]{7}'"
        assert connection.execute(numbered).fetchone() == (0,)
