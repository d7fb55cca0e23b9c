"""`nosender audit attack`: parse, call, print, exit."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from click.core import ParameterSource

from nosender.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

FORMATS = ("text", "json", "html")


@click.command()
@click.option(
    "--users", type=click.IntRange(20, 5000), default=1000, show_default=True, help="People in a world."
)
@click.option(
    "--rate",
    type=click.FloatRange(1, 1000),
    default=40.0,
    show_default=True,
    help="Rows of messages a person and day.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 60),
    default=2,
    show_default=True,
    help="Planted days, the last to 22:00.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=1000, show_default=True, help="Of the first world."
)
@click.option("--worlds", type=click.IntRange(1, 100), default=5, show_default=True, help="How many.")
@click.option(
    "--seconds", type=click.FloatRange(min=1), help="Begin no world that would end later; says what was cut."
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write it here, whole or not at all."
)
@click.option(
    "--conduct", type=click.Path(path_type=Path, exists=True), metavar="TOML", help="How the people behave."
)
@click.option(
    "--score",
    "scores",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    metavar="FILE",
    help="A Python file with one more score, which is run; may be repeated.",
)
@click.pass_context
def attack(
    ctx: click.Context,
    users: int,
    rate: float,
    days: int,
    seed: int,
    worlds: int,
    seconds: float | None,
    form: Literal["text", "json", "html"],
    output: Path | None,
    conduct: Path | None,
    scores: tuple[Path, ...],
) -> None:
    """Measure what a holder of the database could learn: how often a real contact is named first.

    Plants people who talk in scratch databases of the schema, on a server of its own, copies the tables and
    attacks the copy channel by channel; beside each number stand chance, popularity and a shuffled control,
    and the same for the tables of 0.1.0, on which the attack must succeed. A low number is no proof: it says
    that these attacks failed. Exits 0 within every declared bound, 1 above one, 3 where the measurement is
    blind or decides nothing. Never looks at a database of yours.
    """
    _refuse_live_rows(ctx)
    _require_numpy()
    from nosender.linkability.attack import Options
    from nosender.linkability.attack import attack as run
    from nosender.linkability.reports import render
    from nosender.linkability.simulation.conduct import DEFAULT

    if output is not None:
        _require_writable(output)
    found = run(
        Options(
            users=users,
            rate=rate,
            days=days,
            seed=seed,
            worlds=worlds,
            seconds=seconds or float("inf"),
            conduct=conduct or DEFAULT,
            scores=scores,
            say=_progress(),
        )
    )
    text = render(form, found)
    if output is None:
        click.echo(text, nl=False)
    else:
        from nosender.files import write_whole

        write_whole(output, text)
    ctx.exit(found.exit_code)


def _refuse_live_rows(ctx: click.Context) -> None:
    from nosender.server.target import DatabaseOptions

    root = ctx.find_root()
    options = DatabaseOptions.of(ctx)
    if options.url is not None or options.embedded:
        raise UsageError(
            "audit attack takes no database: that score would be the contact list of the people in it; it "
            "plants rows of its own on a throw-away server"
        )
    if root.get_parameter_source("schema") == ParameterSource.COMMANDLINE:
        raise UsageError("audit attack makes its own databases: --schema means nothing to it")


def _require_numpy() -> None:
    if importlib.util.find_spec("numpy") is None:
        raise UsageError("audit attack needs numpy: install nosender with its extra, [attack]")


def _require_writable(output: Path) -> None:
    """Minutes of work should not end at a folder that is not there."""
    if not output.absolute().parent.is_dir():
        raise UsageError(f"{output.parent} is no folder, so {output.name} cannot be written there")


def _progress() -> Callable[[str], None]:
    return lambda line: print(line, file=sys.stderr, flush=True)
