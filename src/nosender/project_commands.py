"""`nosender project`: a team's own tables, drafted, frozen and checked; `audit selftest` over both chains."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nosender.project.commands import project_option

if TYPE_CHECKING:
    from nosender.privacy_audit.selftest import Field
    from nosender.project import Project
    from nosender.server.target import Target


@click.group()
def project() -> None:
    """A team's own tables, chain and waivers beside ours."""


@project.command()
@click.option("--name", metavar="NAME", help="What the project is called. [default: the folder's name]")
@click.option(
    "--ci", type=click.Choice(["github", "gitlab", "none"]), default="github", show_default=True,
    help="Whose job to write.",
)  # fmt: skip
@click.pass_context
def init(ctx: click.Context, name: str | None, ci: str) -> None:
    """Write nosender.toml, a CI job, and a draft for each table of the database that nothing declares.

    A draft says TODO where a person has to decide, and is refused until that is done. Nothing is replaced.
    """
    from nosender.files import write_whole
    from nosender.project.drafts import CATALOGUE, JOBS, require_new, settings, write_new
    from nosender.terminal_text import visible

    folder = Path.cwd()
    require_new(folder)
    files = {"nosender.toml": settings(name or folder.name, folder)}
    target = _named_target(ctx)
    drafts, left = _drafts(target) if target is not None else ({}, ())
    files |= {f"{CATALOGUE}/{file}": text for file, text in drafts.items()}
    if ci != "none":
        file, text = JOBS[ci]
        files[file] = text
    (folder / CATALOGUE).mkdir(exist_ok=True)
    for path in write_new(folder, files, write_whole):
        click.echo(f"written: {path.relative_to(folder)}", err=True)
    if target is None:
        click.echo("no database is named, so no table was drafted", err=True)
    elif not drafts and not left:
        click.echo("the database holds no table that nothing declares", err=True)
    for sentence in left:
        click.echo(f"not drafted: {visible(sentence)}", err=True)


def _named_target(ctx: click.Context) -> Target | None:
    """The database, where one is named in any way."""
    from nosender.errors import UsageError
    from nosender.server.target import DatabaseOptions, from_context

    try:
        return from_context(ctx)
    except UsageError:
        if DatabaseOptions.of(ctx).named:
            raise
        return None


def _drafts(target: Target) -> tuple[dict[str, str], tuple[str, ...]]:
    """The drafts by file: a table each, and the keys that start there; a sentence for what has none."""
    from nosender.privacy_audit.explore.drafts import elsewhere, keys_draft, table_draft
    from nosender.privacy_audit.explore.guessing.guesses import guess
    from nosender.privacy_audit.explore.tables import shapes_of
    from nosender.schema.catalogue import load
    from nosender.schema.observe import observe

    with target.connect("nosender project init", reading=True) as connection:
        observation = observe(connection, target.schema)
    world, ours = guess(shapes_of(observation)), {table.name for table in load().tables}
    known = {(each.schema, each.name) for each in observation.relations if each.extension is None}
    found = sorted(key for key in world.shapes if key in known)
    here = [key for key in found if key[0] == target.schema and key[1] not in ours]
    own = [key for key in here if _file_name(key[1])]
    names = {key[1] for key in own}
    keys = [
        each
        for each in observation.constraints
        if each.kind == "foreign key" and each.schema == target.schema and each.table in names
    ]
    drafts = {f"{key[1]}.toml": table_draft(world, key) for key in own}
    if keys:
        drafts["policy.toml"] = keys_draft(keys)
    odd = [
        f"table {key[1]!r}: no declaration can have a file of that name, so rename the table"
        for key in here
        if key not in own
    ]
    return drafts, (*odd, *elsewhere([key for key in found if key[0] != target.schema]))


def _file_name(name: str) -> bool:
    """Whether a table's name is one for the file that declares it, wherever that is checked out."""
    return name not in ("policy", "vocabulary") and re.fullmatch(r"\w[\w $#@+,;=~-]*(?<! )", name) is not None


