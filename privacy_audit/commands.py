"""`nosender audit`: parse, call, print, exit."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from nosender.files import write_whole
from nosender.privacy_audit.evidence.commands import diff, evidence, history, render, sign, verify
from nosender.privacy_audit.explore.commands import explore
from nosender.privacy_audit.reports import FORMATS, Profile
from nosender.project.commands import nodes_options, project_option
from nosender.terminal_text import visible

if TYPE_CHECKING:
    from nosender.privacy_audit.check import Loaded
    from nosender.terminal_text import Terminal

__all__ = ["audit", "evidence"]

LEVELS = ("critical", "high", "medium", "low")


@click.group()
def audit() -> None:
    """Prove that no sender and no relationship is stored, and say what cannot be seen."""


audit.add_command(sign)
audit.add_command(verify)
audit.add_command(diff)
audit.add_command(render)
audit.add_command(history)
audit.add_command(explore)


@audit.command()
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
    help="Write the report here, whole or not at all.",
)
@click.option(
    "--sarif-profile",
    "profile",
    type=click.Choice(["github", "full"]),
    default="github",
    show_default=True,
    help="What SARIF holds: what GitHub takes, or all that the standard can say.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="LAST.json",
    help="Show what changed since; decides nothing.",
)
@click.option(
    "--sign",
    "keys",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="KEY",
    help="Sign the JSON report.",
)
@click.option("--fail-on", type=click.Choice(LEVELS), default="medium", show_default=True, metavar="LEVEL")
@click.option("--check", "slugs", multiple=True, metavar="SLUG", help="Only this check; may be repeated.")
@click.option(
    "--waivers", type=click.Path(path_type=Path), metavar="FILE", help="Findings that somebody signed for."
)
@click.option(
    "--propose-waiver",
    "draft",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draft a waiver for each finding that decides; it counts once somebody has signed for it.",
)
@click.option(
    "--project",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder of nosender.toml; else the nearest one from here upwards.",
)
@click.option(
    "--textfile",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write verdict and counts here, for the node exporter's textfile collector.",
)
@nodes_options
@click.option("--challenge", metavar="TEXT", help="A reviewer's own word, to be found in the signed report.")
@click.pass_context
def run(
    ctx: click.Context,
    forms: tuple[str, ...],
    output: Path | None,
    profile: Profile,
    baseline: Path | None,
    keys: tuple[Path, ...],
    fail_on: str,
    slugs: tuple[str, ...],
    waivers: Path | None,
    draft: Path | None,
    folder: Path | None,
    textfile: Path | None,
    every_node: bool,
    nodes: tuple[str, ...],
    challenge: str | None,
) -> None:
    """Look at everything in one read-only snapshot. Exits 0 passed, 1 findings, 3 could not see."""
    from nosender.privacy_audit import runner
    from nosender.privacy_audit.evidence import output as out
    from nosender.privacy_audit.finding import Severity
    from nosender.privacy_audit.reports import prometheus, waiver_draft
    from nosender.project import find
    from nosender.server.target import ONE_SERVER, from_context, nodes_of
    from nosender.terminal_text import waiting

    delivery = out.prepare(forms, output, profile, keys, baseline)
    target, project = from_context(ctx), find(folder)
    named = nodes_of(nodes, target.schema, every_node=every_node)
    options = runner.Options(
        checks=slugs,
        fail_on=Severity(fail_on),
        waivers=waivers or project.own.waivers,
        project=project,
        challenge=challenge,
        nodes=named,
        command=command_line(ctx),
    )
    with waiting("looking at the database", sys.stderr):
        found = runner.run(target, options)
    result = out.compared(found, delivery)
    written = out.deliver(result, delivery)
    if draft is not None:
        write_whole(draft, waiver_draft.render(result).encode())
        written.append(draft)
    if textfile is not None:
        earlier = textfile.read_text(encoding="utf-8", errors="replace") if textfile.is_file() else ""
        write_whole(textfile, prometheus.metrics(result, earlier).encode())
        written.append(textfile)
    for path in written:
        click.echo(f"written: {path}", err=True)
    if named is not None and not found.target.nodes:
        click.echo(ONE_SERVER, err=True)
    summary = f"{result.verdict.value}: {len(result.gating())} findings at {fail_on} or above"
    if unseen := len(result.unseen()):
        summary += f", {unseen} check{'s' * (unseen != 1)} could not look"
    click.echo(summary, err=True)
    ctx.exit(result.exit_code)


@audit.command("list")
@project_option
def list_checks(folder: Path | None) -> None:
    """List the checks, a project's too: slug, severity, confidence and what holds when it passes."""
    from nosender.privacy_audit.finding import Claim
    from nosender.privacy_audit.project_checks import all_checks
    from nosender.project import find
    from nosender.terminal_text import fitted, terminal

    claim, order, shown_on = None, list(Claim), terminal(sys.stdout)
    for loaded in sorted(all_checks(find(folder)), key=lambda each: order.index(each.check.claim)):
        check = loaded.check
        if check.claim is not claim:
            claim = check.claim
            click.echo(fitted(f"{claim.value}: {claim.statement}", shown_on))
        whose = f", a check of {visible(check.whose)}" if check.whose else ""
        click.echo(f"  {check.slug}  ({check.severity.value}, {check.confidence.value}{whose})")
        click.echo(fitted(f"      {check.title}", shown_on))


