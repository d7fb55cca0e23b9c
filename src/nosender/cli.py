"""The door for people: names the commands and loads each from its room when it is called.

No logic lives here. Imports are lazy, so that `--version` costs what a bare Python costs.
"""

from __future__ import annotations

import os
import sys

from nosender import __version__

TYPE_CHECKING = False  # the type checkers' name for it; importing typing would cost more than --version does
if TYPE_CHECKING:
    import click

COMMANDS = {
    "demo": ("nosender.demo:demo", "The whole story on a server of its own, with the audit at its end."),
    "db": ("nosender.migrations.commands:db", "Apply, revert, plan and compare the schema's revisions."),
    "audit": ("nosender.privacy_audit.commands:audit", "Prove that no sender and no relationship is stored."),
    "evidence": ("nosender.privacy_audit.commands:evidence", "Keys for signing reports."),
    "retention": ("nosender.retention.commands:retention", "Delete what has expired, and leave a receipt."),
    "catalogue": ("nosender.schema.commands:catalogue", "What every table and column is for."),
    "project": ("nosender.project_commands:project", "A team's own tables beside ours."),
    "platform": (
        "nosender.privacy_audit.platforms.commands:platform",
        "Somebody else's server: what to set up there.",
    ),
    "gate": ("nosender.gate.commands:gate", "Everything that CI asks of a schema change."),
    "traffic": ("nosender.traffic.commands:traffic", "Synthetic users, devices and messages."),
}
"""Each command: where its click object lives, and the line that `--help` shows without loading it."""

ATTACHED = {
    "audit": {
        "attack": "nosender.linkability.commands:attack",
        "selftest": "nosender.project_commands:selftest",
    },
    "catalogue": {
        "check": "nosender.project.commands:check",
        "show": "nosender.project.commands:show",
    },
    "db": {"scale-out": "nosender.scale_out.commands:scale_out"},
}
"""Commands of a group whose room may not import the room that they live in: loaded with the group."""


def main() -> None:
    """Run the command line; every failure ends in one sentence and the exit code of nosender.errors."""
    if sys.argv[1:] == ["--version"]:  # answered before click is imported, which costs more than the answer
        print(f"nosender {__version__}")
        return
    from nosender.errors import NosenderError
    from nosender.standard_streams import guard

    guard()
    try:
        code = _run()
        sys.stdout.flush()
        sys.exit(code)
    except NosenderError as error:
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail("interrupted", 130)
    except Exception as error:  # the last line of defence: a crash of ours must not read as findings
        if os.environ.get("NOSENDER_DEBUG"):
            raise
        _fail(_unforeseen(error), 4)


def _run() -> int:
    import click

    from nosender.errors import UsageError

    try:
        os.getcwd()
    except OSError as error:
        raise UsageError(f"the working folder cannot be looked at: {error.strerror}") from None
    try:
        # An option whose value may be left out takes the next word for it: `--embedded db` would lose `db`.
        words = ["--embedded=" if word == "--embedded" else word for word in sys.argv[1:]]
        result = root().main(words, prog_name="nosender", standalone_mode=False)
    except click.exceptions.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        _with_guess(error).show()
        return error.exit_code if isinstance(error, click.UsageError) else 4
    return result if isinstance(result, int) else 0


def _with_guess(error: click.ClickException) -> click.ClickException:
    """Asks about a value that is nearly one of those that an option takes; click asks about names alone."""
    import click

    from nosender.errors import did_you_mean

    if not isinstance(error, click.BadParameter) or error.param is None:
        return error
    kind, quoted = error.param.type, error.message.split("'")
    if not isinstance(kind, click.Choice) or len(quoted) < 2:
        return error
    guess = did_you_mean(quoted[1], map(str, kind.choices))
    return click.BadParameter(f"{error.message}{guess}", error.ctx, error.param, error.param_hint)


def _unforeseen(error: Exception) -> str:
    """What failed, without the text of a database error: that can carry a row, a phone number in it."""
    from nosender.server.sqlstates import in_words, is_of_a_database, is_of_the_server

    told = f"unforeseen {type(error).__name__}"
    if is_of_a_database(error):
        told = f"the database refused: {in_words(error)}"
    return told if is_of_the_server(error) else f"{told} (set NOSENDER_DEBUG=1 for the traceback)"


def _fail(sentence: str, code: int) -> None:
    from nosender.terminal_text import fitted, terminal

    print(fitted(f"nosender: {sentence}", terminal(sys.stderr)), file=sys.stderr)
    sys.exit(code)


def root() -> click.Group:
    """The root command, built when click is there."""
    import importlib

    import click

    from nosender.errors import did_you_mean

    def load(place: str) -> click.Command:
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    class LazyGroup(click.Group):
        """Lists every command from the table above and loads only the one that is called."""

        def list_commands(self, ctx: click.Context) -> list[str]:
            return list(COMMANDS)

        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
            if cmd_name not in COMMANDS:
                if ctx.resilient_parsing:  # a shell completes the word
                    return None
                ctx.fail(f"No such command {cmd_name!r}.{did_you_mean(cmd_name, COMMANDS)}")
            command = load(COMMANDS[cmd_name][0])
            if isinstance(command, click.Group):
                for name, place in ATTACHED.get(cmd_name, {}).items():
                    command.add_command(load(place), name)
            return command

        def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
            with formatter.section("Commands"):
                formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    @click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
    @click.option(
        "--url", metavar="URL", help="The database; else NOSENDER_URL, DATABASE_URL, libpq's variables."
    )
    @click.option(
        "--embedded",
        metavar="[=DIR]",
        is_flag=False,
        flag_value="",
        help="Start a throw-away PostgreSQL for this command; with =DIR its data stay there.",
    )
    @click.option(
        "--schema", metavar="NAME", default="public", show_default=True, help="The schema of our tables."
    )
    @click.version_option(__version__, message="nosender %(version)s")
    @click.pass_context
    def nosender(ctx: click.Context, url: str | None, embedded: str | None, schema: str) -> None:
        """A message database that stores no sender, and can prove it."""
        from nosender.server.target import DatabaseOptions

        ctx.obj = DatabaseOptions(url, embedded, schema)

    return nosender


if __name__ == "__main__":
    main()
