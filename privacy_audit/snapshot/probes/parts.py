"""What the statements of the probes are put together from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

if TYPE_CHECKING:
    from typing import LiteralString

    from nosender.privacy_audit.snapshot.probes.reading import Column, Table
    from nosender.schema.catalogue import Catalogue

NEWEST = 30
"""So many of the newest rows are read besides the sample, where today's mistake would be."""
PAGES = 40
"""So many pages at random are read of a table that is not read whole, as a rule."""


def text(template: LiteralString, **parts: object) -> Composed:
    """The template with its parts: names and fragments as they are, strings and numbers as constants."""
    return SQL(template).format(
        **{name: part if isinstance(part, Composable) else Literal(part) for name, part in parts.items()}
    )


def name_of(table: Table) -> Identifier:
    """`"public"."messages"`."""
    return Identifier(table.schema, table.name)


def column(name: str, alias: str = "r") -> Identifier:
    """`"r"."message_id"`."""
    return Identifier(alias, name)


def rows(table: Table, pages: int = PAGES) -> Composed:
    """What a probe reads of a table, as a FROM item: all of it up to 256 pages, else some pages at random,
    the same ones in every run, and the newest rows. ONLY: a child that somebody attached is not ours.
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


def newest_first(table: Table) -> Composed:
    """An order that puts the newest rows first, so far as the table has one."""
    return text("{id} desc", id=column(place_of(table)))


def as_text(found: Column, alias: str = "r") -> Composed:
    """The value as its type writes it. A cast to text would call what the owner of a type has declared for
    it, and so would a conversion to JSON; concat calls the type's own output function.
    """
    value = column(found.name, alias)
    if found.type in ("text", "character varying", "character", "name", "json", "jsonb", "xml", "inet"):
        return text("{value}::text", value=value)
    return text("case when {value} is not null then pg_catalog.concat({value}) end", value=value)


def owner_of(catalogue: Catalogue, table: Table) -> str | None:
    """The column that says whose a row is: the destination's number, the user or, where only that is known,
    the device; the row itself of the table of people. None where no row is anybody's.
    """
    if table.declared is None:
        return None
    if destination := table.of_class("destination-phone"):
        return destination[0].name
    if table.of_class("account-phone"):
        return "id"
    people = people_of(catalogue)
    for step in (people, owned_by(catalogue, people)):
        for key in catalogue.foreign_keys:
            if key.table == table.name and key.parent in step and len(key.columns) == 1:
                return key.columns[0]
    return None


def people_of(catalogue: Catalogue) -> frozenset[str]:
    """The tables in which each row is a person."""
    return frozenset(
        table.name
        for table in catalogue.tables
        if any(each.data_class.name == "account-phone" for each in table.columns)
    )


def owned_by(catalogue: Catalogue, parents: frozenset[str]) -> frozenset[str]:
    """The tables whose rows belong to a row of one of these."""
    return frozenset(key.table for key in catalogue.foreign_keys if key.parent in parents)


def addressed(catalogue: Catalogue) -> frozenset[str]:
    """The tables whose rows go to a destination."""
    return frozenset(
        table.name
        for table in catalogue.tables
        if any(each.data_class.name == "destination-phone" for each in table.columns)
    )
