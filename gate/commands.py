"""`nosender gate`: parse, call, print, exit."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from nosender.gate.checkout import Checkout
    from nosender.privacy_audit.finding import Outcome


@click.command()
@click.option("--base", metavar="REF", help="Measure the change from here, as a pull request does.")
@click.option("--only", multiple=True, metavar="STEP", help="Only this step; may be repeated.")
@click.option("--skip", multiple=True, metavar="STEP", help="Not this step; the gate is then incomplete.")
@click.option("--fast", is_flag=True, help="The steps for a commit hook: no server, within two seconds.")
@click.option(
    "--timeout", type=click.IntRange(4, 36000), default=300, show_default=True, metavar="SECONDS",
    help="Give up a step after this, and a statement after a quarter of it.",
)  # fmt: skip
@click.option("--format", "formats", multiple=True, default=("text",), show_default=True, metavar="FORMAT")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the report here.")
@click.option("--list", "listed", is_flag=True, help="List the steps and stop.")
@click.pass_context
def gate(
    ctx: click.Context,
    base: str | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    fast: bool,
    timeout: int,
    formats: tuple[str, ...],
    output: Path | None,
    listed: bool,
) -> None:
    """Everything that CI asks of a schema change. Exits 0 passed, 1 findings, 3 could not look."""
    from nosender.errors import UsageError
    from nosender.gate.checkout import find_checkout
    from nosender.privacy_audit.reports import FORMATS

    for form in formats:
        if form not in FORMATS:
            raise UsageError(f"there is no format {form}; the formats are {', '.join(FORMATS)}")
    checkout = find_checkout(Path.cwd(), base)
    folder = project_folder(checkout.root)
    if folder is None:
        _run_from(checkout.root)

    from nosender.gate import runner
    from nosender.gate.workplace import Workplace
    from nosender.privacy_audit.evidence import output as reports
    from nosender.server.target import DatabaseOptions

    if folder is not None:
        _project(ctx, checkout, folder, only, skip, formats, output, timeout, fast=fast, listed=listed)
    if listed:
        for step in runner.STEPS:
            click.echo(f"{step.slug:24} {step.title}")
        click.echo(f"{runner.AUDIT:24} The audit of what the revisions make, with all of its checks.")
        return
    # Never the database of an environment variable: scratch databases are made where the user said so.
    server = DatabaseOptions.of(ctx).url
    steps = (*only, *(runner.FAST if fast else ()))
    options = runner.Options(only=steps, skip=skip, server=server, timeout=timeout)
    delivery = reports.prepare(formats, output, "github", (), None)
    if base is not None and not runner.touches_schema(Workplace(checkout)):
        click.echo(f"nothing of the schema, its revisions or its catalogue changed since {base}", err=True)
        if output is None:
            reports.summarise(runner.untouched(), formats)
        else:  # a pipeline that was promised a file finds one
            reports.deliver(runner.untouched(), delivery)
        return

    audit = runner.run(checkout, options, _show)
    reports.deliver(audit, delivery)
    if fast:  # the steps that a hook leaves out are for CI: leaving them out is no failure of the hook
        ran = [result for result in audit.unseen() if result.reason != runner.SKIPPED]
        _end(1 if audit.gating() else 3 if ran else 0)
    _end(audit.exit_code)


def project_folder(root: Path) -> Path | None:
    """The folder of the nearest nosender.toml from here up to the top of the checkout; None for none."""
    from nosender.project import Project, find

    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if not folder.is_relative_to(root.resolve()):
            return None
        if (folder / "nosender.toml").is_file() or (folder / "pyproject.toml").is_file():
            found: Project = find()
            return found.file.parent if found.file is not None and found.own.catalogue is not None else None
    return None


def _project(
    ctx: click.Context,
    checkout: Checkout,
    folder: Path,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    formats: tuple[str, ...],
    output: Path | None,
    timeout: int,
    *,
    fast: bool,
    listed: bool,
) -> NoReturn:
    """The gate of a team's own repository."""
    from nosender.gate import project_runner
    from nosender.gate.runner import SKIPPED, Options, untouched
    from nosender.privacy_audit.evidence import output as reports
    from nosender.server.target import DatabaseOptions

    server = DatabaseOptions.of(ctx).url
    with project_runner.ProjectPlace(checkout, folder, server, timeout) as place:
        steps = project_runner.steps(place)
        if listed:
            for step in steps:
                click.echo(f"{step.slug:24} {step.title}")
            click.echo(
                f"{project_runner.AUDIT:24} The audit of what both chains make, with all of its checks."
            )
            ctx.exit(0)
        only = (*only, *(step.slug for step in steps if step.fast and fast))
        options = Options(only=only, skip=skip, server=server, timeout=timeout)
        delivery = reports.prepare(formats, output, "github", (), None)
        if checkout.base is not None and not place.touches():
            click.echo("nothing of the project's tables, revisions or catalogue changed", err=True)
            audit = untouched(steps, str(place.settings))
            if output is None:
                reports.summarise(audit, formats)
            else:
                reports.deliver(audit, delivery)
            ctx.exit(0)
        audit = project_runner.run(place, options, _show)
    reports.deliver(audit, delivery)
    ran = [result for result in audit.unseen() if result.reason != SKIPPED]
    ctx.exit(audit.exit_code if not fast else 1 if audit.gating() else 3 if ran else 0)


def _show(step: str, outcome: Outcome, seconds: float) -> None:
    """A line of progress for a step that has ended."""
    from rich.text import Text

    from nosender.terminal_text import STYLES, rendered, terminal

    line = Text().append(f"{outcome.value:11}", STYLES[outcome.value]).append(f" {step:24} {seconds:5.1f} s")
    click.echo(rendered(line, shown_on=terminal(sys.stderr)), nl=False, err=True)


def _end(code: int) -> NoReturn:
    """Exit, also where a step hangs in a revision's Python: no thread can be stopped, only the process."""
    from nosender.gate.runner import THREADS

    if any(thread.name.startswith(THREADS) for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _run_from(root: Path) -> None:
    """Start again with the checkout's own code, where another one is installed: DDL, revisions and
    catalogue belong to the code that reads them.
    """
    import nosender
    from nosender.errors import UsageError

    source = root / "src"
    if not (source / "nosender" / "__init__.py").is_file() or not (root / "schema" / "ddl").is_dir():
        raise UsageError(
            f"{root} is no checkout of a schema of ours, for it has no src/nosender and schema/ddl, and no "
            "nosender.toml here or above names a catalogue of a project's own"
        )
    if Path(nosender.__file__).resolve().is_relative_to(root.resolve()):
        return
    if os.environ.get("NOSENDER_GATE_ROOT") == str(root):
        raise UsageError(f"the code of {root} cannot be run: Python finds another nosender first")
    path = os.pathsep.join(filter(None, (str(source), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path, "NOSENDER_GATE_ROOT": str(root)}
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", "nosender", *sys.argv[1:]], environment)  # noqa: S606
