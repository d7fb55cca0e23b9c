"""Servers, roles and databases that are not as one would like: one sentence, and the next run completes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from nosender.errors import NosenderError
from nosender.migrations import runner
from nosender.migrations.apply import Patience
from nosender.migrations.revisions import VERSIONS, Chain
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from .extra import add
from .test_interruptions import exists

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]

STEPS = """
-- step: a table
create table if not exists letters (id int);

-- step: rows
insert into letters select n from generate_series(1, 100000) as n;

-- step: what only an owner may
comment on table guarded is 'x';

-- step: an index
create index concurrently if not exists letters_id on letters ((id::text), (md5(id::text)));

-- step: another table
create table if not exists parcels (id int);
"""


@contextmanager
def a_role(conninfo: str, *settings: str, owner: bool = True) -> Iterator[str]:
    """A role of this test's own, with settings; yields the conninfo of its sessions."""
    name = f"migrator_{conninfo.partition('/test_')[2].partition('?')[0]}"
    role = sql.Identifier(name)
    with psycopg.connect(conninfo, autocommit=True) as admin:
        admin.execute(sql.SQL("create role {} login").format(role))
        for setting in settings:
            admin.execute(sql.SQL("alter role {} set {}").format(role, sql.SQL(setting)))  # type: ignore[arg-type]
        if owner:
            admin.execute(sql.SQL("grant create on schema public to {}").format(role))
        try:
            yield make_conninfo(conninfo, user=name)
        finally:
            admin.execute(sql.SQL("drop owned by {} cascade").format(role))
            admin.execute(sql.SQL("drop role {}").format(role))


def steps(folder: Path) -> runner.Options:
    folder.mkdir()
    add(folder, "0001", STEPS, transactional=False)
    return runner.Options(versions=folder, patience=Patience(lock=1, attempts=2, pause=0.01))


def count(conninfo: str, table: str) -> int:
    with psycopg.connect(conninfo) as connection:
        query = sql.SQL("select count(*) from {}").format(sql.Identifier(table))
        return int((connection.execute(query).fetchone() or (0,))[0])


# ------------------------------------------------------------------------- roles


def test_rights_that_are_missing_at_the_third_step(database: str, tmp_path: Path) -> None:
    options = steps(tmp_path / "versions")
    with psycopg.connect(database) as admin:
        admin.execute("create table guarded ()")
    with a_role(database) as conninfo:
        with pytest.raises(
            NosenderError, match="0001, step 3: must be owner of table guarded; nothing of it"
        ):
            runner.upgrade(Target(conninfo), options=options)
        assert runner.current(Target(database), versions=options.versions).pending == ("0001",)
        with psycopg.connect(database) as admin:
            admin.execute("alter table guarded owner to current_user")
            name = conninfo_to_dict(conninfo)["user"]
            admin.execute(sql.SQL("alter table guarded owner to {}").format(sql.Identifier(str(name))))
        assert runner.upgrade(Target(conninfo), options=options).applied == ("0001",)
        assert exists(database, "parcels")


def test_a_disk_that_is_full_while_an_index_is_built(database: str, tmp_path: Path) -> None:
    """The server says so in the same way as of a full disk: of no revision's making, and of class 53."""
    options = steps(tmp_path / "versions")
    limits = ("temp_file_limit to '64kB'", "maintenance_work_mem to '1MB'")
    with a_role(database, *limits) as conninfo:
        name = str(conninfo_to_dict(conninfo)["user"])
        with psycopg.connect(database) as admin:
            admin.execute("create table guarded ()")
            admin.execute(sql.SQL("alter table guarded owner to {}").format(sql.Identifier(name)))
        with pytest.raises(
            NosenderError, match=r"0001, step 4: temporary file size exceeds .*, run again when"
        ):
            runner.upgrade(Target(conninfo), options=options)
        with psycopg.connect(database, autocommit=True) as admin:
            invalid = "select indisvalid from pg_index where indexrelid = 'letters_id'::regclass"
            assert admin.execute(invalid).fetchone() == (False,)
            admin.execute(sql.SQL("alter role {} reset all").format(sql.Identifier(name)))
        assert runner.upgrade(Target(conninfo), options=options).applied == ("0001",)
        with psycopg.connect(database) as admin:
            assert admin.execute(invalid).fetchone() == (True,)


