"""Statements that look for values of ours where they do not belong: numbers, identifiers, credentials, keys.

Two ways. In columns of our own, above all in ciphertexts, whatever stands at any place is compared with what
is stored about people. In tables of other schemas, what reads like a number, an identifier or a key, in any
type and spelling, is looked up with us through indexes.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from psycopg.sql import SQL, Composed

from nosender.privacy_audit.snapshot.probes.parts import as_text, column, name_of, text
from nosender.privacy_audit.snapshot.probes.reading import INTEGERS, MOMENTS

if TYPE_CHECKING:
    from nosender.privacy_audit.snapshot.probes.asked import Asked
    from nosender.privacy_audit.snapshot.probes.reading import Column, Table

COLUMNS = 5000
"""Of other schemas, so many columns are looked into."""
BATCH = 40
"""So many tables of other schemas are asked about in one statement."""
SMALL = 60
"""A table of another schema with up to so many pages is read whole, of larger ones a third of that."""
IGNORED = frozenset(
    {
        "boolean", "smallint", "real", "interval", "oid", "time without time zone", "time with time zone",
        '"char"', *MOMENTS,
    }
)  # fmt: skip
"""Types that can hold none of these values."""
KNOWN = ("account-phone", "device-id", "device-key", "public-key", "random-id")


def matching_values(asked: Asked) -> list[Composed]:
    """First our own columns, then those of the other schemas."""
    tables = asked.declared()
    return [*_own(asked, tables), *_others(asked, tables)]


def _user_of(asked: Asked, table: Table) -> str | None:
    """The column with the number of the user whose a row is."""
    owner = asked.owner(table)
    return owner[0] if owner is not None and owner[1] == "user" else None


def _known(asked: Asked, tables: list[Table]) -> Composed:
    """What is stored about people, as bytes, each with the number of the user whose it is."""
    return SQL(" union all ").join(
        asked.filled(
            "audit_known_values",
            "known",
            **asked.of_column(table, each),
            bytes=_known_bytes(each),
            least=9 if each.data_class == "account-phone" else 16,
        )
        for table in tables
        if _user_of(asked, table) is not None
        for each in table.of_class(*KNOWN)
    )


def _known_bytes(found: Column) -> Composed:
    """The value as it would stand in somebody's bytes: of a number the digits."""
    if found.type == "bytea":
        return text("{value}::bytea", value=column(found.name))
    if found.data_class == "account-phone":
        return text("pg_catalog.convert_to(pg_catalog.substring({value}, 2), 'UTF8')", value=as_text(found))
    return text("pg_catalog.convert_to({value}, 'UTF8')", value=as_text(found))


def _is_searched(found: Column) -> bool:
    """Whether a value of somebody's could stand in the column and has no business there.

    In a project's own, whatever its class says: only the guards of ours hold a column to that.
    """
    if found.type in IGNORED or found.data_class == "link":
        return False
    if found.whose is not None:
        return True
    if found.data_class == "serial":
        return False
    if found.data_class in ("ciphertext", "wrapped-key", "random-id", "state", "counter", None):
        return found.data_class != "counter" or found.type in INTEGERS
    return found.data_class == "bookkeeping" and found.type not in INTEGERS


def _own(asked: Asked, tables: list[Table]) -> list[Composed]:
    """Our own columns: what stands in their values of what is known of somebody else than the row is for."""
    (users,) = asked.tables("users")
    searched = [(table, found) for table in tables for found in filter(_is_searched, table.columns)]
    if not searched:
        return []
    return [
        asked.filled(
            "audit_own_values",
            "own",
            known=_known(asked, tables),
            held=SQL(" union all ").join(
                _held(asked, label, table, found) for label, (table, found) in enumerate(searched)
            ),
            users=name_of(users),
            schema=asked.schema,
            columns=SQL(", ").join(
                text("({label}, {table}::text, {name}::text)", label=label, table=table.name, name=found.name)
                for label, (table, found) in enumerate(searched)
            ),
        )
    ]


