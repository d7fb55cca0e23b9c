"""`nosender traffic`: synthetic users, devices and messages."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from datetime import datetime


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
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same rows.")
@click.option(
    "--now",
    type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ"]),
    help="The clock of the rows, in UTC, rounded down to the hour; default: this hour.",
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
    are under country code 999, which is assigned to nobody. Not for a database that people use.
    """
    from datetime import UTC

    from nosender.server.target import from_context
    from nosender.traffic.fill import fill as run

    target = from_context(ctx)
    with click.progressbar(
        length=users + messages, label="filling", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        receipt = run(
            target, users, messages, seed, bar.update, now=now and now.replace(tzinfo=UTC), through=through
        )
    for table, rows in receipt.rows.items():
        click.echo(f"{rows:>12,}  {table}")
    how = "--through flow" if through == "flow" else f"--now {_stamp(receipt.now)}"
    click.echo(f"the same again: --users {users} --messages {messages} --seed {seed} {how}")


def _stamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%MZ")
