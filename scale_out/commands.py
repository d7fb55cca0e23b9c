"""`nosender db scale-out`: parse, call, print, exit."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from nosender.project.commands import nodes_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from nosender.migrations.session import Options


@click.group("scale-out")
def scale_out() -> None:
    """The same schema over several servers, distributed by Citus: what it takes, there and back."""


def _moving(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a command that moves the tables."""
    for option in (
        click.option(
            "--lock-wait", type=click.FloatRange(min=0), default=60, show_default=True, metavar="SECONDS",
            help="How long to wait for another migrator.",
        ),
        click.option(
            "--lock-timeout", type=click.FloatRange(min=0.01), default=2, show_default=True,
            metavar="SECONDS", help="How long one attempt waits for a lock, with others queueing behind.",
        ),
        click.option(
            "--attempts", type=click.IntRange(min=1), default=10, show_default=True,
            help="How often a lock is tried for.",
        ),
        click.option(
            "--format", "form", type=click.Choice(["text", "json", "sql"]), default="text",
            show_default=True, help="How to print the answer; sql runs nothing, and prints the statements.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def _options(lock_wait: float, lock_timeout: float, attempts: int) -> Options:
    from nosender.migrations.apply import Patience
    from nosender.migrations.session import Options
    from nosender.terminal_text import fitted, terminal

    return Options(
        lock_wait=lock_wait,
        patience=Patience(lock=lock_timeout, attempts=attempts),
        say=lambda line: click.echo(fitted(line, terminal(sys.stderr)), err=True),
    )


@scale_out.command()
@click.option(
    "--node",
    "nodes",
    multiple=True,
    metavar="N=URL",
    help="The connection to node N, as pg_dist_node counts groups; one for each node.",
)
@_moving
@click.pass_context
def apply(
    ctx: click.Context,
    nodes: tuple[str, ...],
    form: str,
    lock_wait: float,
    lock_timeout: float,
    attempts: int,
) -> None:
    """Distribute the database over the nodes that it knows, all or nothing, without losing a row.

    What `plan` asks is asked again, and each node needs a --node: nothing is done before all of them are
    quiet. Then one transaction makes keys, functions and shards, counts the rows before and after, compares
    the schema and empties what stood on this server. Exits 0 where it is done, 1 where something stands in
    the way, 3 where a node was not looked at.
    """
    from nosender.scale_out import answers
    from nosender.scale_out import apply as applying
    from nosender.server.target import from_context, named_nodes
    from nosender.terminal_text import fitted, terminal

    target = from_context(ctx, keeps="a migration")
    named = named_nodes(nodes, target.schema)
    if form == "sql":
        click.echo(
            answers.as_script(target.schema, applying.move_of(target.schema, None, keys=True)), nl=False
        )
        return
    found = applying.apply(target, named, _options(lock_wait, lock_timeout, attempts))
    if form == "json":
        click.echo(answers.applied_json(found), nl=False)
    else:
        for line in answers.applied_lines(found):
            click.echo(fitted(line, terminal(sys.stdout)))
    ctx.exit(found.exit_code)


@scale_out.command()
@_moving
@click.pass_context
def back(ctx: click.Context, form: str, lock_wait: float, lock_timeout: float, attempts: int) -> None:
    """Bring a distributed database back to this server, to the keys and functions that it had before.

    One transaction, as of `apply`; no row is lost. Refused where rows cannot stand on one server, such as one
    message id of two destinations, with their count.
    """
    from nosender.scale_out import answers
    from nosender.scale_out import back as returning
    from nosender.server.target import from_context
    from nosender.terminal_text import fitted, terminal

    target = from_context(ctx, keeps="a migration")
    if form == "sql":
        click.echo(
            answers.as_script(target.schema, returning.move_of(target.schema, None, engine=True)), nl=False
        )
        return
    found = returning.back(target, _options(lock_wait, lock_timeout, attempts))
    if form == "json":
        click.echo(answers.returned_json(found), nl=False)
    else:
        for line in answers.returned_lines(found):
            click.echo(fitted(line, terminal(sys.stdout)))


@scale_out.command()
@click.option(
    "--node",
    "nodes",
    multiple=True,
    metavar="N=URL",
    help="A server that is to be a node, under a number of yours; may be repeated.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print the answer.",
)
@click.pass_context
def plan(ctx: click.Context, nodes: tuple[str, ...], form: str) -> None:
    """Say what distributing this database would take, and what would be lost. Changes nothing.

    Each server is asked which of its settings would write values of rows somewhere, with the statement that
    sets it right. Exits 0 where nothing stands in the way, 1 where something does, 3 where a server was not
    looked at.
    """
    from nosender.scale_out.plan import make_plan
    from nosender.scale_out.plan_text import as_json, as_lines
    from nosender.server.target import from_context, named_nodes
    from nosender.terminal_text import fitted, terminal, waiting

    target = from_context(ctx)
    with waiting("asking the servers", sys.stderr):
        found = make_plan(target, named_nodes(nodes, target.schema))
    if form == "json":
        click.echo(as_json(found), nl=False)
    else:
        for line in as_lines(found):
            click.echo(
                line
                if line.lstrip().startswith(("alter ", "select "))
                else fitted(line, terminal(sys.stdout))
            )
    ctx.exit(found.exit_code)


@scale_out.command()
@click.pass_context
def rehearse(ctx: click.Context) -> None:
    """Make the layout on a copy of the schema without its rows, and run the message flow there.

    The copy stands on a PostgreSQL of its own, with the tables in parts as Citus has them on nodes; nothing
    changes in the database. Exits 0 where everything held, 1 where something was refused.
    """
    from nosender.scale_out.rehearsal import as_lines
    from nosender.scale_out.rehearsal import rehearse as run
    from nosender.server.target import from_context
    from nosender.terminal_text import fitted, terminal, waiting

    with waiting("rehearsing on a copy", sys.stderr):
        found = run(from_context(ctx))
    for line in as_lines(found):
        click.echo(fitted(line, terminal(sys.stdout)))
    ctx.exit(found.exit_code)


@scale_out.command()
@nodes_options
@click.pass_context
def status(ctx: click.Context, every_node: bool, nodes: tuple[str, ...]) -> None:
    """Say how the database is distributed, and where that is not as the layout has it.

    Exits 0 on one server, 1 where something differs, 3 where there are nodes that were not looked at.
    """
    from nosender.scale_out.status import read_status
    from nosender.server.target import from_context, nodes_of
    from nosender.terminal_text import fitted, terminal

    target = from_context(ctx)
    found = read_status(target, nodes_of(nodes, target.schema, every_node=every_node))
    for line in found.lines:
        click.echo(fitted(line, terminal(sys.stdout)))
    for line in found.differing:
        click.echo(fitted(f"! {line}", terminal(sys.stdout)))
    if found.unseen:
        were = "node was" if found.unseen == 1 else "nodes were"
        told = f"{found.unseen} {were} not looked at: --every-node does, with a --node for each"
        click.echo(fitted(told, terminal(sys.stderr)), err=True)
    ctx.exit(found.exit_code)
