"""`nosender retention`: parse, call, print, exit."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

from nosender.project.commands import nodes_options, project_option
from nosender.terminal_text import PIPE, fitted, terminal, waiting

if TYPE_CHECKING:
    from nosender.retention.status import Status

_format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print the answer.",
)


@click.group()
def retention() -> None:
    """Delete what has expired, and leave a receipt."""


@retention.command()
@click.option(
    "--fast", is_flag=True, help="Large batches without a pause, instead of short ones at half duty."
)
@click.option(
    "--batch", type=click.IntRange(min=1), metavar="ROWS", help="No batch is larger. [default: 5000]"
)
@click.option(
    "--target-ms", type=click.FloatRange(min=0, min_open=True), help="How long a batch should take."
)
@click.option(
    "--duty", type=click.FloatRange(0, 1, min_open=True), help="The share of the time spent working."
)
@click.option("--rate", type=click.IntRange(min=1), metavar="ROWS", help="Rows a second at most.")
@click.option(
    "--patience",
    type=click.FloatRange(min=0),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait, in all, for rows that others have locked.",
)
@click.option("--table", "tables", multiple=True, help="Sweep this table only; may be given several times.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Sessions that share a table."
)
@click.option("--canary", is_flag=True, help="Leave a row behind that the next sweeps have to remove.")
@nodes_options
@project_option
@_format_option
@click.pass_context
def sweep(
    ctx: click.Context,
    folder: Path | None,
    fast: bool,
    batch: int | None,
    target_ms: float | None,
    duty: float | None,
    rate: int | None,
    patience: float,
    tables: tuple[str, ...],
    workers: int,
    canary: bool,
    every_node: bool,
    nodes: tuple[str, ...],
    form: str,
) -> None:
    """Delete what has expired, once, to the end; Ctrl-C ends it after the batch under way, with a receipt."""
    from dataclasses import replace

    from nosender.project import find
    from nosender.retention.every_node.status import read_status
    from nosender.retention.sweep import FAST, GENTLE
    from nosender.retention.sweep import sweep as run
    from nosender.retention.terminal import Bar, interruptible
    from nosender.server.target import from_context, nodes_of

    pace = replace(FAST if fast else GENTLE, rate=rate, patience_ms=int(patience * 1000))
    asked: dict[str, Any] = {"most": batch, "target_ms": target_ms, "duty": duty}
    pace = replace(pace, **{name: value for name, value in asked.items() if value is not None})
    target = from_context(ctx, keeps="a sweep")
    named = nodes_of(nodes, target.schema, every_node=every_node)
    with interruptible() as stop, Bar() as bar:
        if bar.active:
            status = read_status(target, named, settles=False)
            bar.expected = sum(each.estimate for each in status.overdue)
        receipt = run(
            target,
            pace=pace,
            tables=tables or None,
            canary=canary,
            progress=bar.show,
            stop=stop,
            workers=workers,
            project=find(folder),
            nodes=named,
        )
    if form == "json":
        click.echo(json.dumps(asdict(receipt), indent=2))
    else:
        told = (
            f"{receipt.status}: {receipt.deleted} deleted, {receipt.children} with them, "
            f"{receipt.deactivated} marked inactive, in {receipt.batches} batches; "
            f"{receipt.settled} settled\n"
            f"receipt {receipt.ledger_id} sha256:{receipt.ledger_hash}"
        )
        click.echo(fitted(told, terminal(sys.stdout)))
    for warning in receipt.warnings:
        click.echo(f"nosender: {warning}", err=True)
    ctx.exit({"done": 0, "interrupted": 130}.get(receipt.status, 3))


@retention.command()
@nodes_options
@project_option
@_format_option
@click.pass_context
def plan(
    ctx: click.Context, folder: Path | None, every_node: bool, nodes: tuple[str, ...], form: str
) -> None:
    """What a sweep would do now: the rules, how many rows are due, since when, and what would settle."""
    from nosender.project import find
    from nosender.retention.every_node.status import read_status, read_unsettled
    from nosender.retention.policy import live_plan
    from nosender.retention.status_text import plan_json, plan_text
    from nosender.server.target import from_context, nodes_of

    target = from_context(ctx)
    with waiting("counting what is due and what is to settle", sys.stderr):
        status = read_status(target, nodes_of(nodes, target.schema, every_node=every_node))
        unsettled = read_unsettled(target, status)
    with target.connect("nosender retention", reading=True) as connection:
        declared = live_plan(connection, target.schema, find(folder))
    text = (
        plan_json(declared, status, unsettled)
        if form == "json"
        else plan_text(declared, status, unsettled, terminal(sys.stdout))
    )
    click.echo(text, nl=False)
    ctx.exit(_unseen(status))


def _unseen(status: Status) -> int:
    """3 where a node was not looked at, which is said; else 0."""
    unseen = [each for each in status.nodes if each.why is not None]
    for each in unseen:
        click.echo(f"nosender: node {each.node} was not looked at: {each.why}", err=True)
    return 3 if unseen else 0


@retention.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "prometheus"]),
    default="text",
    show_default=True,
    help="How to print the answer.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write it to this file, whole or not at all.",
)
@nodes_options
@click.pass_context
def status(
    ctx: click.Context, form: str, output: Path | None, every_node: bool, nodes: tuple[str, ...]
) -> None:
    """What is overdue, how the last sweeps went, and who keeps deleted rows from being vacuumed away.

    It tells and does not judge: it exits 0 with rows overdue, too, and 3 where a node was not looked at. What
    decides is `audit run`, or an alarm on the metrics.
    """
    from nosender.files import write_whole
    from nosender.retention.every_node.status import read_status
    from nosender.retention.prometheus import render
    from nosender.retention.status_text import status_json, status_text
    from nosender.server.target import from_context, nodes_of

    target = from_context(ctx)
    found = read_status(target, nodes_of(nodes, target.schema, every_node=every_node))
    if form == "prometheus":
        text = render(found, time.time())
    elif form == "json":
        text = status_json(found)
    else:
        text = status_text(found, terminal(sys.stdout) if output is None else PIPE)
    if output is not None:
        write_whole(output, text, mode=0o644)
    else:
        click.echo(text, nl=False)
    ctx.exit(_unseen(found))


class Duration(click.ParamType[float]):
    """A length of time: 90s, 15m, 2h, or seconds as a bare number."""

    name = "duration"
    _units: ClassVar = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds, above 0."""
        if isinstance(value, float):
            return value
        text = str(value).strip()
        number = text.rstrip("smhd")
        try:
            seconds = float(number) * self._units[text[len(number) :]]
        except (ValueError, KeyError):
            seconds = 0
        if not 0 < seconds < 1e9:
            self.fail(f"{text!r} is no length of time; write 90s, 15m or 2h", param, ctx)
        return seconds