@pytest.mark.parametrize(
    "setting",
    [
        "idle_session_timeout to '30ms'",
        "idle_in_transaction_session_timeout to '30ms'",
        "search_path to hostile, pg_catalog, public",
        "datestyle to 'German'",
        "client_min_messages to 'error'",
        "default_transaction_isolation to 'serializable'",
        "check_function_bodies to off",
        "quote_all_identifiers to on",
        "lock_timeout to '1ms'",
    ],
)
def test_settings_of_a_role_that_change_nothing(database: str, tmp_path: Path, setting: str) -> None:
    up = "select pg_sleep(0.1);\ncreate table letters (id int);\n"
    versions = tmp_path / "versions"
    versions.mkdir()
    add(versions, "0001", up)
    add(
        versions,
        "0002",
        "\n-- step: a table\ncreate table if not exists parcels (id int);\n",
        transactional=False,
    )
    with psycopg.connect(database) as admin:
        admin.execute(
            """
            create schema hostile;
            grant usage on schema hostile to public;
            create function hostile.pg_try_advisory_lock(int, int) returns boolean
            language plpgsql as $$ begin raise 'taken in'; end $$;
            create function hostile.taken_in(name, name) returns boolean
            language plpgsql as $$ begin raise 'taken in'; end $$;
            create operator hostile.= (leftarg = name, rightarg = name, function = hostile.taken_in);
            create function hostile.pg_backend_pid() returns int
            language plpgsql as $$ begin raise 'taken in'; end $$;
            """
        )
    with a_role(database, setting) as conninfo:
        options = runner.Options(versions=versions)
        assert runner.upgrade(Target(conninfo), options=options).applied == ("0001", "0002")
        assert runner.current(Target(conninfo), versions=versions).pending == ()
        assert exists(database, "public.letters")


def test_a_statement_timeout_of_the_role(database: str, tmp_path: Path) -> None:
    """It holds for what can keep others waiting, and not for what CONCURRENTLY does beside them."""
    versions = tmp_path / "versions"
    versions.mkdir()
    slow = "create function slow(int) returns int immutable language sql as 'select 1 from pg_sleep(0.4)';\n"
    add(versions, "0001", f"{slow}create table letters (id int);\ninsert into letters values (1);\n")
    index = "create index concurrently if not exists i on letters (slow(id))"
    add(versions, "0002", f"\n-- step: an index\n{index};\n", transactional=False)
    add(versions, "0003", "select pg_sleep(0.4);\n")
    options = runner.Options(versions=versions)
    with a_role(database, "statement_timeout to '300ms'") as conninfo:
        sentence = (
            r"revision 0003: canceling statement due to statement timeout; .* PGOPTIONS='-c statement_tim"
        )
        with pytest.raises(NosenderError, match=sentence):
            runner.upgrade(Target(conninfo), options=options)
        assert runner.current(Target(conninfo), versions=versions).pending == ("0003",)
        lifted = make_conninfo(conninfo, options="-c statement_timeout=0")
        assert runner.upgrade(Target(lifted), options=options).applied == ("0003",)


def test_a_role_that_is_to_read_only(database: str) -> None:
    with (
        a_role(database, "default_transaction_read_only to on") as conninfo,
        pytest.raises(NosenderError, match=r"sessions of role migrator_\S+ are read-only here"),
    ):
        runner.upgrade(Target(conninfo))
    assert not exists(database, "alembic_version")
    runner.upgrade(Target(database))
    with psycopg.connect(database, autocommit=True) as admin:
        name = sql.Identifier(admin.info.dbname)
        admin.execute(sql.SQL("alter database {} set default_transaction_read_only to on").format(name))
    assert runner.upgrade(Target(database)).applied == ()  # with nothing to do there is nothing to refuse
    assert runner.check(Target(database))[1] == ()
    for act in (lambda t: runner.downgrade(t, "base"), lambda t: runner.accept(t, "0001")):
        with pytest.raises(NosenderError, match="are read-only here"):
            act(Target(database))


