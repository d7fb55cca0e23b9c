"""What the counting functions know of the catalogue: a function of the DDL that is made from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.privacy_audit.snapshot.probes.owners import addressed, owner_of

if TYPE_CHECKING:
    from nosender.schema.catalogue import Catalogue
    from nosender.schema.catalogue.model import Table

_TEXT = """set search_path = pg_catalog, pg_temp;

-- Made from the catalogue by `make generate`: each declared column, its class, how finely a time may be told,
-- and to whom it leads, where it says whose the row is: to a user, to a destination by its number or to a
-- device; and where it leads to a message, which its destination shares.
create function public.audit_declared()
returns table (table_name text, column_name text, class text, resolution interval, leads_to text)
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  values
  {rows}
$$;

revoke all on function public.audit_declared() from public;
"""


def declared_sql(catalogue: Catalogue) -> str:
    """`create function audit_declared()`, as it stands in the DDL."""
    rows = [
        (
            table.name,
            column.name,
            column.data_class.name,
            f"{column.resolution.seconds} seconds" if column.resolution else None,
            _leads_to(catalogue, table, column.name),
        )
        for table in catalogue.tables
        for column in table.columns
    ]
    lines = [", ".join("null" if each is None else f"'{each}'" for each in row) for row in rows]
    first, *rest = lines
    *words, seconds, leads = first.split(", ")
    typed = ", ".join([f"{words[0]}::text", *words[1:], f"{seconds}::interval", f"{leads}::text"])
    return _TEXT.replace("{rows}", ",\n  ".join(f"({line})" for line in (typed, *rest)))


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
