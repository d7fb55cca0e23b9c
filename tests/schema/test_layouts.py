"""The layout for Citus says of each key of the core whether it holds there, and PostgreSQL agrees."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from nosender.errors import UsageError
from nosender.privacy_audit.check import discover
from nosender.schema import ddl
from nosender.schema.catalogue import load
from nosender.schema.layouts import layout as layouts
from nosender.schema.layouts import standing
from nosender.schema.layouts.declared import declared_of
from nosender.schema.layouts.keys import problems, refused, refused_triggers
from nosender.schema.layouts.scripts import core_texts, keys_and_functions
from nosender.schema.observe import observe, reference

CORE = reference("public")
LAYOUT = layouts.read()


def test_the_layout_says_of_every_key_that_cannot_hold_what_is_lost() -> None:
    assert problems(CORE, LAYOUT) == ()
    assert {(each.table, each.name) for each in refused(CORE, LAYOUT)} == {
        (each.table, each.name) for each in LAYOUT.keys
    }


def test_what_nobody_said_is_a_problem() -> None:
    for key in LAYOUT.keys:
        less = replace(LAYOUT, keys=tuple(each for each in LAYOUT.keys if each != key))
        assert [(each.table, each.name) for each in problems(CORE, less)] == [(key.table, key.name)]
    elsewhere = replace(LAYOUT, tables=tuple(each for each in LAYOUT.tables if each.name != "users"))
    assert ("users", "", "stands nowhere in the layout") in {
        (each.table, each.name, each.sentence) for each in problems(CORE, elsewhere)
    }
    (key,) = [each for each in LAYOUT.keys if each.name == "messages_pkey"]
    wrong = replace(
        LAYOUT, keys=tuple(replace(each, instead=("id",)) if each == key else each for each in LAYOUT.keys)
    )
    assert [each.sentence for each in problems(CORE, wrong)] == [
        "is replaced by a key that cannot hold either"
    ]


def test_the_layout_says_of_every_trigger_whether_it_stands_on_a_shard() -> None:
    assert refused_triggers(CORE, LAYOUT) == ()
    called = {each.function for each in CORE.triggers if each.table in {one.name for one in LAYOUT.tables}}
    for name in (*LAYOUT.guards, *(each.function for each in LAYOUT.triggers)):
        assert f"public.{name}()" in called, name
    less = replace(LAYOUT, guards=LAYOUT.guards[1:])
    assert {each.table for each in refused_triggers(CORE, less)} == {"message_deliveries"}


def test_each_function_of_the_layout_was_made_of_the_present_one() -> None:
    """Where this fails, read the function of the core again, and renew [made_from] of layout.toml."""
    assert dict(LAYOUT.made_from) == core_texts()


def test_what_the_layout_adds_says_what_it_is_for() -> None:
    said = {each.object: each.text for each in standing.beside("public").has.comments}
    for each in LAYOUT.columns:
        assert said[f"public.{each.table}.{each.name}"] == each.purpose
    declared = declared_of(load(), standing.applied(CORE, standing.beside("public")))
    assert not [each for each in declared.functions if each.name == "deliver_to_destination_only"]
    own = {each.name for each in standing.beside("public").has.functions} - {
        each.name for each in CORE.functions
    }
    assert own == {name for name, _ in LAYOUT.functions}
    keys = {(each.table, each.columns) for each in declared.foreign_keys}
    live = {
        (each.table, each.columns)
        for each in standing.applied(CORE, standing.beside("public")).constraints
        if each.kind == "foreign key"
    }
    assert keys == live


def test_no_function_of_the_layout_asks_for_a_generic_plan(database: str) -> None:
    """Citus makes none of a statement whose parameter says which node it is for."""
    with psycopg.connect(database) as connection:
        ddl.load(connection, "public")
        connection.execute(keys_and_functions("public").encode())
        functions = observe(connection, "public").functions
    assert [each.name for each in functions if any("plan_cache_mode" in one for one in each.config)] == []


def test_a_new_unique_key_needs_its_word() -> None:
    (old,) = [each for each in CORE.constraints if each.name == "messages_pkey"]
    new = replace(old, name="messages_kept", kind="unique", columns=("created_at",))
    more = replace(CORE, constraints=(*CORE.constraints, new))
    assert [(each.name, each.sentence) for each in problems(more, LAYOUT)] == [
        ("messages_kept", "lacks destination_phone, by which its table is distributed")
    ]


def test_postgresql_refuses_the_same_keys(connection: psycopg.Connection) -> None:
    unable = {each.name for each in refused(CORE, LAYOUT)}
    added = {each.name: each.column for each in LAYOUT.tables if each.adds_column}
    tried = 0
    for table in LAYOUT.tables:
        if table.column is None:
            continue
        unique = {
            each.name: each.columns
            for each in CORE.constraints
            if each.table == table.name and each.kind in ("primary key", "unique")
        } | {
            each.name: each.columns
            for each in CORE.indexes
            if each.table == table.name and each.unique and not each.constraint and not each.expressions
        }
        for name, columns in unique.items():
            make = sql.SQL("create table tried (like public.{}{}) partition by hash ({})").format(
                sql.Identifier(table.name),
                sql.SQL(", {} text").format(sql.Identifier(table.column))
                if table.name in added
                else sql.SQL(""),
                sql.Identifier(table.column),
            )
            index = sql.SQL("create unique index on tried ({})").format(
                sql.SQL(", ").join(sql.Identifier(each or "") for each in columns)
            )
            with connection.transaction(force_rollback=True):
                connection.execute("set local search_path to public")
                connection.execute(make)
                if name in unable:
                    with pytest.raises(psycopg.errors.FeatureNotSupported), connection.transaction():
                        connection.execute(index)
                else:
                    connection.execute(index)
            tried += 1
    assert tried == 4


def test_a_file_that_is_not_right(tmp_path: Path) -> None:
    path = tmp_path / "layout.toml"
    path.write_text(
        '[tables.a]\nkind = "distributed"\ncolumn = "x"\nwith = "b"\n[tables.b]\nkind = "local"\n'
    )
    with pytest.raises(UsageError, match=r"layout.toml:4: b is not distributed by x"):
        layouts.read_file(path, tmp_path)
    path.write_text('[tables.a]\nkind = "sharded"\n')
    with pytest.raises(UsageError, match=r"layout.toml:2: kind is 'sharded'"):
        layouts.read_file(path, tmp_path)


def test_a_node_is_quiet_by_what_the_audit_takes_for_quiet() -> None:
    """By every setting that writes values down; of those that tell moments and addresses the audit speaks."""
    rules: dict[str, object] = {}
    for each in discover():
        if each.check.slug in ("recording-setting", "error-logging"):
            rules |= vars(sys.modules[each.look.__module__])["RULES"]
    no_values = {
        "log_duration", "log_connections", "log_disconnections", "log_hostname", "track_commit_timestamp",
        "log_line_prefix", "log_replication_commands", "pgaudit.log_rows", "citus.node_conninfo",
        "citus.log_multi_join_order",
    }  # fmt: skip
    assert set(rules) - no_values <= {each.name for each in LAYOUT.settings}, "not asked of a node"
