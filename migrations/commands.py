"""`nosender db`: apply, revert, plan and compare the schema's revisions."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nosender.project.commands import nodes_options, project_option

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nosender.migrations.nodes import CheckedNode
    from nosender.migrations.runner import Options, Receipt
    from nosender.project import Declared, Project
    from nosender.server.target import Target


@click.group()
def db() -> None:
    """Apply, revert, plan and compare the schema's revisions."""


_versions = click.option(
    "--versions",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Read the revisions from this folder instead of the one that belongs to this program.",
)


def _declared(folder: Path | None) -> Declared | None:
    """The knobs of nosender.toml; None where it says nothing of them."""
    from nosender.project import find

    return find(folder).retention


def _migrating(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a command that changes the database."""
    for option in (
        click.option("--no-verify", is_flag=True, help="Do not compare the schema with what was promised."),
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
            "--snapshot-timeout", type=click.FloatRange(min=0.01), default=3600, show_default=True,
            metavar="SECONDS", help="How long CONCURRENTLY waits for older transactions; it blocks nobody.",
        ),
        _versions,
    ):  # fmt: skip
        command = option(command)
    return command


def _options(
    versions: Path | None,
    lock_wait: float = 60,
    lock_timeout: float = 2,
    attempts: int = 10,
    snapshot_timeout: float = 3600,
    *,
    no_verify: bool = False,
    replay: bool = False,
    allow_data_loss: bool = False,
    plan: Path | None = None,
    declared: Declared | None = None,
    project: Project | None = None,
) -> Options:
    from nosender.migrations.apply import Patience
    from nosender.migrations.revisions import VERSIONS
    from nosender.migrations.runner import Options
    from nosender.terminal_text import fitted, terminal

    return Options(
        versions=versions or VERSIONS,
        lock_wait=lock_wait,
        patience=Patience(lock=lock_timeout, attempts=attempts, snapshots=snapshot_timeout),
        verify=not no_verify,
        replay=replay,
        allow_data_loss=allow_data_loss,
        plan=plan,
        declared=declared,
        project=project,
        say=lambda line: click.echo(fitted(line, terminal(sys.stderr)), err=True),
    )


def _tell(receipt: Receipt) -> None:
    from nosender.terminal_text import fitted, terminal

    if receipt.applied:
        how = "schema made at once, equal to" if receipt.loaded else "applied"
        told = f"at {receipt.after}; {how} {', '.join(receipt.applied)}"
        click.echo(fitted(told, terminal(sys.stdout)))
    elif not receipt.turned:
        click.echo(f"at {receipt.after or 'base'}, nothing to do")
    for line in receipt.turned:
        click.echo(line)


@db.command()
@click.argument("revision", default="head")
@click.option("--replay", is_flag=True, help="Run each revision, even on an empty schema.")
@click.option(
    "--plan", "plan_file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
    help="Go by this plan (JSON): refuse where the schema or a revision has changed since.",
)  # fmt: skip
@click.option(
    "--project", "folder", type=click.Path(path_type=Path), metavar="DIR",
    help="The folder of nosender.toml: its chain follows ours. Without it, the nearest one's knobs count.",
)  # fmt: skip
@_migrating
@click.pass_context
def upgrade(
    ctx: click.Context,
    revision: str,
    folder: Path | None,
    replay: bool,
    plan_file: Path | None,
    no_verify: bool,
    lock_wait: float,
    lock_timeout: float,
    attempts: int,
    snapshot_timeout: float,
    versions: Path | None,
) -> None:
    """Apply the revisions up to REVISION (default: all), then turn the knobs that nosender.toml declares.

    What is applied already stays as it is.
    """
    from nosender.migrations import runner
    from nosender.project import find
    from nosender.server.target import from_context

    project = find(folder) if folder is not None else None
    options = _options(
        versions,
        lock_wait,
        lock_timeout,
        attempts,
        snapshot_timeout,
        no_verify=no_verify,
        replay=replay,
        plan=plan_file,
        declared=_declared(folder),
        project=project,
    )
    receipt = runner.upgrade(from_context(ctx, keeps="a migration"), revision, options)
    _tell(receipt)
    if project is not None and receipt.project is not None:
        click.echo(f"{project.name} at {receipt.project}")


class _StepsBack(click.Command):
    """Takes `-1`, as Alembic does, for a revision and not for an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        steps = [each for each in args if re.fullmatch("-[0-9]+", each)]
        if "--" not in args:
            args = [*(each for each in args if each not in steps), *(["--", *steps] if steps else [])]
        return super().parse_args(ctx, args)


@db.command(cls=_StepsBack)
@click.argument("revision")
@click.option("--allow-data-loss", is_flag=True, help="Revert even what deletes rows.")
@_migrating
@click.pass_context
def downgrade(
    ctx: click.Context,
    revision: str,
    allow_data_loss: bool,
    no_verify: bool,
    lock_wait: float,
    lock_timeout: float,
    attempts: int,
    snapshot_timeout: float,
    versions: Path | None,
) -> None:
    """Revert the revisions above REVISION (base: all of them; -1: the last). Roles are never dropped."""
    from nosender.migrations import runner
    from nosender.server.target import from_context

    options = _options(
        versions,
        lock_wait,
        lock_timeout,
        attempts,
        snapshot_timeout,
        no_verify=no_verify,
        allow_data_loss=allow_data_loss,
    )
    receipt = runner.downgrade(from_context(ctx, keeps="a migration"), revision, options)
    done = ", ".join(receipt.applied)
    click.echo(
        f"at {receipt.after or 'base'}; reverted {done}" if done else f"at {receipt.after}, nothing to do"
    )


@db.command()
@_versions
@click.pass_context
def current(ctx: click.Context, versions: Path | None) -> None:
    """Show the revision that the database is at, and how many are pending."""
    from nosender.migrations import runner
    from nosender.migrations.revisions import VERSIONS
    from nosender.server.target import from_context

    standing = runner.current(from_context(ctx), versions=versions or VERSIONS)
    state = (
        "head" if not standing.pending else f"{len(standing.pending)} pending: {', '.join(standing.pending)}"
    )
    place = ", in the layout for Citus" if standing.in_layout else ""
    click.echo(f"{standing.revision or 'base'} ({state}){place}")


@db.command()
@_versions
def history(versions: Path | None) -> None:
    """List the revisions, oldest first, with the checksums of their text."""
    from nosender.migrations.checksum import ALGORITHM
    from nosender.migrations.revisions import VERSIONS, Chain
    from nosender.terminal_text import fitted, terminal

    for revision in Chain.load(versions or VERSIONS).revisions:
        kind = "" if revision.transactional else ", in steps"
        line = (
            f"{revision.revision}  sha256/{ALGORITHM}:{revision.checksum}  {revision.summary}"
            f" (down: {revision.downgrade_is}{kind})"
        )
        click.echo(fitted(line, terminal(sys.stdout)))


@db.command()
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "sql"]), default="text", show_default=True
)
@click.option(
    "--fail-on", type=click.Choice(["low", "strict"]), default="low", show_default=True,
    help="Which differences end in exit code 1; the order of columns never does.",
)  # fmt: skip
@click.option("--lock-wait", type=click.FloatRange(min=0), default=60, show_default=True, metavar="SECONDS")
@nodes_options
@project_option
@_versions
@click.pass_context
def check(
    ctx: click.Context,
    form: str,
    fail_on: str,
    lock_wait: float,
    every_node: bool,
    nodes: tuple[str, ...],
    folder: Path | None,
    versions: Path | None,
) -> None:
    """Compare the schema with what its revision promises, and the knobs with nosender.toml. Never writes.

    One line a difference, and under it the SQL that repairs it: run in one transaction, in this order, it
    leaves none. What would destroy rows stands as a comment; what is somebody else's is left alone.
    --format sql prints the SQL alone, for psql.
    """
    from dataclasses import asdict

    from nosender.migrations import check_text, runner
    from nosender.project import find
    from nosender.project.declared import owner_of
    from nosender.server.target import ONE_SERVER, from_context, nodes_of
    from nosender.terminal_text import fitted, terminal, waiting

    project, target = find(folder), from_context(ctx)
    named = nodes_of(nodes, target.schema, every_node=every_node)
    options = _options(versions, lock_wait, declared=project.retention, project=project)
    with waiting("comparing", sys.stderr):
        revision, found = runner.check(target, options)
        others, unseen = _other_nodes(target, named)
    whose = owner_of(project, target.schema)
    if form == "json":
        document = {
            "revision": revision,
            "differences": [asdict(item) | {"whose": whose(item.object)} for item in found],
            "nodes": [asdict(each) for each in others],
        }
        click.echo(json.dumps(document, indent=2))
    else:
        lines = check_text.as_script(found, revision) if form == "sql" else check_text.as_text(found, whose)
        for line in (*lines, *check_text.of_nodes(others, as_comment=form == "sql")):
            click.echo(line)
    counted = {"strict"} if fail_on == "strict" else {"strict", "low"}
    failing = sum(item.severity in counted for item in found) + sum(len(each.differences) for each in others)
    click.echo(f"revision {revision}: {len(found) or 'no'} difference{'s' * (len(found) != 1)}", err=True)
    click.echo(fitted(check_text.TO_THE_AUDIT, terminal(sys.stderr)), err=True)
    if named is not None and not others:
        click.echo(ONE_SERVER, err=True)
    if unseen:
        click.echo(fitted(check_text.unseen(unseen), terminal(sys.stderr)), err=True)
    if check_text.restored_without_rights(found):
        click.echo(fitted(check_text.WITHOUT_RIGHTS, terminal(sys.stderr)), err=True)
    ctx.exit(1 if failing else 3 if unseen else 0)


