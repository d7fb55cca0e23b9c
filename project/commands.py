"""Options of several rooms, and `nosender catalogue check` and `show`, which speak of a project's, too."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

project_option = click.option(
    "--project",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder of nosender.toml; else the nearest one from here upwards.",
)


def nodes_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that name the servers of a distributed database."""
    for option in (
        click.option(
            "--node",
            "nodes",
            multiple=True,
            metavar="N=URL",
            help="The connection to node N, as pg_dist_node counts groups; may be repeated.",
        ),
        click.option(
            "--every-node",
            is_flag=True,
            help="Look at every server of a database that Citus distributes; each needs a --node.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@project_option
@click.pass_context
def check(ctx: click.Context, folder: Path | None) -> None:
    """Compare what is declared with the live database, both ways. Exits 1 where they differ."""
    from nosender.errors import IncompleteError
    from nosender.project import find
    from nosender.project.declared import catalogue_of, require_schema_of
    from nosender.schema.catalogue import check as compare
    from nosender.schema.layouts.declared import declared_of
    from nosender.schema.observe import observe
    from nosender.schema.observe.citus_own import without_own
    from nosender.schema.observe.read.distribution import refuse_worker
    from nosender.server.target import from_context
    from nosender.terminal_text import visible

    project = find(folder)
    declared = catalogue_of(project)
    target = from_context(ctx)
    require_schema_of(project, target.schema)
    with target.connect("nosender catalogue check", reading=True) as connection:
        refuse_worker(connection, target.schema)
        observation = without_own(observe(connection, target.schema))
    declared = declared_of(declared, observation)
    ours = {table.name for table in declared.tables if table.made_by == "nosender" and table.whose is None}
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
    theirs = [table.name for table in declared.tables if table.whose is not None]
    more = f", {len(theirs)} tables of them {project.name}'s" if theirs else ""
    click.echo(f"{len(declared.tables)} tables and {columns} columns are as declared{more}", err=True)


@click.command()
@click.argument("table", required=False)
@project_option
def show(table: str | None, folder: Path | None) -> None:
    """Show what TABLE and each of its columns is for; without TABLE, list the tables."""
    from nosender.errors import UsageError, did_you_mean
    from nosender.project import find
    from nosender.project.declared import catalogue_of
    from nosender.schema.catalogue.show import WIDTH, one_table, table_list
    from nosender.terminal_text import terminal

    declared = catalogue_of(find(folder))
    width = min(WIDTH, terminal(sys.stdout).width)
    if table is None:
        click.echo(table_list(declared, width), nl=False)
        return
    found = declared.table(table)
    if found is None:
        names = [each.name for each in declared.tables]
        raise UsageError(
            f"The catalogue declares no table {table!r}; it declares {', '.join(names)}."
            f"{did_you_mean(table, names)}"
        )
    click.echo(one_table(found, width), nl=False)
