"""What is stored for sessions does not reach ours, and nothing of ours stays in a session that is lent."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from nosender.errors import NosenderError
from nosender.migrations import runner
from nosender.retention.sweep import sweep
from nosender.retention.watch import Watch, watch
from nosender.server.pinned_connection import LIMITS, PINNED, READING
from nosender.server.target import Target

from ..pool import Pool, needs_pgbouncer

WORST = {
    "search_path": "evil, public",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
    "backslash_quote": "on",
    "escape_string_warning": "off",
    "transform_null_equals": "on",
    "array_nulls": "off",
    "constraint_exclusion": "on",
    "xmlbinary": "hex",
    "xmloption": "document",
    "datestyle": "German",
    "intervalstyle": "sql_standard",
    "timezone": "Asia/Tokyo",
    "timezone_abbreviations": "Australia",
    "extra_float_digits": "-15",
    "quote_all_identifiers": "on",
    "client_encoding": "SQL_ASCII",
    "row_security": "on",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "exit_on_error": "on",
    "jit": "on",
    "check_function_bodies": "off",
    "plpgsql.extra_errors": "all",
    "plpgsql.extra_warnings": "all",
    "lc_monetary": "C.UTF-8",
    "lc_numeric": "C.UTF-8",
    "lc_time": "C.UTF-8",
}


def store(database: str, settings: dict[str, str], role: str | None = None) -> None:
    name = sql.Identifier(str(conninfo_to_dict(database)["dbname"]))
    whose = sql.SQL("database {}").format(name)
    if role is not None:
        whose = sql.SQL("role {} in database {}").format(sql.Identifier(role), name)
    with psycopg.connect(database, autocommit=True) as admin:
        for setting, value in settings.items():
            change = sql.SQL("alter {} set {} to {}").format(
                whose, sql.SQL(setting), sql.SQL(value_of(value))
            )
            admin.execute(change)


def value_of(value: str) -> str:
    return ", ".join(f"'{each.strip()}'" for each in value.split(","))


def shown(connection: psycopg.Connection, names: object) -> dict[str, str]:
    return {
        name: connection.execute("select current_setting(%s)", [name]).fetchone()[0]  # type: ignore[index]
        for name in list(names)  # type: ignore[call-overload]
    }


@pytest.mark.parametrize("role", [None, "postgres"])
def test_what_is_stored_for_a_database_or_a_role_is_beaten(any_database: str, role: str | None) -> None:
    store(any_database, WORST, role)
    assert set(WORST) == set(PINNED)
    with psycopg.connect(any_database) as unpinned:
        worst = shown(unpinned, PINNED)
    assert all(worst[name].lower() != PINNED[name].lower() for name in PINNED)
    with Target(any_database).connect("nosender test", reading=True) as connection:
        assert not connection.lent
        assert shown(connection, PINNED) | {"datestyle": "ISO, MDY"} == dict(PINNED)
        assert shown(connection, READING) == dict(READING)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("create table public.t ()")


def test_libpqs_own_variables_do_not_win(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """PGTZ and PGDATESTYLE go along after the options, and so each transaction has to set ours."""
    away = make_conninfo(database, host=conninfo_to_dict(database)["host"] + "/.")  # a server of somebody's
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    monkeypatch.setenv("PGDATESTYLE", "German")
    with Target(away).connect("nosender test") as connection:
        assert shown(connection, ["timezone", "datestyle"]) == {"timezone": "UTC", "datestyle": "ISO, MDY"}
        connection.commit()
        assert shown(connection, ["timezone"]) == {"timezone": "UTC"}


def test_sessions_without_triggers_are_refused(database: str) -> None:
    store(database, {"session_replication_role": "replica"})
    with pytest.raises(NosenderError, match=r"session_replication_role is replica .* RESET"):
        Target(database).connect("nosender test")


def test_a_role_that_the_owner_of_the_database_chose_is_refused(database: str) -> None:
    """What a superuser makes would belong to it."""
    store(database, {"role": "pg_monitor"})
    with pytest.raises(NosenderError, match=r"a role is stored there for everybody .* RESET role"):
        Target(database).connect("nosender test")
    own = make_conninfo(database, options="-c role=pg_read_all_stats")
    with Target(own).connect("nosender test") as connection:
        assert connection.execute("select current_user").fetchone() == ("pg_read_all_stats",)


def test_a_limit_that_the_user_names_is_kept(database: str) -> None:
    given = make_conninfo(database, options="-c lock_timeout=77ms -c TimeZone=Asia/Tokyo")
    with Target(given).connect("nosender test", reading=True) as connection:
        assert shown(connection, ["lock_timeout", "timezone"]) == {"lock_timeout": "77ms", "timezone": "UTC"}


def backend(through: str) -> dict[str, str]:
    """The settings of a session that the pool lends next, as its owner finds them."""
    with psycopg.connect(through, autocommit=True, prepare_threshold=None) as connection:
        return shown(
            connection, sorted({*PINNED, *LIMITS, *READING, "statement_timeout"} - {"client_encoding"})
        )


@needs_pgbouncer
@pytest.mark.parametrize("ignored", [None, "options"])
@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_nothing_of_ours_stays_in_a_pool(database: str, pool: Pool, mode: str, ignored: str | None) -> None:
    runner.upgrade(Target(database))
    store(database, {name: value for name, value in WORST.items() if name not in ("client_encoding",)})
    settings: dict[str, object] = {"default_pool_size": 1, "server_reset_query": ""}
    if ignored:
        settings["ignore_startup_parameters"] = ignored
    through = pool(mode, **settings)
    before = backend(through)
    with Target(through).connect("nosender test", reading=True) as connection:
        assert connection.lent
        for _ in range(2):
            assert shown(connection, PINNED) | {"datestyle": "ISO, MDY"} == dict(PINNED)
            assert shown(connection, ["transaction_read_only"]) == {"transaction_read_only": "on"}
            connection.commit()
    assert runner.current(Target(through)).pending == ()
    assert backend(through) == before


@needs_pgbouncer
def test_a_session_of_a_pool_is_given_back_as_it_was(database: str, pool: Pool) -> None:
    """What needs a session sets it, and takes it back."""
    stored = ("bytea_output", "timezone", "plpgsql.extra_errors", "plpgsql.extra_warnings")
    store(database, {name: WORST[name] for name in stored})
    through = pool("session", server_reset_query="")
    before = backend(through)
    target = Target(through)
    assert runner.upgrade(target).applied
    sweep(target)
    assert runner.check(target)[1] == ()
    for _ in range(4):  # the pool has had several sessions by now
        assert backend(through) == before


@needs_pgbouncer
@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_what_holds_a_lock_refuses_a_pool_that_lends_transactions(
    database: str, pool: Pool, mode: str
) -> None:
    from nosender.retention.erase import erase
    from nosender.retention.stop import Stop

    runner.upgrade(Target(database))
    through = Target(pool(mode))
    told: list[str] = []
    commands = {
        "sweep": lambda: sweep(through),
        "workers": lambda: sweep(through, workers=2),
        "erase": lambda: erase(through),
        "rewrite": lambda: erase(through, rewrite=True),
        "upgrade": lambda: runner.upgrade(through),
        "downgrade": lambda: runner.downgrade(through, "base"),
    }
    for command in commands.values():
        with pytest.raises(NosenderError, match="a pooler that lends a session for one transaction only"):
            command()
    assert watch(through, Watch(interval=0.01, sweeps=1), stop=Stop(), tell=told.append) == 1
    assert "a pooler that lends" in told[0]
    with psycopg.connect(database) as connection:
        held = "select count(*) from pg_locks where locktype = 'advisory'"
        assert connection.execute(held).fetchone() == (0,)
