"""Every setting that a database or a role can store is set to its worst, and no answer changes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from nosender.errors import NosenderError
from nosender.migrations import runner
from nosender.privacy_audit import runner as audits
from nosender.privacy_audit.reports import render
from nosender.retention import ledger, status
from nosender.retention.status_text import verdict_json
from nosender.retention.sweep import FAST, sweep
from nosender.server.binaries import all_binaries
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target
from nosender.traffic.fill import fill

from .server.test_pinned import WORST, value_of

# Beside those that ours begin with: what else a session reads, writes, plans or ends by.
MORE = {
    "statement_timeout": "1",
    "lock_timeout": "1",
    "idle_session_timeout": "1",
    "idle_in_transaction_session_timeout": "1",
    "transaction_timeout": "1",
    "default_transaction_read_only": "on",
    "session_replication_role": "replica",
    "default_tablespace": "absent",
    "temp_tablespaces": "absent",
    "local_preload_libraries": "absent",
    "session_preload_libraries": "absent",
    "default_toast_compression": "pglz",
    "default_text_search_config": "pg_catalog.german",
    "lc_messages": "C.UTF-8",
    "client_min_messages": "error",
    "log_min_messages": "panic",
    "synchronous_commit": "off",
    "work_mem": "64",
    "temp_file_limit": "0",
    "from_collapse_limit": "1",
    "join_collapse_limit": "1",
    "constraint_exclusion": "on",
    "plan_cache_mode": "force_generic_plan",
    "cursor_tuple_fraction": "0",
    "geqo_threshold": "2",
    "gin_fuzzy_search_limit": "1",
    "force_parallel_mode": "on",
    "debug_parallel_query": "on",
    "default_statistics_target": "1",
    "jit_above_cost": "0",
    "parallel_setup_cost": "0",
    "min_parallel_table_scan_size": "0",
    "plpgsql.variable_conflict": "use_column",
    "plpgsql.check_asserts": "off",
    "restrict_nonsystem_relation_kind": "view, foreign-table",
    "role": "nosender_auditor",
}
REFUSED = {
    "session_replication_role", "session_preload_libraries", "local_preload_libraries", "temp_file_limit",
    "transaction_timeout", "role",
}  # fmt: skip
"""Which a command may refuse, in one sentence."""
BOOLEANS = ("enable_", "array_nulls", "jit", "geqo", "exit_on_error", "parallel_leader_participation")

Answers = dict[str, Any]


def _answers(target: Target) -> Answers:
    """What the commands say, without what moves."""
    report = json.loads(render("json", audits.run(target)))
    report["run"] = {name: report["run"][name] for name in ("role", "tool", "ledger")}
    looked = status.read_status(target)
    return {
        "audit": report,
        "check": [each.line for each in runner.check(target)[1]],
        "current": runner.current(target),
        "verify": verdict_json(ledger.verify_target(target)),
        "status": [(each.table, each.due, each.more, each.oldest) for each in looked.overdue]
        + [(run.run, run.status, run.started, run.deleted) for run in looked.runs],
    }


def _stored(conninfo: str) -> Iterator[tuple[str, str]]:
    """Names and worst values of all that this server knows."""
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute(
            """
            select name, vartype, setting, enumvals from pg_settings
            where context in ('user', 'superuser') and category not like 'Developer%'
            """
        ).fetchall()
    for name, kind, setting, values in rows:
        given = {**WORST, **MORE}.get(name) or {**WORST, **MORE}.get(name.lower())
        if given is not None:
            yield name, given
        elif kind == "bool" and name.startswith(BOOLEANS):
            yield name, "off" if setting == "on" else "on"
        elif kind == "enum" and name.startswith(("default_", "xml", "bytea", "backslash", "debug_par")):
            yield name, next(each for each in values if each != setting)
    yield from ((name, value) for name, value in {**WORST, **MORE}.items() if "." in name)


PAIR = [found for found in all_binaries() if found.major in (15, 18)]


@pytest.fixture(scope="module", params=PAIR, ids=lambda found: f"pg{found.major}")
def filled(request: pytest.FixtureRequest) -> Iterator[str]:
    """A filled and swept database on a server of its own, and a role that sees all of it."""
    with EmbeddedServer(request.param) as server:
        with psycopg.connect(server.conninfo(), autocommit=True) as admin:
            admin.execute("create database told")
            admin.execute("create role looks login superuser")
        target = Target(server.conninfo("told"))
        runner.upgrade(target)
        fill(target, 10, 60, seed=5)
        sweep(target, pace=FAST)
        with psycopg.connect(target.conninfo, autocommit=True) as admin:
            admin.execute("vacuum (freeze, analyze)")
        yield target.conninfo


TOLD = {
    "stored-setting", "other-time-zone", "recording-setting", "bypassed-trigger", "preloaded-library",
    "error-logging",
}  # fmt: skip
"""Checks that find a stored setting, which is true."""


def _without_stored(answers: Answers) -> Answers:
    report = answers["audit"]
    text = {
        "findings": [each for each in report["findings"] if each["check"] not in TOLD],
        "checks": [
            {key: value for key, value in each.items() if key != "examined"}
            for each in report["checks"]
            if each["check"] not in TOLD
        ],
        "limits": report["limits"],
        "run": report["run"],
    }
    return {**answers, "audit": text}


def _store(admin: str, whose: str, settings: dict[str, str]) -> int:
    """Store them, and say how many: a value that this server does not take stands for nothing."""
    stored = 0
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"alter {whose} reset all".encode())
        for name, value in settings.items():
            with contextlib.suppress(
                psycopg.errors.InvalidParameterValue,
                psycopg.errors.UndefinedObject,
                psycopg.errors.CantChangeRuntimeParam,
            ):
                connection.execute(f"alter {whose} set {name} to {value_of(value)}".encode())
                stored += 1
    return stored


@pytest.mark.parametrize("place", ["database", "role"])
def test_no_stored_setting_changes_an_answer(filled: str, place: str) -> None:
    admin = make_conninfo(filled, dbname="postgres")
    target = Target(filled if place == "database" else make_conninfo(filled, user="looks"))
    whose = "database told" if place == "database" else "role looks"
    before = _without_stored(_answers(target))
    settings = {name: value for name, value in _stored(admin) if name not in REFUSED}
    assert _store(admin, whose, settings) > 50
    try:
        together = _without_stored(_answers(target))
    except NosenderError as error:
        together = {"refused": str(error)}
    for name in () if together == before else settings:  # which of them it was
        _store(admin, whose, {name: settings[name]})
        assert _without_stored(_answers(target)) == before, (name, settings[name])
    assert together == before
    for name in sorted(REFUSED):
        _store(admin, whose, {name: MORE[name]})
        try:
            assert _without_stored(_answers(target)) == before or name == "role", name
        except NosenderError as error:
            said = str(error)
            assert "\n" not in said, name
    _store(admin, whose, {})
