"""What the statements of the probes are put together from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

if TYPE_CHECKING:
    from typing import LiteralString

    from nosender.privacy_audit.snapshot.probes.reading import Column, Table

NEWEST = 30
"""So many rows of the highest ids are read besides the sample; messages' begin with the day."""
PAGES = 40
"""So many pages at random are read of a table that is not read whole, as a rule."""


def text(template: LiteralString, **parts: object) -> Composed:
    """The template with its parts: names and fragments as they are, strings and numbers as constants."""
    return SQL(template).format(
        **{name: part if isinstance(part, Composable) else Literal(part) for name, part in parts.items()}
    )


def name_of(table: Table) -> Identifier:
    """`"public"."messages"`."""
    return Identifier(table.schema, table.bare)


def column(name: str, alias: str = "r") -> Identifier:
    """`"r"."message_id"`."""
    return Identifier(alias, name)


def rows(table: Table, pages: int = PAGES) -> Composed:
    """What a probe reads of a table, as a FROM item: all of it up to 256 pages, else some pages at random,
    the same ones in every run, and the highest ids. ONLY: a child that somebody attached is not ours.
    """
    if table.whole():
        return text("(select ctid as audit_place, * from only {table})", table=name_of(table))
    sampled = text(
        "select ctid as audit_place, * from only {table} tablesample system ({share}) repeatable (1)",
        table=name_of(table),
        share=SQL(f"{round(100 * pages / table.pages, 6):f}"),  # a number
    )
    if table.column("id") is None:
        return text("({sampled})", sampled=sampled)
    return text(
        """(
          with random_rows as materialized ({sampled}),
          newest_rows as materialized (
            select ctid as audit_place, * from only {table} order by id desc limit {newest}
          )
          select * from random_rows
          union all
          select * from newest_rows where audit_place not in (select audit_place from random_rows)
        )""",
        sampled=sampled,
        table=name_of(table),
        newest=NEWEST,
    )


def place_of(table: Table) -> str:
    """The column by which the rows are ordered: the number of the row, else its place in the file."""
    return "id" if table.column("id") is not None else "audit_place"


def as_text(found: Column, alias: str = "r") -> Composed:
    """The value as its type writes it. A cast to text would call what the owner of a type has declared for
    it, and so would a conversion to JSON; concat calls the type's own output function.
    """
    value = column(found.name, alias)
    if found.type in ("text", "character varying", "character", "name", "json", "jsonb", "xml", "inet"):
        return text("{value}::text", value=value)
    # of a composite null is one that has no value at all, not one with a null in it
    return text("case when {value} is distinct from null then pg_catalog.concat({value}) end", value=value)
