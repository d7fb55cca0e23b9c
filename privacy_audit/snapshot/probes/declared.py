"""What the counting functions know of the catalogue: a function of the DDL that is made from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from nosender.privacy_audit.snapshot.probes.owners import addressed, owner_of
from nosender.schema.project_columns import EMPTY, FUNCTION, Row, body, statement

if TYPE_CHECKING:
    from nosender.schema.catalogue import Catalogue
    from nosender.schema.catalogue.model import Table
    from nosender.schema.observe import Observation

_TEXT = """set search_path = pg_catalog, pg_temp;

-- Made from the catalogue by `make generate`: each declared column, its class, how finely a time may be told,
-- and to whom it leads, where it says whose the row is: to a user, to a destination by its number or to a
-- device; and where it leads to a message, which its destination shares. A project's columns come after ours.
create function public.audit_declared()
returns table (table_name text, column_name text, class text, resolution interval, leads_to text)
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  values
  {rows}
  union all
  select p.* from public.audit_project_declared() as p
$$;

revoke all on function public.audit_declared() from public;
"""


def declared_sql(catalogue: Catalogue) -> str:
    """`create function audit_declared()`, as it stands in the DDL."""
    lines = [
        ", ".join("null" if each is None else f"'{each}'" for each in _words(row))
        for row in _rows(catalogue, ours=True)
    ]
    first, *rest = lines
    *words, seconds, leads = first.split(", ")
    typed = ", ".join([f"{words[0]}::text", *words[1:], f"{seconds}::interval", f"{leads}::text"])
    return _TEXT.replace("{rows}", ",\n  ".join(f"({line})" for line in (typed, *rest)))


def project_rows(catalogue: Catalogue) -> tuple[Row, ...]:
    """What audit_project_declared has to hold: a project's columns, but those of its version table."""
    return tuple(_rows(catalogue, ours=False))


def with_columns_of(declared: Observation, catalogue: Catalogue) -> Observation:
    """What is declared, with the project's columns as its catalogue has them: where its revisions put others
    into the function, that is not the declared one, and nothing that it is asked for is believed.
    """
    functions = tuple(
        replace(each, body=body(project_rows(catalogue)))
        if each.schema == declared.schema and each.name == FUNCTION and each.body != EMPTY
        else each
        for each in declared.functions
    )
    return replace(declared, functions=functions)


def missing(catalogue: Catalogue, observation: Observation) -> str | None:
    """The SQL that a project's next revision has to run, where its function does not hold its columns yet."""
    from nosender.schema.observe.quoting import quoted

    rows = project_rows(catalogue)
    live = next((each for each in observation.functions if each.name == FUNCTION), None)
    if live is None or live.body == body(rows):
        return None
    return statement(rows, quoted(observation.schema))


def _rows(catalogue: Catalogue, *, ours: bool) -> Iterator[Row]:
    for table in catalogue.tables:
        if (table.whose is None) is ours and (ours or table.made_by == "nosender"):
            for column in table.columns:
                seconds = column.resolution.seconds if column.resolution else None
                leads_to = _leads_to(catalogue, table, column.name)
                yield Row(table.name, column.name, column.data_class.name, seconds, leads_to)


def _words(row: Row) -> tuple[str | None, ...]:
    seconds = None if row.seconds is None else f"{row.seconds} seconds"
    return row.table, row.column, row.data_class, seconds, row.leads_to


def _leads_to(catalogue: Catalogue, table: Table, name: str) -> str | None:
    """To whom a column leads that says whose the row is."""
    owner = owner_of(catalogue, table)
    if owner is not None and owner[0] == name:
        return owner[1]
    sent = addressed(catalogue)
    to_message = any(
        key.table == table.name and key.columns == (name,) and key.parent in sent
        for key in catalogue.foreign_keys
    )
    return "message" if to_message else None
