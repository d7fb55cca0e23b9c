"""What is a member of an extension counts as its own only where the extension's own code stands behind it."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from nosender.privacy_audit.check import discover
from nosender.privacy_audit.reading import read_snapshot
from nosender.privacy_audit.runner import ask
from nosender.schema.catalogue import load
from nosender.schema.observe import observe
from nosender.server.embedded import EmbeddedServer

PLANTED = {
    "text search dictionary": "(template = pg_catalog.simple)",
    "text search configuration": "(copy = pg_catalog.simple)",
    "collation": "(locale = 'C')",
    "aggregate": "(int) (sfunc = pg_catalog.int4pl, stype = int)",
    "operator": "(rightarg = int, function = pg_catalog.int4um)",
    "conversion": "for 'LATIN1' to 'UTF8' from pg_catalog.iso8859_1_to_utf8",
    "operator class": "for type int using hash as function 1 pg_catalog.hashint4(int)",
}
REST = {"aggregate": "(int)", "operator": "(none, int)", "operator class": " using hash"}


@pytest.mark.parametrize("kind", [*PLANTED, "cast", "access method", "language"])
def test_a_member_without_code_of_the_extension_is_found(migrated: str, kind: str) -> None:
    name = "public.@-@" if kind == "operator" else "public.pair_of_two"
    rest = REST.get(kind, "")
    if kind == "cast":
        made, name = "create cast (text as integer) with inout", "(text as integer)"
    elif kind == "access method":
        made, name = "create access method pair type index handler pg_catalog.bthandler", "pair"
    elif kind == "language":
        made, name = "create language pair handler pg_catalog.plpgsql_call_handler", "pair"
    else:
        made = f"create {kind} {name} {PLANTED[kind]}"
    with psycopg.connect(migrated, autocommit=True) as owner:
        owner.execute(made.encode())
        owner.execute(f"alter extension btree_gist add {kind} {name}{rest}".encode())
        slug = "undeclared-function" if kind == "aggregate" else "undeclared-object"
        (check,) = [each for each in discover() if each.check.slug == slug]
        owner.autocommit = False
        snapshot = read_snapshot(owner, "public", load(), call_probes=False).snapshot
    assert ask(check, snapshot)[1], f"{kind} {name}"


def test_what_an_extension_brought_is_its_own(any_database: str, any_server: EmbeddedServer) -> None:
    """Each extension of PostgreSQL's own that is installed here, all at once."""
    with psycopg.connect(any_database, autocommit=True) as owner:
        found = owner.execute("select name from pg_catalog.pg_available_extensions").fetchall()
        made = 0
        for (name,) in found:
            try:
                owner.execute(
                    sql.SQL("create extension if not exists {} cascade").format(sql.Identifier(name))
                )
                made += 1
            except psycopg.Error:  # one that has to be preloaded, or whose language is not here
                continue
        assert made > 30, any_server.binaries.version
    with psycopg.connect(any_database) as owner:
        live = observe(owner, "public")
    assert not [each.name for each in live.others if each.extension is None]
    assert not [each.name for each in live.functions if each.extension is None]
