"""`nosender audit explore`: parse, call, print, exit."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from nosender.privacy_audit.explore.reports import FORMATS


@click.command()
@click.option(
    "--rows",
    type=click.IntRange(min=0, max=1_000_000),
    default=1000,
    show_default=True,
    metavar="N",
    help="Rows read of one table, at most; 0 reads none.",
)
@click.option(
    "--tables",
    type=click.IntRange(min=1, max=100_000),
    default=400,
    show_default=True,
    metavar="N",
    help="Tables of which rows are read, at most.",
)
@click.option(
    "--format",
    "forms",
    type=click.Choice(list(FORMATS)),
    metavar="FORMAT",
    multiple=True,
    default=("text",),
    show_default=True,
    help=f"{', '.join(FORMATS)}. May be repeated; --output is then a folder.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the answer here, whole or not at all.",
)
@click.pass_context
def explore(ctx: click.Context, rows: int, tables: int, forms: tuple[str, ...], output: Path | None) -> None:
    """Say who could be linked to whom in any database: no catalogue, no right to write, counts only.

    Exits 0 nothing found, 1 found, 3 nothing found and something could not be looked at.
    """
    from dataclasses import replace

    from nosender.files import write_whole
    from nosender.privacy_audit.evidence.output import prepare
    from nosender.privacy_audit.explore.explore import BOUND
    from nosender.privacy_audit.explore.explore import explore as look
    from nosender.privacy_audit.explore.reports import render, text
    from nosender.server.target import from_context
    from nosender.terminal_text import terminal, waiting

    delivery = prepare(forms, output, "github", (), None)
    with waiting("looking at the database", sys.stderr):
        answer = look(from_context(ctx), replace(BOUND, rows=rows, tables=tables))
    if output is None:
        if delivery.formats[0] == "text":
            click.echo(text.render(answer, min(text.WIDTH, terminal(sys.stdout).width)), nl=False)
        else:
            click.echo(render(delivery.formats[0], answer), nl=False)
    elif len(delivery.formats) == 1:
        write_whole(output, render(delivery.formats[0], answer))
        click.echo(f"written: {output}", err=True)
    else:
        output.mkdir(parents=True, exist_ok=True)
        for form in delivery.formats:
            path = output / FORMATS[form]
            write_whole(path, render(form, answer))
            click.echo(f"written: {path}", err=True)
    ctx.exit(answer.exit_code)
