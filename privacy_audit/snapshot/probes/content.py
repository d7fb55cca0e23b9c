"""Statements about what stands in the values of one column: templates of the DDL, filled for each column."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from psycopg.sql import Composable, Composed

from nosender.privacy_audit.snapshot.probes.owners import addressed
from nosender.privacy_audit.snapshot.probes.parts import as_text, column, text
from nosender.privacy_audit.snapshot.probes.reading import INTEGERS, MOMENTS, TEXTS

if TYPE_CHECKING:
    from nosender.privacy_audit.snapshot.probes.asked import Asked
    from nosender.privacy_audit.snapshot.probes.reading import Column, Table

PHONES = ("destination-phone", "account-phone")
UNIQUE = ("random-id", "ciphertext", "wrapped-key", "public-key", "signature", "device-id", "device-key")
"""Classes of which no two rows may have the same value, whoever owns them."""
ENDED = ("device-id", "device-key", "public-key")
"""Classes of which the ends are compared, too."""
_END: LiteralString = """
case when pg_catalog.octet_length({value}::bytea) >= 32
  then pg_catalog.substring({value}::bytea, pg_catalog.octet_length({value}::bytea) - 15)
  else {value}::bytea
end"""
READABLE = (*TEXTS, "json", "jsonb", "xml", "text[]", "inet", "")
COMPARED = (*INTEGERS, "numeric", "uuid", "double precision", "bigint[]", "integer[]")
"""Types that are compared as they are, which is faster than as text."""


def times(asked: Asked) -> list[Composed]:
    """Moments that are finer than declared, and moments said to be past that cannot be."""
    return [
        asked.filled(
            "audit_times",
            "times",
            **asked.of_column(table, found),
            moment=_moment(found),
            resolution=f"{resolution} seconds",
            past=found.data_class == "time",
        )
        for table, found in asked.columns()
        if found.type in MOMENTS
        and found.declared is not None
        and found.declared.resolution is not None
        and (resolution := found.declared.resolution.seconds)
    ]


def _moment(found: Column) -> Composed:
    """The column as a moment without time zone, in UTC."""
    if found.type == "timestamp with time zone":
        return text("({value}::timestamptz at time zone 'utc')", value=column(found.name))
    return text("{value}::timestamp", value=column(found.name))


def content(asked: Asked) -> list[Composed]:
    """What looks like something that should not be there, column by column."""
    return [
        asked.filled(
            "audit_content",
            kind,
            **asked.of_column(table, found),
            contact=asked.template("audit_content", "contact"),
            contact_in_bytes=asked.template("audit_content", "in_bytes"),
            apart=asked.of_column(table, found)["owner" if found.data_class == "wrapped-key" else "place"],
            chosen=600 if found.data_class in ("ciphertext", "wrapped-key") else 0,
        )
        for table, found in asked.columns()
        if found.data_class not in PHONES and (kind := _kind(found))
    ]


def _kind(found: Column) -> str | None:
    """Which template reads the column; None where nothing could stand in it."""
    if found.type == "bytea":
        return "bytes"
    if found.type in READABLE:
        return "text"
    return "counter" if found.type in INTEGERS and found.data_class == "counter" else None


def identifiers(asked: Asked) -> list[Composed]:
    """Identifiers that say when, in which order or by whom they were made."""
    return [
        asked.filled(
            "audit_identifiers",
            "letters",
            **asked.of_column(table, found),
            number=text("{phone}::text", phone=column(phone[0].name))
            if (phone := table.of_class("destination-phone"))
            else text("'+'::text"),
        )
        for table, found in asked.columns()
        if found.data_class == "random-id"
    ]


def shared_values(asked: Asked) -> list[Composed]:
    """Values that stand under more than one owner, column by column."""
    catalogue = asked.catalogue
    parts = []
    for table in asked.declared():
        owner = asked.owner(table)
        # the number of a message, of which every device of its destination has a delivery
        to_addressed = {
            key.columns[0]
            for key in catalogue.foreign_keys
            if key.table == table.name and key.parent in addressed(catalogue)
        }
        for found in table.columns:
            own = {"id", owner[0] if owner else "id"} | to_addressed
            if found.name in own or found.type in ("boolean", *MOMENTS):
                continue
            if owner is None and found.data_class not in UNIQUE:
                continue  # nobody's rows: that two of them are alike joins nobody
            parts += [
                asked.filled(
                    "audit_shared_values",
                    "shared",
                    **asked.of_column(table, found),
                    label=found.name + suffix,
                    compared=value,
                )
                for suffix, value in _shapes(asked, table, found)
            ]
    return parts


def _shapes(asked: Asked, table: Table, found: Column) -> list[tuple[str, Composable]]:
    """In which forms the values of a column are compared, with what is added to its name for each."""
    value = column(found.name)
    if found.type == "bytea":
        shapes: list[tuple[str, Composable]] = [
            ("", text("pg_catalog.substring({value}::bytea, 1, 64)", value=value)),
            ("[1..8]", text("pg_catalog.substring({value}::bytea, 1, 8)", value=value)),
        ]
        return [*shapes, ("[end]", text(_END, value=value))] if found.data_class in ENDED else shapes
    shapes = [("", value if found.type in COMPARED else as_text(found))]
    if found.data_class == "random-id":
        # An identifier is the same in capitals, without its dashes, and backwards.
        parts = asked.of_column(table, found)
        shapes.append(("[alike]", asked.filled("audit_shared_values", "alike", **parts)))
    return shapes