@project.command()
@project_option
@click.option(
    "--server", metavar="URL", help="A server for the scratch database, instead of the embedded one."
)
@click.pass_context
def freeze(ctx: click.Context, folder: Path | None, server: str | None) -> None:
    """Write what the project's objects look like: our head and then its revisions, on a scratch database.

    The audit and `db check` compare the live objects with that file, so it is committed like a revision.
    Exits 1 where the declared retention, or the declared columns that a login without rights counts in, are
    not what the revisions install, and writes the SQL that does.
    """
    from nosender.files import write_whole
    from nosender.migrations.freeze import freeze as look
    from nosender.migrations.freeze import require_catalogue
    from nosender.privacy_audit.snapshot.probes import declared as columns
    from nosender.project import find
    from nosender.project.declared import catalogue_of, frozen_path
    from nosender.retention import project_policy as policy
    from nosender.schema.catalogue.places import declared_name
    from nosender.schema.observe import reference
    from nosender.schema.observe.parts import together
    from nosender.server.embedded import EmbeddedServer
    from nosender.server.target import resolve

    found = find(folder)
    require_catalogue(found)
    catalogue_of(found)  # what is wrong with the files comes before a server is started
    path = frozen_path(found)
    assert path is not None  # noqa: S101 (required above)
    if server is not None:
        frozen = look(resolve(server, "public").conninfo, found)
    else:
        with EmbeddedServer() as own:
            frozen = look(own.conninfo(), found)
    whole = together(reference(frozen.schema), frozen.observation)
    declared = catalogue_of(found)
    wanted = {
        "retention.sql": policy.missing(declared, whole),
        "columns.sql": columns.missing(declared, whole),
    }
    write_whole(path, frozen.to_json())  # once nothing is refused any more
    tables = [declared_name(each.schema, each.name, frozen.schema) for each in frozen.observation.relations]
    click.echo(f"written: {path}", err=True)
    click.echo(f"{found.name} at {frozen.head or 'base'}: {', '.join(tables) or 'no table'}")
    for name, sql in wanted.items():
        if sql is not None:
            write_whole(path.with_name(name), sql)
            click.echo(
                f"written: {path.with_name(name)}: let the project's next revision run it, and freeze again",
                err=True,
            )
    if any(sql is not None for sql in wanted.values()):
        ctx.exit(1)


@project.command()
@project_option
def check(folder: Path | None) -> None:
    """Say whether the project is sound and its frozen file fresh; needs no database. Exits 2 where not."""
    from datetime import UTC, datetime

    from nosender.errors import UsageError
    from nosender.migrations.project_chain import ProjectChain
    from nosender.privacy_audit.project_checks import all_checks
    from nosender.privacy_audit.result.waivers import read as read_waivers
    from nosender.project import find
    from nosender.project.declared import catalogue_of, frozen_of

    found = find(folder)
    if found.file is None:
        raise UsageError("no nosender.toml stands here or above: `nosender project init` writes one")
    catalogue = catalogue_of(found)
    chain = ProjectChain.load(found)
    frozen_of(found, found.own.schema or "public")
    checks = all_checks(found)
    if found.own.waivers is not None:
        read_waivers(found.own.waivers, checks, datetime.now(UTC).date())
    tables = [table.name for table in catalogue.tables if table.whose is not None]
    head = f", its chain at {chain.head or 'base'}" if chain is not None else ""
    click.echo(f"{found.name or found.file}: {len(tables)} tables beside ours, all declared{head}")


@click.command()
@click.option("--check", "slugs", multiple=True, metavar="SLUG", help="Only this check; may be repeated.")
@project_option
@click.pass_context
def selftest(ctx: click.Context, slugs: tuple[str, ...], folder: Path | None) -> None:
    """Plant each check's bad example and see that it is found. Exits 1 where one is missed.

    A project's tables stand beside ours: each of its own checks is held to all of its examples (clean, bad,
    fixed, the nearest innocent thing), and into each of its tables goes a column that nobody declared.

    Works on a throw-away PostgreSQL of its own: some examples change roles and settings of the whole server.
    """
    from nosender.errors import UsageError
    from nosender.privacy_audit.runner import chosen
    from nosender.privacy_audit.selftest import trials
    from nosender.project import find
    from nosender.server.target import DatabaseOptions
    from nosender.terminal_text import visible

    if DatabaseOptions.of(ctx).named:
        raise UsageError("audit selftest works on a PostgreSQL of its own: leave --url and --embedded away")
    found = find(folder)
    checks = chosen(slugs, found)
    missed = total = 0
    for trial in trials(checks, _theirs(found)):
        total += 1
        missed += not trial.passed
        click.echo(f"{'found ' if trial.passed else 'MISSED'}  {trial.check}  {visible(trial.words)}")
    click.echo(f"{total - missed} of {total} leaks found", err=True)
    ctx.exit(1 if missed else 0)


def _theirs(project: Project) -> Callable[[str], Field] | None:
    """Makes a database with both chains in it; None where the project has nothing of its own."""
    from nosender.migrations import project_chain, runner
    from nosender.privacy_audit.selftest import Field, new_database
    from nosender.project.declared import catalogue_of, frozen_of

    if project.own.catalogue is None and project.own.checks is None:
        return None
    schema = project.own.schema or "public"
    catalogue, frozen = catalogue_of(project), frozen_of(project, schema)

    def made(server: str) -> Field:
        target = new_database(server, "nosender_selftest_both", schema)
        runner.upgrade(target)
        if project.own.alembic is not None:
            project_chain.upgrade(target, project)
        return Field(server, "nosender_selftest_both", schema, catalogue, frozen)

    return made