def test_an_ordinary_owner_gets_the_sql_for_the_administrator() -> None:
    """No superuser, no CREATEROLE, a database of somebody else's: what to run is in each sentence."""
    with (
        EmbeddedServer() as server,  # where the roles are not there yet
        psycopg.connect(server.conninfo(), autocommit=True) as admin,
    ):
        admin.execute("create role ordinary login")
        admin.execute("revoke create on schema public from public")

        def upgrade() -> runner.Receipt:
            return runner.upgrade(Target(make_conninfo(server.conninfo(), user="ordinary")))

        with pytest.raises(
            NosenderError, match=r"may not create the extension .*\(Have an administrator run"
        ):
            upgrade()
        admin.execute("create extension btree_gist")
        with pytest.raises(NosenderError, match="may not create roles, and nosender_app is missing") as told:
            upgrade()
        assert str(told.value).count("\n") == 0
        commands = str(told.value).partition("Have an administrator run: ")[2].partition(")")[0]
        admin.execute(commands.encode())
        with pytest.raises(NosenderError, match="permission denied for schema public; nothing was kept"):
            upgrade()
        admin.execute("grant create on schema public to ordinary")
        # who does not own the schema may not open it to others: PostgreSQL says that in a warning only
        with pytest.raises(
            NosenderError, match="grant schema public to nosender_app: expected USAGE"
        ) as refused:
            upgrade()
        commands = str(refused.value).partition("have an administrator run: ")[2].partition(")")[0]
        admin.execute(commands.encode())
        assert upgrade().applied[-1] == Chain.load().head


# --------------------------------------------------------------------- the server


def test_a_standby() -> None:
    with EmbeddedServer(settings={"wal_level": "replica", "max_wal_senders": "2"}) as primary:
        runner.upgrade(Target(primary.conninfo()), "0001")
        folder = primary.directory / "standby"
        command = [
            str(primary.binaries.program("pg_basebackup")),
            "-D",
            str(folder),
            "-d",
            primary.conninfo(),
        ]
        subprocess.run([*command, "-X", "stream", "-c", "fast", "-R"], check=True, timeout=120)
        if primary.account:
            owner = f"{primary.account[0]}:{primary.account[1]}"
            subprocess.run(["chown", "-R", owner, str(folder)], check=True)
        with EmbeddedServer(primary.binaries, directory=folder) as standby:
            target = Target(standby.conninfo())
            with pytest.raises(NosenderError, match="is a standby, which cannot be written to: connect to"):
                runner.upgrade(target)
            assert runner.current(target).revision == "0001"
            assert runner.check(target)[1] == ()
        assert runner.upgrade(Target(primary.conninfo())).applied


def test_the_session_that_holds_the_lock_is_ended(database: str, tmp_path: Path) -> None:
    """Whoever has lost the lock does not go on: another migrator may have won it."""
    versions = tmp_path / "versions"
    versions.mkdir()
    add(versions, "0001", "create table letters ();\n")
    end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
    add(versions, "0002", f"{end} and application_name = 'nosender migrator lock';\n")
    add(versions, "0003", "create table parcels ();\n")
    options = runner.Options(versions=versions)
    with pytest.raises(NosenderError, match="the connection was lost in the middle"):
        runner.upgrade(Target(database), options=options)
    assert not exists(database, "parcels")
    (versions / "0002_more.up.sql").write_text("select 1;\n")
    assert runner.accept(Target(database), "0002", options)
    assert runner.upgrade(Target(database), options=options).applied == ("0003",)


