"""`nosender demo`: the whole story on a server of its own, from an empty database to a caught leak."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nosender.errors import NosenderError, UsageError
from nosender.terminal_text import Paragraph, Terminal, rendered, terminal

if TYPE_CHECKING:
    from rich.console import RenderableType

    from nosender.privacy_audit.result.audit import Audit
    from nosender.server.target import Target

REPORT = "nosender-report.html"

PLANTED = "alter table {}.messages add column sender_phone varchar(20)"
"""What somebody might add one day, to look into a complaint."""


@click.command()
@click.option("--users", type=click.IntRange(1), default=100, show_default=True, help="Synthetic people.")
@click.option("--messages", type=click.IntRange(1), default=5000, show_default=True, help="Messages to them.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"Where the HTML report goes; default: {REPORT} here, or where temporary files go.",
)
@click.pass_context
def demo(ctx: click.Context, users: int, messages: int, output: Path | None) -> None:
    """Migrate, fill, sweep and audit a throw-away PostgreSQL; then plant a sender and see it caught.

    Starts a server of its own, whatever database the environment names; with --url or --embedded=DIR before
    the command it uses that one, which must be empty. Exits 0 when everything went as told here.
    """
    from nosender.server.target import DatabaseOptions

    options = DatabaseOptions.of(ctx)
    if not options.named:
        options.embedded = ""  # never somebody's database by accident
    _Story(terminal(sys.stdout)).tell(ctx, users, messages, output)


class _Story:
    """The steps, each announced, timed and answered."""

    def __init__(self, shown_on: Terminal) -> None:
        self._terminal = shown_on
        self._began = time.monotonic()

    def tell(self, ctx: click.Context, users: int, messages: int, output: Path | None) -> None:
        """Run every step; NosenderError where one does not go as told."""
        from nosender.files import write_whole
        from nosender.privacy_audit import runner as audits
        from nosender.privacy_audit.reports import render
        from nosender.server.target import from_context

        self._title("nosender: a message database that stores no sender, and proves it")
        with self._step("A PostgreSQL of our own"):
            target = from_context(ctx)
            self._say(_server(target))
        with self._step("Migrate from nothing to head"):
            self._say(_migrate(target))
        with self._step("Synthetic traffic, real keys and ciphertext"):
            for line in _fill(target, users, messages):
                self._say(line)
        with self._step("Sweep what has expired"):
            self._say(_sweep(target))
        with self._step("Audit the live database"):
            clean = audits.run(target, audits.Options(command="nosender demo"))
            self._verdict(clean)
            report = _report_place(output)
            write_whole(report, render("html", clean).encode())
        if clean.exit_code != 0:
            raise NosenderError("the audit of the demo's own database did not pass, which it should")
        with self._step("Now somebody adds a column, and the audit runs again"):
            self._say(_plant(target))
            caught = audits.run(target, audits.Options(command="nosender demo"))
            self._verdict(caught)
        if caught.exit_code != 1 or not any("sender_phone" in one.object for one in caught.gating()):
            raise NosenderError("the audit did not catch the planted sender column, which it should")
        self._line()
        took = time.monotonic() - self._began
        self._line(f"Everything went as told, in {took:.1f} s. The report, to read and to sign:")
        self._line(f"  {_shown(report)}")

    def _title(self, text: str) -> None:
        self._line(text, "bold")

    @contextlib.contextmanager
    def _step(self, text: str) -> Iterator[None]:
        """Announce a step, and at its end say how long it took."""
        self._line()
        self._line(f"> {text}", "bold cyan")
        began = time.monotonic()
        yield
        self._line(f"  {time.monotonic() - began:.1f} s", "dim")

    def _say(self, text: str) -> None:
        self._show(Paragraph(text, "  "))

    def _verdict(self, audit: Audit) -> None:
        from nosender.privacy_audit.reports.text import claims
        from nosender.privacy_audit.reports.words import one_line

        self._show(claims(audit.claims, [""] * len(audit.claims)))
        for finding in audit.gating():
            self._line()
            head = f"{finding.severity.value}: {finding.kind} {one_line(finding.object)}"
            self._show(Paragraph(head, "  ", style="red"), Paragraph(one_line(finding.detail), "  "))
        self._line()
        self._line(f"  {audit.verdict.value.upper()}, exit code {audit.exit_code}", "bold")

    def _line(self, text: str = "", style: str = "") -> None:
        from rich.text import Text

        self._show(Text(text, style, no_wrap=True, overflow="ignore"))

    def _show(self, *parts: RenderableType) -> None:
        click.echo(rendered(*parts, shown_on=self._terminal), nl=False)
        sys.stdout.flush()


def _server(target: Target) -> str:
    """The server's version; UsageError where the schema holds anything, because the demo plants a leak."""
    with target.connect("nosender demo") as connection:
        version = connection.info.server_version
        held = connection.execute(
            "select 1 from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n"
            " on n.oid = c.relnamespace where n.nspname = %s limit 1",
            [target.schema],
        ).fetchone()
    if held:
        raise UsageError(
            f"schema {target.schema} of {target.describe()} is not empty: the demo plants a sender column, "
            "so give it an empty database, or none, and it starts a server of its own"
        )
    return f"PostgreSQL {version // 10000}.{version % 10000}, whose log keeps no content of any row"


def _migrate(target: Target) -> str:
    from nosender.migrations import runner

    runner.upgrade(target)
    with target.connect("nosender demo") as connection:
        (tables,) = connection.execute(
            "select pg_catalog.count(*) from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n"
            " on n.oid = c.relnamespace where n.nspname = %s and c.relkind = 'r'",
            [target.schema],
        ).fetchone() or (0,)
    return f"{tables} tables, with their guards, functions and roles"


def _fill(target: Target, users: int, messages: int) -> Iterator[str]:
    from nosender.traffic.fill import fill

    past = fill(target, users, messages, seed=1).rows
    yield (
        f"a month of history by COPY: {past['users']:,} people, {past['webauthn_credentials']:,} devices, "
        f"{past['messages']:,} messages"
    )
    now = fill(target, max(1, users // 10), max(1, messages // 20), seed=2, through="flow").rows
    yield (
        f"now, through the message flow: {now['users']:,} people, {now['messages']:,} messages, "
        f"{now['message_deliveries']:,} deliveries"
    )


def _sweep(target: Target) -> str:
    from nosender.retention.sweep import FAST, sweep

    receipt = sweep(target, pace=FAST)
    if receipt.status != "done":
        raise NosenderError(f"the sweep of the demo's own database ended {receipt.status}, not done")
    return (
        f"{receipt.deleted:,} rows deleted, {receipt.deactivated:,} keys put out of use; "
        f"row {receipt.ledger_id} of the ledger"
    )


def _plant(target: Target) -> str:
    from psycopg import sql

    with target.connect("nosender demo") as connection:
        connection.execute(sql.SQL(PLANTED).format(sql.Identifier(target.schema)))
    return f"{PLANTED.format(target.schema)};"


def _report_place(output: Path | None) -> Path:
    """As told, else here, else where temporary files go if here is not ours to write."""
    if output is not None:
        return output
    folder = Path.cwd() if os.access(Path.cwd(), os.W_OK) else Path(tempfile.gettempdir())
    return folder / REPORT


def _shown(path: Path) -> str:
    """The path as short as it can be said here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
