"""Where an object stands decides whose it is: not its number, and not what an extension is said to own."""

from __future__ import annotations

import psycopg
import pytest

from nosender.schema.observe import observe


@pytest.fixture
def moved(any_database: str) -> str:
    """A superuser moved a catalog, a view, a function and a type of PostgreSQL's, and renamed `public`."""
    with psycopg.connect(any_database, autocommit=True, options="-c allow_system_table_mods=on") as admin:
        admin.execute("alter schema public rename to folks; create schema public")
        admin.execute("alter table pg_catalog.pg_ts_config_map set schema public")
        admin.execute("alter view pg_catalog.pg_timezone_abbrevs set schema public")
        admin.execute("alter function pg_catalog.pg_sleep(float8) set schema public")
        admin.execute("alter domain information_schema.yes_or_no set schema public")
    return any_database


def test_what_was_moved_out_of_a_catalog_is_seen(moved: str) -> None:
    with psycopg.connect(moved) as connection:
        seen = observe(connection, "public")
    relations = {(each.schema, each.name) for each in seen.relations}
    assert {("public", "pg_ts_config_map"), ("public", "pg_timezone_abbrevs")} <= relations
    assert ("public", "mapcfg") in {(each.schema, each.name) for each in seen.columns}
    assert ("public", "pg_sleep") in {(each.schema, each.name) for each in seen.functions}
    assert ("public", "yes_or_no") in {(each.schema, each.name) for each in seen.types}
    assert "folks" in {each.name for each in seen.schemas}


def test_a_database_as_it_is_made_holds_nothing_of_ours(any_database: str) -> None:
    with psycopg.connect(any_database) as connection:
        seen = observe(connection, "public")
    assert (seen.relations, seen.columns, seen.functions, seen.types) == ((), (), (), ())


@pytest.mark.parametrize(
    "body",
    ["language sql as 'select false'", "language plpgsql as 'begin return false; end'"],
)
def test_an_operator_is_an_extensions_only_with_its_c_code_behind_it(any_migrated: str, body: str) -> None:
    with psycopg.connect(any_migrated) as connection:
        connection.execute(
            f"""
            create function same(oid, regclass) returns boolean {body};
            create operator = (leftarg = oid, rightarg = regclass, function = same);
            create type pair as (a int, b int);
            create function paired(pair) returns text language sql as 'select ''''';
            create cast (pair as text) with function paired (pair) as implicit;
            create operator === (leftarg = int4, rightarg = int4, function = int4ne);
            alter extension btree_gist add operator = (oid, regclass);
            alter extension btree_gist add operator === (int4, int4);
            alter extension btree_gist add function same(oid, regclass);
            alter extension btree_gist add cast (pair as text)
            """.encode()
        )
        seen = observe(connection, "public")
    planted = {
        "public.=(pg_catalog.oid,pg_catalog.regclass)",
        "public.===(integer,integer)",
        "(public.pair AS pg_catalog.text)",
    }
    found = {each.name: each.extension for each in seen.others if each.kind in ("operator", "cast")}
    assert {name for name in planted if found.get(name, "missing") is None} == planted
    assert {owner for name, owner in found.items() if name not in planted} == {"btree_gist"}
