"""The DDL loads: everywhere, into any schema, beside others, and says what is missing where it cannot."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from nosender.schema import ddl
from nosender.server.embedded import EmbeddedServer

SCHEMAS = ["public", "msg", 'We "ird, Schema', "user"]
ROLES = ("nosender_app", "nosender_auditor", "nosender_clerk", "nosender_sweeper")


def tables(connection: psycopg.Connection, schema: str) -> int:
    found = connection.execute(
        """
        select count(*) from pg_class join pg_namespace on pg_namespace.oid = relnamespace
        where relkind = 'r' and nspname = %s
        """,
        [schema],
    ).fetchone()
    assert found is not None
    return int(found[0])


def create_schema(connection: psycopg.Connection, schema: str) -> None:
    connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))


@pytest.mark.parametrize("schema", SCHEMAS)
def test_load_into_any_schema(any_database: str, schema: str) -> None:
    with psycopg.connect(any_database) as connection:
        before = connection.execute("show search_path").fetchone()
        create_schema(connection, schema)
        ddl.load(connection, schema)
        assert tables(connection, schema) >= 7
        assert connection.execute("show search_path").fetchone() == before


@pytest.mark.parametrize("schema", SCHEMAS)
def test_load_with_psql(any_server: EmbeddedServer, any_database: str, schema: str) -> None:
    psql = any_server.binaries.bindir / "psql"
    if not psql.exists():
        pytest.skip("these binaries bring no psql")
    with psycopg.connect(any_database) as connection:
        create_schema(connection, schema)
    done = subprocess.run(
        [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", any_database],
        input=ddl.script(schema),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with psycopg.connect(any_database) as connection:
        assert tables(connection, schema) >= 7


def test_two_schemas_of_one_database(database: str) -> None:
    with psycopg.connect(database) as connection:
        create_schema(connection, "other")
        ddl.load(connection, "public")
        ddl.load(connection, "other")


def test_nothing_stays_of_a_load_that_fails(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create table messages (mine text)")
        with pytest.raises(errors.DuplicateTable):
            ddl.load(connection, "public")
        assert tables(connection, "public") == 1
        with pytest.raises(errors.InvalidSchemaName, match='schema "absent" does not exist'):
            ddl.load(connection, "absent")


def test_functions_are_nobodys_and_look_only_where_they_should(any_migrated: str) -> None:
    with psycopg.connect(any_migrated) as connection:
        ours = connection.execute(
            """
            select proname, proconfig, coalesce(proacl::text, 'PUBLIC'), prosqlbody is not null from pg_proc
            where pronamespace = 'public'::regnamespace and not exists (
              select from pg_depend where objid = pg_proc.oid and deptype = 'e'
            )
            """
        ).fetchall()
    assert len(ours) >= 10
    for name, settings, grants, bound in ours:
        # A procedure that commits may carry no setting: the sweep's calls everything by its schema instead.
        # A body that was bound as it was made looks nothing up any more.
        if name != "retention_sweep" and not bound:
            assert "search_path=pg_catalog, pg_temp" in (settings or []), name
        assert "PUBLIC" not in grants, name
        assert "{=" not in grants, name
        assert ",=" not in grants, name


@pytest.mark.parametrize("role", ["public", *ROLES])
def test_nobody_is_granted_a_table(any_migrated: str, role: str) -> None:
    with psycopg.connect(any_migrated) as connection:
        granted = connection.execute(
            """
            select relname, privilege_type from pg_class, aclexplode(relacl)
            left join pg_roles on pg_roles.oid = grantee
            where relnamespace = 'public'::regnamespace and coalesce(rolname, 'public') = %s
            """,
            [role],
        ).fetchall()
    assert granted == []


@pytest.fixture
def own_server() -> Iterator[EmbeddedServer]:
    """A cluster of this test's own: roles belong to all of it."""
    with EmbeddedServer() as server:
        yield server


def database_of(server: EmbeddedServer, name: str, owner: str = "postgres") -> str:
    with psycopg.connect(server.conninfo(), autocommit=True) as admin:
        admin.execute(f"create database {name} owner {owner}")
    return server.conninfo(name)


def as_role(conninfo: str, role: str) -> str:
    return make_conninfo("", **conninfo_to_dict(conninfo) | {"user": role})


def test_another_database_creates_the_roles_in_the_same_moment(own_server: EmbeddedServer) -> None:
    first, second = (database_of(own_server, name) for name in ("first", "second"))
    failed: list[BaseException] = []

    def load() -> None:
        try:
            with psycopg.connect(second) as connection:
                ddl.load(connection, "public")
        except BaseException as error:
            failed.append(error)

    loading = threading.Thread(target=load)
    with psycopg.connect(first) as one, psycopg.connect(own_server.conninfo(), autocommit=True) as watch:
        with one.transaction():
            ddl.load(one, "public")
            loading.start()
            while not watch.execute(
                "select from pg_stat_activity where datname = 'second' and wait_event_type = 'Lock'"
            ).fetchall():
                assert loading.is_alive(), failed
        loading.join()
        assert failed == []
        found = watch.execute("select rolname from pg_roles where rolname like 'nosender%' order by 1")
        assert [name for (name,) in found] == list(ROLES)


def test_a_role_that_may_not_create_roles_is_told_what_to_ask_for(own_server: EmbeddedServer) -> None:
    with psycopg.connect(own_server.conninfo(), autocommit=True) as admin:
        admin.execute("create role owner_only login")
        conninfo = as_role(database_of(own_server, "owned", "owner_only"), "owner_only")
        with psycopg.connect(conninfo) as connection:
            with pytest.raises(errors.InsufficientPrivilege) as refused:
                ddl.load(connection, "public")
            assert "may not create roles" in (refused.value.diag.message_primary or "")
            statements = (refused.value.diag.message_hint or "").removeprefix("Have an administrator run: ")
            assert tables(connection, "public") == 0
        admin.execute(statements)
        with psycopg.connect(conninfo) as connection:
            ddl.load(connection, "public")
            assert tables(connection, "public") >= 7


def test_a_role_that_may_create_nothing_in_the_database(own_server: EmbeddedServer) -> None:
    with psycopg.connect(own_server.conninfo(), autocommit=True) as admin:
        admin.execute("create role guest login")
    conninfo = database_of(own_server, "others")
    with psycopg.connect(conninfo, autocommit=True) as admin:
        admin.execute("create schema guests authorization guest")
    with (
        psycopg.connect(as_role(conninfo, "guest")) as connection,
        pytest.raises(errors.InsufficientPrivilege, match="may not create the extension btree_gist"),
    ):
        ddl.load(connection, "guests")