@audit.command()
@click.argument("slug")
@project_option
def explain(slug: str, folder: Path | None) -> None:
    """Explain one check, ours or a project's, with its bad, fixed and good example."""
    from nosender.privacy_audit.runner import chosen
    from nosender.project import find
    from nosender.terminal_text import terminal

    (loaded,) = chosen([slug], find(folder))
    click.echo(explanation(loaded, terminal(sys.stdout)), nl=False)


@audit.command()
@project_option
@click.pass_context
def queries(ctx: click.Context, folder: Path | None) -> None:
    """Print every check's query as one file of SQL, to run or to paste into psql; it only reads."""
    from nosender.privacy_audit.project_checks import all_checks
    from nosender.project import find
    from nosender.server.target import DatabaseOptions

    click.echo(all_queries(all_checks(find(folder)), DatabaseOptions.of(ctx).schema), nl=False)


@audit.command()
@nodes_options
@project_option
@click.pass_context
def preflight(ctx: click.Context, folder: Path | None, every_node: bool, nodes: tuple[str, ...]) -> None:
    """Say what the rights of this role allow to be seen. Exits 3 where a check could not look."""
    from nosender.privacy_audit import runner
    from nosender.project import find
    from nosender.server.target import ONE_SERVER, from_context, nodes_of
    from nosender.terminal_text import fitted, terminal, waiting

    target = from_context(ctx)
    named = nodes_of(nodes, target.schema, every_node=every_node)
    with waiting("asking for everything once", sys.stderr):
        result = runner.run(target, runner.Options(project=find(folder), nodes=named))
    tested = [each for each in result.checks if each.reason is None]
    click.echo(f"{visible(result.run.role)} can test {len(tested)} of {len(result.checks)} checks")
    for each in result.checks:
        if each.reason is not None:
            click.echo(fitted(f"  {each.check.slug}: {visible(each.reason)}", terminal(sys.stdout)))
    for limit in result.limits:
        if limit.startswith("Not shown"):
            click.echo(fitted(f"  {visible(limit)}", terminal(sys.stdout)))
    if named is not None and not result.target.nodes:
        click.echo(ONE_SERVER, err=True)
    reasons = {each.node: each.why for each in result.target.nodes}
    for name in result.decided.nodes_unseen:
        why = reasons.get(name) or "--every-node looks at it"
        click.echo(fitted(f"  {visible(name)}: not looked at: {visible(why)}", terminal(sys.stdout)))
    if result.decided.nodes_unseen and not result.unseen():
        ctx.exit(3)
    if result.unseen():
        click.echo(
            "an auditor's role is a member of nosender_auditor and of pg_read_all_settings; where nobody may "
            "grant the latter, as on some platforms, audit as the administrator",
            err=True,
        )
        ctx.exit(3)


def explanation(loaded: Loaded, shown_on: Terminal | None = None) -> str:
    """The text of `audit explain`; the SQL is not broken, to be copied as it is."""
    from nosender.privacy_audit.standards import citations
    from nosender.terminal_text import PIPE, fitted

    check = loaded.check
    cited = citations().get(check.slug, ())
    parts = [
        f"{check.slug} ({check.claim.value}; {check.severity.value}, {check.confidence.value}; "
        + (f"a check of {check.whose})" if check.whose else f"since {check.since})"),
        check.title,
        loaded.explanation,
        f"Remedy: {check.remedy}",
        f"Evidence for: {', '.join(cited) or 'no requirement of a standard'}.",
    ]
    if shown_on is not None and shown_on is not PIPE:  # its lines are as long as those of a file
        paragraphs = (" ".join(each.split()) for part in parts for each in part.split("\n\n"))
        parts = [fitted(each, shown_on, "") for each in paragraphs]
    for title, name in (
        ("The question, for psql with search_path set to the schema", "query.sql"),
        ("Found in this", "bad.sql"),
        ("Gone after this", "fix.sql"),
        ("Not found in this, its nearest innocent relation", "good.sql"),
    ):
        parts.append(f"{title}:\n\n" + loaded.example(name).rstrip())
    return "\n\n".join(parts) + "\n"


def all_queries(checks: tuple[Loaded, ...], schema: str) -> str:
    """The text of `audit queries`; psql prints the heading of each, so that its rows can be told apart."""
    from nosender import __version__
    from nosender.schema.observe.quoting import quoted

    parts = [
        f"-- The {len(checks)} questions of the audit of nosender {__version__}, one query for each check.\n"
        "-- A row is what the check finds: where everything holds, no query returns any.\n"
        "-- What could not be read is no row either; `nosender audit run` says what that was.\n"
        "set session characteristics as transaction read only;\n"
        f"set search_path to {quoted(schema)};\n"
    ]
    parts += [
        f"\n\\echo {each.check.claim.value} {each.check.slug}\n"
        f"-- {each.check.title}\n{each.example('query.sql').rstrip()}\n;\n"
        for each in checks
    ]
    return "".join(parts)


def command_line(ctx: click.Context) -> str:
    """What was asked for, every option that was given, without the address of the database: it may hold a
    password.
    """
    words = ["nosender audit run"]
    for option in ctx.command.params:
        given = ctx.params.get(option.name or "")
        source = ctx.get_parameter_source(option.name or "")
        if given is None or (source is ParameterSource.DEFAULT and option.name not in ("forms", "fail_on")):
            continue
        if given is True:
            words.append(option.opts[0])
            continue
        values = given if isinstance(given, tuple) else (given,)
        if option.name == "nodes":  # the rest is an address
            values = tuple(each.partition("=")[0] for each in values)
        words += (f"{option.opts[0]} {shlex.quote(str(value))}" for value in values)
    return " ".join(words)