def _held(asked: Asked, label: int, table: Table, found: Column) -> Composed:
    """The values of one column as bytes, each with whose it is."""
    user, phone = _user_of(asked, table), table.of_class("destination-phone")
    # what tells nobody apart is looked at once, whoever has it
    once = found.data_class in ("state", "counter", "bookkeeping")
    value = text("{value}::bytea", value=column(found.name))
    if found.type != "bytea":
        value = text("pg_catalog.convert_to(pg_catalog.left({value}, 1000), 'UTF8')", value=as_text(found))
    size = text("pg_catalog.pg_column_size({value}) > 2000", value=column(found.name))
    return asked.filled(
        "audit_own_values",
        "held",
        **asked.of_column(table, found)
        | {
            "label": label,
            "random": found.data_class == "ciphertext",
            "distinct": SQL("distinct" if once else ""),
            "bytes": value,
            "phone": text("{phone}::text", phone=column(phone[0].name))
            if phone and not once
            else SQL("null::text"),
            "user": text("{user}::integer", user=column(user))
            if user is not None and not once
            else SQL("null::integer"),
            "outside": size if found.data_class in ("ciphertext", "wrapped-key", None) else SQL("false"),
            "drawn": text("pg_catalog.md5({value})", value=value)
            if once
            else SQL("pg_catalog.hashtextextended(r.audit_place::text, 1)"),
            "far": 100 if table.whole() else 8,
        },
    )


def _others(asked: Asked, tables: list[Table]) -> list[Composed]:
    """The tables of the other schemas, some in a statement; what is not read is said, column by column."""
    read: list[tuple[int, Table, list[Column]]] = []
    unread: list[Composed] = []
    label = 0
    for table in asked.around.others:
        found = [each for each in table.columns if each.type not in IGNORED]
        if table.refused is not None or label >= COLUMNS:
            unread += [_listed(label, table, each, looked=label < COLUMNS) for each in found]
        elif found:
            read.append((label, table, found))
            label += len(found)
    left, parts = iter(read), []
    while some := list(islice(left, BATCH)):
        parts.append(_batch(asked, tables, some))
    if unread:
        columns = SQL(", ").join(unread)
        parts.append(asked.filled("audit_matching_values", "unread", columns=columns))
    return parts


def _listed(label: int, table: Table, found: Column, *, looked: bool = True) -> Composed:
    """A column of another schema, in the list of a statement."""
    return text(
        "({label}, {schema}::text, {table}::text, {column}::text,"
        " {sampled}, {readable}, {looked}, {reason}::text)",
        label=label,
        schema=table.schema,
        table=table.name,
        column=found.name,
        sampled=not table.whole(SMALL),
        readable=table.refused is None,
        looked=looked,
        reason=table.refused,
    )


def _batch(asked: Asked, tables: list[Table], some: list[tuple[int, Table, list[Column]]]) -> Composed:
    """One statement about these tables, with the number of the first column of each."""
    lookups = [
        asked.filled(
            "audit_matching_values",
            "credential" if each.data_class == "device-id" else "text",
            home=name_of(table),
            column=column(each.name, "o"),
            words=SQL("identifiers" if each.data_class == "random-id" else "numbers"),
        )
        for table in tables
        for each in table.of_class("account-phone", "destination-phone", "random-id", "device-id")
        if each.type in (("bytea",) if each.data_class == "device-id" else ("text", "character varying"))
    ]
    return asked.filled(
        "audit_matching_values",
        "others",
        known=_known(asked, tables),
        words=SQL(" union all ").join(_words(asked, first, table, found) for first, table, found in some),
        columns=SQL(", ").join(
            _listed(first + place, table, each)
            for first, table, found in some
            for place, each in enumerate(found)
        ),
        lookup=Composed([*lookups, SQL("false")]),
    )


def _words(asked: Asked, first: int, table: Table, found: list[Column]) -> Composed:
    """What stands in some rows of a table, column by column, as text."""
    sample = text("")
    if not table.whole(SMALL):
        share = round(100 * SMALL / 3 / table.pages, 6)
        sample = text("tablesample system ({share}) repeatable (1)", share=SQL(f"{share:f}"))  # a number
    values = [
        asked.filled(
            "audit_matching_values",
            "bytes" if each.type == "bytea" else "other",
            label=first + place,
            value=SQL(f"s.c{place}"),
            short=asked.filled("audit_matching_values", "short", value=SQL(f"s.c{place}")),
        )
        for place, each in enumerate(found)
    ]
    return asked.filled(
        "audit_matching_values",
        "words",
        table=name_of(table),
        sample=sample,
        values=SQL(", ").join(values),
        columns=SQL(", ").join(
            text("{column} as {name}", column=column(each.name), name=SQL(f"c{place}"))
            for place, each in enumerate(found)
        ),
    )
