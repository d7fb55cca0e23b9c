"""The plan that belongs to this program, by its catalogue: for its own DDL, and for a live database."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from nosender.retention.plan import Plan, Reference, make_plan, references
from nosender.retention.session import live_knobs
from nosender.schema.catalogue.places import declared_name

if TYPE_CHECKING:
    import psycopg

    from nosender.project import Project

# A part of what an Observation asks, because a sweep comes often and must be cheap: the foreign keys alone.
_KEYS = """
select
  home.nspname, child.relname, n.nspname, parent.relname,
  con.confdeltype = 'c' -- cascade
from pg_catalog.pg_constraint as con
inner join pg_catalog.pg_class as parent on con.confrelid = parent.oid
inner join pg_catalog.pg_namespace as n on parent.relnamespace = n.oid
inner join pg_catalog.pg_class as child on con.conrelid = child.oid
inner join pg_catalog.pg_namespace as home on child.relnamespace = home.oid
where con.contype = 'f' and n.nspname = any (%s::text[])
"""


@cache
def declared_plan(folder: Path | None = None) -> Plan:
    """The plan of the catalogue in `folder`, by default our own, for the canonical DDL.

    UsageError where it is not a safe one.
    """
    from nosender.schema.catalogue import load
    from nosender.schema.observe import reference

    return make_plan(load(folder), references(reference()))


def live_plan(connection: psycopg.Connection, schema: str, project: Project | None = None) -> Plan:
    """The same for a database's own foreign keys and knobs, and a project's tables beside ours; NosenderError
    where no order is right.
    """
    from nosender.project import Project
    from nosender.project.declared import catalogue_of

    catalogue = catalogue_of(project or Project())
    rows = connection.execute(_KEYS.encode(), [[schema, *catalogue.schemas]]).fetchall()
    keys = [
        Reference(declared_name(home, child, schema), declared_name(above, parent, schema), cascades)
        for home, child, above, parent, cascades in rows
    ]
    return make_plan(catalogue, keys, live_knobs(connection, schema))
