"""`nosender traffic`: synthetic users, devices and messages."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import click

from nosender.terminal_text import progress_on, terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    import psycopg


@click.group()
def traffic() -> None:
    """Synthetic users, devices and messages."""


@traffic.command()
@click.option("--users", type=click.IntRange(min=1), default=100, show_default=True, help="How many people.")
@click.option(
    "--messages",
    type=click.IntRange(min=0),
    default=1000,
    show_default=True,
    help="How many messages to them.",
)
@click.option(
    "--seed",
    type=int,
    default=1,
    show_default=True,
    help="The same seed gives the same values; ids and order are random.",
)
@click.option(
    "--now",
    type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ"]),
    metavar="TIME",
    help="The clock of the rows, in UTC, rounded down to the hour (2026-01-31T10:00Z); default: this hour.",
)
@click.option(
    "--through",
    type=click.Choice(["copy", "flow"]),
    default="copy",
    show_default=True,
    help="Write a history by COPY, or the present through the message flow's functions.",
)
@click.pass_context
def fill(
    ctx: click.Context,
    users: int,
    messages: int,
    seed: int,
    now: datetime | None,
    through: Literal["copy", "flow"],
) -> None:
    """Write people, their devices and keys, and messages to them; no sender anywhere.

    Keys, signatures and ciphertext are real (X25519, Ed25519, AES-GCM), drawn from the seed. Phone numbers
    are under country code 999, which is assigned to nobody. A database that people use is refused.
    """
    from datetime import UTC

    from nosender.schema.observe.replaced import refuse_replaced
    from nosender.server.target import from_context
    from nosender.traffic.fill import fill as run
    from nosender.traffic.fill import in_one_sentence

    target = from_context(ctx)
    with target.connect("nosender traffic") as connection, in_one_sentence(target, seed):
        refuse_replaced(
            connection, target.schema, "", "run `nosender db upgrade`, or see `nosender db check`"
        )
        _refuse_people(connection, target.schema)
    with _bar(users + messages) as advance:
        receipt = run(
            target, users, messages, seed, advance, now=now and now.replace(tzinfo=UTC), through=through
        )
    for table, rows in receipt.rows.items():
        click.echo(f"{rows:>12,}  {table}")
    how = "--through flow" if through == "flow" else f"--now {_stamp(receipt.now)}"
    click.echo(f"the same again: --users {users} --messages {messages} --seed {seed} {how}")


def _refuse_people(connection: psycopg.Connection, schema: str) -> None:
    """Refuse a database in which somebody has a number that could be anybody's. UsageError."""
    from psycopg import sql

    from nosender.errors import UsageError

    query = "select exists (select from only {}.users where phone_number::text !~~ '+999%'::text)"
    if connection.execute(sql.SQL(query).format(sql.Identifier(schema))).fetchone() == (True,):
        raise UsageError(
            "people use this database: somebody in it has a number outside country code 999, which no "
            "synthetic person has; fill another one"
        )


@contextmanager
def _bar(length: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal's stderr, to be advanced; rich is not even imported where there is none."""
    if not terminal(sys.stderr).live:
        yield lambda _done: None
        return
    with progress_on(sys.stderr) as progress:
        task = progress.add_task("filling", total=length, words="")
        yield lambda done: progress.advance(task, done)


def _stamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%MZ")
