"""What is held about a phone number, for the person who asks (GDPR, Article 15).

The number goes to the server apart from the statement and into no sentence of ours. No ciphertext and no
sealed key comes back: counts, ages, and the public keys that the person's own devices have published.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from nosender.errors import NosenderError, UsageError
from nosender.retention.session import statement
from nosender.schema.catalogue import load
from nosender.schema.observe.replaced import refuse_replaced
from nosender.server.sqlstates import in_words
from nosender.terminal_text import PIPE, Paragraph, Terminal, rendered, visible

if TYPE_CHECKING:
    from nosender.schema.catalogue.model import Catalogue, Table
    from nosender.server.target import Target

LIMITS = (
    "What this person sent is not here, because nothing stored says who sent what.",
    "Of a project's tables those rows are counted from which keys lead to this person, or which hold the "
    "number in a column that its revisions declared to be one.",
    "Not looked at: the application's and the server's logs, the write-ahead log, replicas and backups.",
)
"""What the answer leaves out, told with every answer."""

UNDECLARED = "No catalogue that was read declares this table; --project names the folder of one."
"""What a project's table is for, where its project is not known."""

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Held:
    """What one table holds about the number."""

    table: str
    rows: int | None
    """None where the table is another role's, of which nothing is read."""
    oldest: str | None
    """The oldest time that one of the rows carries, as coarse as it is stored, UTC."""
    newest: str | None
    details: dict[str, Any]
    purpose: str
    """Why the table is there, from the catalogue."""
    kept: str
    """How long its rows stay, from the catalogue."""


def held_about(target: Target, phone: str, catalogue: Catalogue | None = None) -> tuple[Held, ...]:
    """Ask the database, under a role that was granted nosender_clerk; NosenderError without the number.

    `catalogue` says what a project's tables are for, beside ours.
    """
    if not _NUMBER.fullmatch(phone):
        raise UsageError("that is no phone number: + and 7 to 15 digits, the first of them not 0")
    query = """
        select
          table_name, row_count, pg_catalog.to_char(oldest at time zone 'utc', {moment}),
          pg_catalog.to_char(newest at time zone 'utc', {moment}), details
        from {}.held_about_phone_number(%s)
    """.replace("{moment}", "'YYYY-MM-DD HH24:MI'")
    instead = "connect as a role that was granted nosender_clerk, and see `nosender db check`"
    with target.connect("nosender retention held", reading=True) as connection:
        try:
            refuse_replaced(connection, target.schema, "held_", instead)
            rows = connection.execute(statement(target.schema, query), [phone]).fetchall()
        except psycopg.Error as error:
            raise _explained(error, target) from None
    tables = {table.name: table for table in (catalogue or load()).tables}
    return tuple(
        Held(name, number, oldest, newest, details, *_told(tables.get(name)))
        for name, number, oldest, newest, details in rows
    )


def _told(table: Table | None) -> tuple[str, str]:
    """What a table is for, and how long its rows stay."""
    if table is None:
        return UNDECLARED, "as whoever made the table says"
    return table.purpose, table.retention.in_words()


def _explained(error: psycopg.Error, target: Target) -> NosenderError:
    """One sentence; the server's own text may carry the number, and is dropped."""
    if error.sqlstate == "42501":
        return NosenderError(
            f"the role on {target.describe()} may not ask what is held: grant nosender_clerk to it, and "
            "where it is a member already, see the grants that `nosender db check` prints"
        )
    if error.sqlstate in ("42883", "3F000"):
        return NosenderError(
            f"schema {visible(target.schema)} of {target.describe()} has no function that tells it: "
            "run `nosender db upgrade` first"
        )
    return NosenderError(f"{target.describe()} refused: {in_words(error)}")


def held_text(held: tuple[Held, ...], shown_on: Terminal = PIPE) -> str:
    """A paragraph a table, for a person; empty tables in one line."""
    parts = []
    for each in held:
        if each.rows == 0:
            continue
        ages = "" if each.oldest is None else f", of {each.oldest}"
        ages += "" if each.newest in (None, each.oldest) else f" to {each.newest}"
        count = "not looked at, being another role's" if each.rows is None else f"{each.rows:,} rows"
        count = "1 row" if each.rows == 1 else count
        parts.append(Paragraph(f"{visible(each.table)}: {count}{ages}", style="bold"))
        parts += [Paragraph(line, "  ") for line in (each.purpose, f"Kept: {each.kept}.")]
        parts += [Paragraph(line, "  ") for line in _lines(each.details)]
    nothing = [each.table for each in held if each.rows == 0]
    if nothing:
        parts.append(Paragraph(f"Nothing in {', '.join(map(visible, nothing))}."))
    return rendered(*parts, *map(Paragraph, LIMITS), shown_on=shown_on)


def _lines(details: dict[str, Any]) -> list[str]:
    """Each count and key in a line of its own."""
    lines = []
    for name, value in details.items():
        if isinstance(value, list):
            for one in value:
                lines.append(f"{name[:-1]}:")
                lines += [f"  {line}" for line in _lines(one)]
        elif isinstance(value, dict):
            lines += [f"{name}, {visible(key)}: {number}" for key, number in value.items()]
        elif value is not None:
            lines.append(f"{name}: {visible(str(value))}")
    return lines


def held_json(held: tuple[Held, ...]) -> str:
    """The same for a program, or to hand out."""
    tables = [
        {
            "table": each.table,
            "rows": each.rows,
            "oldest": each.oldest,
            "newest": each.newest,
            "purpose": each.purpose,
            "kept": each.kept,
            "details": each.details,
        }
        for each in held
    ]
    return json.dumps({"format": "nosender.held/1", "tables": tables, "limits": LIMITS}, indent=2) + "\n"