def _other_nodes(target: Target, named: Mapping[str, Target] | None) -> tuple[tuple[CheckedNode, ...], int]:
    """The other servers of a distributed database, and how many of them were not looked at."""
    from nosender.migrations.nodes import check_nodes
    from nosender.schema.observe.read.distribution import unseen_nodes

    with target.connect("nosender db", reading=True) as connection:
        if named is None:
            return (), unseen_nodes(connection, target.schema)
        others = check_nodes(connection, target.schema, named)
    return others, sum(each.why is not None for each in others)


@db.command()
@click.argument("revision", default="head")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--scratch-url", metavar="URL",
    help="Rehearse on a scratch database of this server instead of an embedded one.",
)  # fmt: skip
@click.option(
    "--project", "folder", type=click.Path(path_type=Path), metavar="DIR",
    help="The folder of nosender.toml: its chain follows ours. Without it, the nearest one's knobs count.",
)  # fmt: skip
@_versions
@click.pass_context
def plan(
    ctx: click.Context,
    revision: str,
    form: str,
    scratch_url: str | None,
    folder: Path | None,
    versions: Path | None,
) -> None:
    """Show what `db upgrade REVISION` would lock, block, rewrite and read, by rehearsing it on a copy.

    With --project, what its revisions would do after ours, too. Exits 1 where the upgrade would refuse.
    """
    from nosender.migrations.plan import make_plan
    from nosender.migrations.plan_text import as_json, as_text
    from nosender.migrations.revisions import VERSIONS
    from nosender.project import find
    from nosender.server.target import from_context, resolve
    from nosender.terminal_text import fitted, terminal, waiting

    scratch = resolve(scratch_url, "public").conninfo if scratch_url else None
    with waiting("rehearsing on a copy", sys.stderr):
        made = make_plan(
            from_context(ctx),
            revision,
            versions=versions or VERSIONS,
            scratch=scratch,
            declared=_declared(folder),
            project=find(folder) if folder is not None else None,
        )
    click.echo(as_json(made) if form == "json" else fitted(as_text(made), terminal(sys.stdout)), nl=False)
    ctx.exit(1 if made.refused else 0)