@retention.command()
@click.option(
    "--interval", type=Duration(), help="From the start of one sweep to the next. [default: the catalogue's]"
)
@click.option(
    "--jitter", type=click.FloatRange(0, 1), default=0.1, show_default=True, help="A random share of it."
)
@click.option("--fast", is_flag=True, help="Large batches without a pause.")
@click.option(
    "--canary/--no-canary", default=True, show_default=True, help="Leave rows for the next sweep to remove."
)
@click.option(
    "--textfile",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write metrics here after each sweep, for the node exporter's textfile collector.",
)
@click.option("--sweeps", type=click.IntRange(min=1), metavar="N", help="End after so many. [default: never]")
@nodes_options
@project_option
@click.pass_context
def watch(
    ctx: click.Context,
    folder: Path | None,
    interval: float | None,
    jitter: float,
    fast: bool,
    canary: bool,
    textfile: Path | None,
    sweeps: int | None,
    every_node: bool,
    nodes: tuple[str, ...],
) -> None:
    """Sweep for ever at an interval; SIGTERM and Ctrl-C end it after the batch under way."""
    from nosender.project import find
    from nosender.retention.sweep import FAST, GENTLE
    from nosender.retention.terminal import Bar, interruptible
    from nosender.retention.watch import Watch
    from nosender.retention.watch import watch as run
    from nosender.schema.catalogue import load
    from nosender.server.target import from_context, nodes_of

    target = from_context(ctx, keeps="a sweep")
    how = Watch(
        interval=interval if interval is not None else load().interval.total_seconds(),
        jitter=jitter,
        pace=FAST if fast else GENTLE,
        canary=canary,
        textfile=textfile,
        sweeps=sweeps,
        project=find(folder),
        nodes=nodes_of(nodes, target.schema, every_node=every_node),
    )
    with interruptible() as stop, Bar() as bar:
        failed = run(target, how, stop=stop, tell=lambda sentence: bar.tell(sentence), progress=bar.show)
    ctx.exit(4 if failed and sweeps is not None else 0)


