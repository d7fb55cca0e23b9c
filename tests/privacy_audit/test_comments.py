"""What comments and labels say is read, on PostgreSQL's own objects and on those that are gone, too."""

from __future__ import annotations

import psycopg
import pytest

from nosender.privacy_audit.runner import run
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
            superuser.execute("delete from pg_shdescription where objoid = 4000001")
            superuser.execute("delete from pg_shseclabel where objoid = 4000001")
    assert "number-in-name" in {each.check for each in audit.gating()}
    assert not [each for each in audit.checks if each.outcome.value == "error"]


def test_no_comment_of_initdb_holds_a_number(any_migrated: str) -> None:
    with psycopg.connect(any_migrated) as connection:
        numbered = "select count(*) from pg_description where objoid < 16384 and description ~ '[0-9]{7}'"
        assert connection.execute(numbered).fetchone() == (0,)
