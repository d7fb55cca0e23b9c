"""`nosender catalogue`: what is made from ours; the project's room has the commands that speak of both."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def catalogue() -> None:
    """What every table and column is for, declared and compared with the live database."""


@catalogue.command()
def comments() -> None:
    """Print the COMMENT ON statements that are made from the catalogue."""
    from nosender.schema.catalogue import comments_sql, load

    click.echo(comments_sql(load()), nl=False)


@catalogue.command()
@click.option(
    "--output",
    "into",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("docs"),
    show_default=True,
    metavar="DIR",
    help="Write the files there.",
)
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 where a file is not fresh.")
@click.pass_context
def docs(ctx: click.Context, into: Path, *, only_check: bool) -> None:
    """Write the data dictionary: catalogue.md, catalogue.html and the diagram, catalogue.svg."""
    from nosender.errors import UsageError
    from nosender.files import write_whole
    from nosender.schema.catalogue import load
    from nosender.schema.catalogue.docs import files
    from nosender.schema.observe import reference

    types = {(each.table, each.name): each.type for each in reference().columns}
    stale = []
    for name, text in files(load(), types).items():
        path = into / name
        if only_check:
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                stale.append(path)
            continue
        try:
            into.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{into} cannot be made: {error.strerror}") from None
        write_whole(path, text)
        click.echo(f"written: {path}", err=True)
    for path in stale:
        click.echo(f"{path} is not what the catalogue says: run `nosender catalogue docs`")
    if stale:
        ctx.exit(1)
