"""`nosender audit`: parse, call, print, exit."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from .check import Loaded

LEVELS = ("critical", "high", "medium", "low")


@click.group()
def audit() -> None:
    """Prove that no sender and no relationship is stored, and say what cannot be seen."""


@audit.command()
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the report here.")
@click.option("--fail-on", type=click.Choice(LEVELS), default="medium", show_default=True, metavar="LEVEL")
@click.option("--check", "slugs", multiple=True, metavar="SLUG", help="Only this check; may be repeated.")
@click.option("--catalogue", type=click.Path(path_type=Path), metavar="DIR", help="Another catalogue.")
@click.pass_context
def run(
    ctx: click.Context,
    form: str,
    output: Path | None,
    fail_on: str,
    slugs: tuple[str, ...],
    catalogue: Path | None,
) -> None:
    """Look at everything in one read-only snapshot. Exits 0 passed, 1 findings, 3 could not see."""
    from nosender.server.target import from_context

    from . import runner
    from .finding import Severity

    target = from_context(ctx)
    options = runner.Options(
        checks=slugs,
        fail_on=Severity(fail_on),
        catalogue=catalogue,
        command=_command_line(form, fail_on, slugs),
    )
    result = runner.run(target, options)
    if form == "json":
        from .reports import json as report

        text = report.render(result)
    else:
        from .reports import text as page

        text = page.render(result, colour=output is None and _colour())
    if output is None:
        click.echo(text, nl=False)
    else:
        write_whole(output, text)
    summary = f"{result.verdict.value}: {len(result.gating())} findings at {fail_on} or above"
    if unseen := len(result.unseen()):
        summary += f", {unseen} checks could not look"
    click.echo(summary, err=True)
    ctx.exit(result.exit_code)


@audit.command("list")
def list_checks() -> None:
    """List the checks: slug, severity, confidence and what holds when it passes."""
    from .check import discover

    claim = None
    for loaded in discover():
        check = loaded.check
        if check.claim is not claim:
            claim = check.claim
            click.echo(f"{claim.value}: {claim.statement}")
        click.echo(f"  {check.slug}  ({check.severity.value}, {check.confidence.value})")
        click.echo(f"      {check.title}")


@audit.command()
@click.argument("slug")
def explain(slug: str) -> None:
    """Explain one check, with its bad, fixed and good example."""
    from .runner import chosen

    (loaded,) = chosen([slug])
    click.echo(explanation(loaded), nl=False)


def explanation(loaded: Loaded) -> str:
    """The text of `audit explain`."""
    check = loaded.check
    parts = [
        f"{check.slug} ({check.claim.value}; {check.severity.value}, {check.confidence.value}; since "
        f"{check.since})",
        check.title,
        loaded.explanation,
        f"Remedy: {check.remedy}",
    ]
    for title, name in (
        ("The question, for your own psql (search_path set to the schema of the tables)", "query.sql"),
        ("Found in this", "bad.sql"),
        ("Gone after this", "fix.sql"),
        ("Not found in this, its nearest innocent relation", "good.sql"),
    ):
        parts.append(f"{title}:\n\n" + loaded.example(name).rstrip())
    return "\n\n".join(parts) + "\n"


def write_whole(path: Path, text: str) -> None:
    """Write the file whole or not at all."""
    from nosender.errors import NosenderError

    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise NosenderError(f"{path} cannot be written: {error.strerror}") from None


def _command_line(form: str, fail_on: str, slugs: tuple[str, ...]) -> str:
    """What was asked for, without the address of the database, which may hold a password."""
    words = ["nosender audit run", f"--format {form}", f"--fail-on {fail_on}"]
    return " ".join([*words, *(f"--check {slug}" for slug in slugs)])


def _colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
