"""`nosender catalogue`: compare the declared with the live, and show what a table is for."""

from __future__ import annotations

from pathlib import Path

import click

_catalogue_option = click.option(
    "--catalogue",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Read the catalogue from this folder instead of the one that belongs to this program.",
)


@click.group()
def catalogue() -> None:
    """What every table and column is for, declared and compared with the live database."""


@catalogue.command()
@_catalogue_option
@click.pass_context
def check(ctx: click.Context, folder: Path | None) -> None:
    """Compare the catalogue with the live database, both ways. Exits 1 where they differ."""
    from nosender.errors import IncompleteError
    from nosender.schema.catalogue import check as compare
    from nosender.schema.catalogue import load
    from nosender.schema.observe import observe
    from nosender.server.target import from_context
    from nosender.terminal_text import visible

    declared = load(folder)
    target = from_context(ctx)
    with target.connect("nosender catalogue check", reading=True) as connection:
        observation = observe(connection, target.schema)
    ours = {table.name for table in declared.tables if table.made_by == "nosender"}
    if not any(each.schema == target.schema and each.name in ours for each in observation.relations):
        raise IncompleteError(
            f"Schema {target.schema} of this database holds none of the declared tables; "
            "run `nosender db upgrade`, or name the right schema with --schema."
        )
    problems = compare(declared, observation, target.schema)
    for problem in problems:
        click.echo(visible(str(problem)))
    if problems:
        click.echo(f"{len(problems)} differences between the catalogue and the database", err=True)
        ctx.exit(1)
    columns = sum(len(table.columns) for table in declared.tables)
    click.echo(f"{len(declared.tables)} tables and {columns} columns are as declared", err=True)


@catalogue.command()
@click.argument("table", required=False)
@_catalogue_option
def show(table: str | None, folder: Path | None) -> None:
    """Show what TABLE and each of its columns is for; without TABLE, list the tables."""
    from nosender.errors import UsageError, did_you_mean
    from nosender.schema.catalogue import load
    from nosender.schema.catalogue.show import one_table, table_list

    declared = load(folder)
    if table is None:
        click.echo(table_list(declared), nl=False)
        return
    found = declared.table(table)
    if found is None:
        names = [each.name for each in declared.tables]
        raise UsageError(
            f"The catalogue declares no table {table!r}; it declares {', '.join(names)}."
            f"{did_you_mean(table, names)}"
        )
    click.echo(one_table(found), nl=False)


@catalogue.command()
@_catalogue_option
def comments(folder: Path | None) -> None:
    """Print the COMMENT ON statements that are made from the catalogue."""
    from nosender.schema.catalogue import comments_sql, load

    click.echo(comments_sql(load(folder)), nl=False)


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
@_catalogue_option
@click.pass_context
def docs(ctx: click.Context, into: Path, folder: Path | None, *, only_check: bool) -> None:
    """Write the data dictionary: catalogue.md, catalogue.html and the diagram, catalogue.svg."""
    from nosender.errors import UsageError
    from nosender.files import write_whole
    from nosender.schema.catalogue import load
    from nosender.schema.catalogue.docs import files
    from nosender.schema.observe import reference

    types = {(each.table, each.name): each.type for each in reference().columns}
    stale = []
    for name, text in files(load(folder), types).items():
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
