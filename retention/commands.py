"""`nosender retention`: parse, call, print, exit."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

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
@click.option("--canary", is_flag=True, help="Leave a row behind that the next sweeps have to remove.")
@_format_option
@click.pass_context
def sweep(
    ctx: click.Context,
    fast: bool,
    batch: int | None,
    target_ms: float | None,
    duty: float | None,
    rate: int | None,
    patience: float,
    tables: tuple[str, ...],
    canary: bool,
    form: str,
) -> None:
    """Delete what has expired, once, to the end; Ctrl-C ends it after the batch under way, with a receipt."""
    from dataclasses import replace

    from nosender.retention.sweep import FAST, GENTLE
    from nosender.retention.sweep import sweep as run
    from nosender.retention.terminal import Bar, interruptible
    from nosender.server.target import from_context

    pace = replace(FAST if fast else GENTLE, rate=rate, patience_ms=int(patience * 1000))
    if batch is not None:
        pace = replace(pace, most=batch)
    if target_ms is not None:
        pace = replace(pace, target_ms=target_ms)
    if duty is not None:
        pace = replace(pace, duty=duty)
    target = from_context(ctx)
    with interruptible() as stop, Bar() as bar:
        receipt = run(target, pace=pace, tables=tables or None, canary=canary, progress=bar.show, stop=stop)
    if form == "json":
        click.echo(json.dumps(asdict(receipt), indent=2))
    else:
        click.echo(
            f"{receipt.status}: {receipt.deleted} deleted, {receipt.children} with them, "
            f"{receipt.deactivated} marked inactive, in {receipt.batches} batches\n"
            f"receipt {receipt.ledger_id} sha256:{receipt.ledger_hash}"
        )
    for warning in receipt.warnings:
        click.echo(f"nosender: {warning}", err=True)
    ctx.exit({"done": 0, "interrupted": 130}.get(receipt.status, 3))


@retention.command()
@click.option(
    "--catalogue",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Plan from the catalogue in this folder instead of the one that belongs to this program.",
)
@_format_option
@click.pass_context
def plan(ctx: click.Context, folder: Path | None, form: str) -> None:
    """What a sweep would do now: the rules, how many rows are due, and since when."""
    from nosender.retention.look import look
    from nosender.retention.policy import declared_plan
    from nosender.retention.text import plan_json, plan_text
    from nosender.server.target import from_context

    declared = declared_plan(folder)
    status = look(from_context(ctx))
    click.echo((plan_json if form == "json" else plan_text)(declared, status), nl=False)


@retention.command()
@_format_option
@click.pass_context
def status(ctx: click.Context, form: str) -> None:
    """What is overdue, how the last sweeps went, and who keeps deleted rows from being vacuumed away."""
    from nosender.retention.look import look
    from nosender.retention.text import status_json, status_text
    from nosender.server.target import from_context

    found = look(from_context(ctx))
    click.echo((status_json if form == "json" else status_text)(found), nl=False)


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
    from nosender.retention.text import verdict_json, verdict_text
    from nosender.server.target import from_context

    since = head_of_report(report) if report is not None else None
    found = verify_target(from_context(ctx), since)
    click.echo((verdict_json if form == "json" else verdict_text)(found), nl=False)
    ctx.exit(1 if found.problems else 3 if found.unseen else 0)