def test_an_event_trigger_that_refuses(database: str) -> None:
    target = Target(database)
    runner.upgrade(target, "0001")
    with psycopg.connect(database) as admin:
        admin.execute(
            """
            create schema calendar;
            create function calendar.refuse() returns event_trigger language plpgsql as $$
            begin raise exception E'no changes\\x1b[31m\\non a Friday'; end $$;
            create event trigger friday on ddl_command_start execute function calendar.refuse();
            """
        )
    with pytest.raises(NosenderError) as caught:
        runner.upgrade(target, options=runner.Options(verify=False))
    assert str(caught.value).startswith("revision 0002: no changes")
    assert str(caught.value).isprintable()
    with psycopg.connect(database) as admin:
        admin.execute("drop event trigger friday; drop function calendar.refuse")
    assert runner.upgrade(target).applied[0] == "0002"


@pytest.mark.parametrize(("schema", "replay"), [("extensions", False), ('My "ext"', True)])
def test_an_extension_in_another_schema(any_database: str, schema: str, replay: bool) -> None:
    with psycopg.connect(any_database) as admin:
        name = sql.Identifier(schema)
        admin.execute(sql.SQL("create schema {0}; create extension btree_gist schema {0}").format(name))
    target = Target(any_database, "Our Schema")
    assert runner.upgrade(target, options=runner.Options(replay=replay)).applied
    assert runner.check(target)[1] == ()
    runner.downgrade(target, "base")
    assert runner.upgrade(target).applied


# ------------------------------------------------------------------------ the books


def test_books_that_are_not_as_they_were_left(database: str) -> None:
    target = Target(database)
    runner.upgrade(target)
    head = Chain.load().head

    def told(change: str, undo: str) -> str:
        with psycopg.connect(database, autocommit=True) as admin:
            admin.execute(change.encode())
            try:
                with pytest.raises(NosenderError) as caught:
                    runner.upgrade(target)
                assert caught.value.exit_code == 4
            finally:
                admin.execute(undo.encode())
        assert runner.upgrade(target).applied == ()
        return str(caught.value)

    version = f"delete from alembic_version; insert into alembic_version values ('{head}')"
    two = told("insert into alembic_version values ('0001')", version)
    assert two == f"the database is at several revisions at once (0001, {head}); delete all but one"
    gone = told("delete from alembic_version", version)
    assert gone.startswith(f"alembic_version says nothing, and migration_journal that {head} was applied")
    edited = "update migration_journal set checksum = {} where revision = '0003'"
    text = Chain.load().get("0003").checksum
    assert "revision 0003 was changed after" in told(
        edited.format("repeat('0', 64)"), edited.format(f"'{text}'")
    )
    assert "table public.migration_journal, name: expected migration_journal, found hidden" in told(
        "alter table migration_journal rename to hidden", "alter table hidden rename to migration_journal"
    )
    column = "alter table migration_journal rename column {} to {}"
    assert "does not exist" in told(column.format("checksum", "odd"), column.format("odd", "checksum"))


def test_another_project_in_the_same_schema(database: str, run_nosender: RunNosender) -> None:
    with psycopg.connect(database) as admin:
        admin.execute("create table alembic_version (version_num varchar(32) primary key)")
        admin.execute("insert into alembic_version values ('ae1027a6acf')")
    for act in (runner.upgrade, runner.current, runner.check):
        with pytest.raises(
            NosenderError, match=r"another project's, at revision ae1027a6acf: name a schema of"
        ):
            act(Target(database))
    done = run_nosender("--url", database, "db", "plan")
    assert (done.returncode, done.stderr.count("\n")) == (4, 1)
    assert runner.upgrade(Target(database, "messages")).applied
    with psycopg.connect(database) as admin:
        assert admin.execute("select version_num from public.alembic_version").fetchone() == ("ae1027a6acf",)
        admin.execute("drop table alembic_version; create view alembic_version as select 1 as odd")
    for act in (runner.upgrade, runner.current):
        with pytest.raises(NosenderError, match="is no ordinary table, so it was not read"):
            act(Target(database))


def test_a_checkout_with_line_ends_of_windows(database: str, tmp_path: Path) -> None:
    for path in VERSIONS.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    target = Target(database)
    assert runner.upgrade(target, "0003", runner.Options(versions=tmp_path)).applied
    assert runner.upgrade(target).applied[0] == "0004"
    assert runner.check(target, runner.Options(versions=tmp_path))[1] == ()