@db.command()
@click.argument("revision", default="head")
@click.option("--from", "start", metavar="REV", help="Start here instead of asking the database where it is.")
@project_option
@_versions
@click.pass_context
def sql(
    ctx: click.Context, revision: str, start: str | None, folder: Path | None, versions: Path | None
) -> None:
    """Print the SQL that `db upgrade REVISION` would run, for a DBA to run with psql."""
    from nosender.migrations import layout_step, runner, sql_script
    from nosender.migrations.revisions import VERSIONS, Chain
    from nosender.server.target import DatabaseOptions, from_context

    declared, chain = _declared(folder), versions or VERSIONS
    knobs = declared.values if declared is not None else None
    if start is None:
        target = from_context(ctx)
        standing = runner.current(target, versions=chain)
        if standing.in_layout and standing.pending:
            layout_step.refuse_core_text([Chain.load(chain).get(each) for each in standing.pending])
        start, schema = standing.revision or "base", target.schema
        knobs = None if knobs == standing.knobs else knobs
    else:
        schema = DatabaseOptions.of(ctx).schema
    click.echo(sql_script.render(schema, start, revision, versions=chain, knobs=knobs), nl=False)


@db.command()
@click.argument("revision")
@_versions
@click.pass_context
def accept(ctx: click.Context, revision: str, versions: Path | None) -> None:
    """Record that the text of REVISION, applied already, was changed on purpose."""
    from nosender.migrations import runner
    from nosender.server.target import from_context

    name = runner.accept(from_context(ctx), revision, _options(versions))
    click.echo(f"the present text of {name} is accepted and recorded")
