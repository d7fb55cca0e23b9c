"""A database in a layout: which revisions of the core it takes, and in which form.

The layout has no chain of its own: the version table keeps the core's revision, and the journal a line for
each time that the layout was made or taken back. A revision that touches nothing which the layout has
otherwise runs there as it is; for another one a script of its number stands beside the layout, or it is
refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from nosender.errors import NosenderError
from nosender.schema.layouts import layout as layouts
from nosender.schema.layouts.scripts import sibling
from nosender.schema.layouts.standing import KEY, beside, first_revision

if TYPE_CHECKING:
    import psycopg

    from nosender.migrations.revisions import Direction, Revision

_STANDS = """
select 1
from pg_catalog.pg_constraint as k
inner join pg_catalog.pg_class as c on k.conrelid operator(pg_catalog.=) c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace operator(pg_catalog.=) n.oid
inner join pg_catalog.pg_attribute as a
  on
    a.attrelid operator(pg_catalog.=) c.oid
    and a.attnum operator(pg_catalog.=) any (k.conkey)
where
  n.nspname operator(pg_catalog.=) %s
  and c.relname operator(pg_catalog.=) %s
  and k.conname operator(pg_catalog.=) %s
  and a.attname operator(pg_catalog.=) %s
"""
_IN_A_BODY = re.compile(r"\$(\w*)\$.*?\$\1\$|--[^\n]*", re.DOTALL)
_SAYS_ONLY = re.compile(r"\bcomment on (?:[^';]|'(?:[^']|'')*')*;")
# A key to people or devices: the layout leaves them the key that it leads to.
_LEADS_THERE = re.compile(r"\breferences public\.(?:users|webauthn_credentials) \(id\)")
_HERE = "this database is in the layout for Citus"


def in_layout(connection: psycopg.Connection, schema: str) -> bool:
    """Whether the schema has the layout's keys, distributed or not."""
    return connection.execute(_STANDS.encode(), [schema, *KEY]).fetchone() is not None


@cache
def _otherwise() -> tuple[str, ...]:
    """What the layout has otherwise: the tables that it moves, and functions."""
    functions = {each.name for each in beside("public").lacks.functions}
    return (*layouts.read().moved, *sorted(functions))


def touched(sql: str) -> tuple[str, ...]:
    """What a revision's SQL changes of that; a function that only names a table does not."""
    outside = _LEADS_THERE.sub(" ", _SAYS_ONLY.sub(" ", _IN_A_BODY.sub(" ", sql)))
    return tuple(each for each in _otherwise() if re.search(rf"\bpublic\.{each}\b", outside))


def refuse_upgrade(pending: Sequence[Revision]) -> None:
    """NosenderError where a revision has no form for the layout."""
    for each in pending:
        if (names := touched(each.sql("up"))) and sibling("public", each.revision, "up") is None:
            raise NosenderError(
                f"{_HERE}, and revision {each.revision} has no form for it ({', '.join(names)}); nothing was "
                "changed: run nosender db scale-out back, db upgrade and db scale-out apply again"
            )


def refuse_downgrade(reverted: Sequence[Revision]) -> None:
    """NosenderError where a downgrade would leave what the layout was made of."""
    for each in reverted:
        if each.revision <= first_revision():
            raise NosenderError(
                f"{_HERE}, which was made of revision {first_revision()}; nothing was changed: run nosender "
                "db scale-out back first"
            )


def refuse_core_text(affected: Sequence[Revision]) -> None:
    """NosenderError where the core's text would run, by Alembic or by hand, and the layout has another."""
    for each in affected:
        if each.revision <= first_revision() or touched(each.sql("up")):
            raise NosenderError(
                f"{_HERE}, in which revision {each.revision} is not run as it is; nothing was changed: use "
                "nosender db upgrade, or nosender db scale-out back"
            )


def form(schema: str, revision: Revision, direction: Direction) -> tuple[str, ...] | None:
    """The statements that stand for a revision in the layout; None where it runs as it is."""
    return sibling(schema, revision.revision, direction)