@retention.command()
@click.option("--rewrite", is_flag=True, help="Write the tables anew, so that deleted bytes leave the files.")
@click.option(
    "--lock-timeout", type=Duration(), default="5s", show_default=True, help="How long to wait for a table."
)
@click.option("--yes", is_flag=True, help="Do not ask before a rewrite, as where nobody could answer.")
@nodes_options
@project_option
@click.pass_context
def erase(
    ctx: click.Context,
    rewrite: bool,
    lock_timeout: float,
    yes: bool,
    folder: Path | None,
    every_node: bool,
    nodes: tuple[str, ...],
) -> None:
    """Vacuum the swept tables and a project's, or write them anew, so that what was deleted leaves the files.

    First says which locks that takes. Copies in the WAL, its archive, replicas and backups are out of reach.
    """
    from nosender.project import find
    from nosender.project.declared import catalogue_of
    from nosender.retention.erase import erase as run
    from nosender.retention.erase import measures
    from nosender.server.target import from_context, nodes_of

    target, catalogue = from_context(ctx, keeps="an erasure"), catalogue_of(find(folder))
    named = nodes_of(nodes, target.schema, every_node=every_node)
    for each in measures(target, rewrite=rewrite, catalogue=catalogue, nodes=named):
        click.echo(f"{each.statement} {each.table}, {each.bytes:,} bytes: {each.lock}", err=True)
    if rewrite and not yes:
        click.confirm("Write these tables anew now?", abort=True, err=True)
    done = run(
        target,
        rewrite=rewrite,
        lock_timeout_ms=int(lock_timeout * 1000),
        catalogue=catalogue,
        tell=lambda sentence: click.echo(sentence, err=True),
        nodes=named,
    )
    for table in done:
        click.echo(f"{table.table}: {table.bytes_before:,} bytes before, {table.bytes_after:,} after")
    if not rewrite:
        click.echo(
            "nosender: vacuumed pages still hold old bytes until they are reused; --rewrite removes them",
            err=True,
        )


@retention.command()
@click.argument("words", nargs=-1, metavar="")
@_format_option
@project_option
@click.pass_context
def held(ctx: click.Context, words: tuple[str, ...], form: str, folder: Path | None) -> None:
    """Tell what is held about a phone number: counts, ages and public keys, for the person who asks.

    The number comes from standard input, or is asked for without being shown. Where nothing is held, that is
    the answer, and it exits 0.
    """
    from nosender.project import find
    from nosender.project.declared import catalogue_of
    from nosender.retention.held import held_about, held_json, held_text
    from nosender.server.target import from_context

    if words:  # not repeated: it may be the number
        raise click.UsageError(
            "the number comes from standard input: the process list shows what stands here"
        )
    target = from_context(ctx)
    if sys.stdin.isatty():
        phone = click.prompt("Phone number", hide_input=True, err=True)
    else:
        phone = sys.stdin.readline()
    found = held_about(target, phone.strip(), catalogue_of(find(folder)))
    click.echo(held_json(found) if form == "json" else held_text(found, terminal(sys.stdout)), nl=False)


@retention.command()
@click.option(
    "--since",
    "report",
    type=click.Path(path_type=Path),
    metavar="REPORT",
    help="Hold the ledger against this earlier report: nothing of what it saw may be gone or rewritten.",
)
@_format_option
@click.pass_context
def verify(ctx: click.Context, report: Path | None, form: str) -> None:
    """Recompute the ledger's hash chain: a row edited, removed, moved or slipped in breaks it."""
    from nosender.retention.ledger import head_of_report, verify_target
    from nosender.retention.status_text import verdict_json, verdict_text
    from nosender.server.target import from_context

    since = head_of_report(report) if report is not None else None
    with waiting("reading the ledger", sys.stderr):
        found = verify_target(from_context(ctx), since)
    click.echo((verdict_json if form == "json" else verdict_text)(found), nl=False)
    ctx.exit(1 if found.problems else 3 if found.unseen else 0)
