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
@click.argument("table", required=False)
@_catalogue_option
def show(table: str | None, folder: Path | None) -> None:
    """Show what TABLE and each of its columns is for; without TABLE, list the tables."""
    from nosender.errors import UsageError
    from nosender.schema.catalogue import load
    from nosender.schema.catalogue.show import one_table, table_list

    declared = load(folder)
    if table is None:
        click.echo(table_list(declared), nl=False)
        return
    found = declared.table(table)
    if found is None:
        names = ", ".join(each.name for each in declared.tables)
        raise UsageError(f"The catalogue declares no table {table!r}; it declares {names}.")
    click.echo(one_table(found), nl=False)


@catalogue.command()
@_catalogue_option
def comments(folder: Path | None) -> None:
    """Print the COMMENT ON statements that are made from the catalogue."""
    from nosender.schema.catalogue import comments_sql, load

    click.echo(comments_sql(load(folder)), nl=False)
