"""The reference pages, made from the program itself: every check and every command, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from nosender.markup import code, prose

if TYPE_CHECKING:
    from nosender.privacy_audit.check import Loaded
    from nosender.privacy_audit.finding import Claim
    from nosender.schema.catalogue import Catalogue
    from nosender.schema.observe import Observation
    from nosender.schema.observe.model import Function

MADE = "<!-- Made by `make generate`; what it says stands in {}. -->\n\n"

CHECKS = """# The checks

`nosender audit run` asks {count} questions of a live database, in seven groups: one for each promise. Below
stands for each what it finds, why that matters and what it sees; then a change in which it finds something,
the remedy, and the nearest innocent thing, which it must not mistake for it. A test runs all three of every
check, on a real server.

`nosender audit explain SLUG` prints one check with the query that a reviewer can run in their own psql, and
`nosender audit queries` prints those queries as one file. A finding of confidence `hint` is a guess from
names and decides nothing; `--fail-on` chooses the severity that decides.

"""

COMMANDS = """# The commands

The options of `nosender` itself stand before the command: `nosender --url URL audit run`. The answer goes
to the standard output, progress and summary to the standard error. `NO_COLOR` is kept, and a pipe gets no
colour.

| exit code | meaning |
| --- | --- |
| 0 | passed, or done |
| 1 | findings at or above the level, or a difference that was asked for |
| 2 | wrong usage: an option, a file or a word that is not of the form it must have |
| 3 | incomplete: something could not be looked at, so there is no answer to trust |
| 4 | failed: no connection, a lock that was not won, anything unforeseen |
| 130 | interrupted |

With findings and something that could not be seen it is 1. It is never 0 where something could not be seen.

"""

FUNCTIONS = """# The functions

What each group of roles may call, as `db upgrade` makes it; all else is called by the program, or by these. A
name stands for a function of our schema, and arguments may be given by name. [The message flow](flow.md)
shows those of the application in use, and says what holds for all of them and what the codes of errors mean.
"""

EXAMPLES = (("Found in this", "bad.sql"), ("Gone after this", "fix.sql"), ("Not found in this", "good.sql"))

PROBES = (
    "It asks a function of the database that counts and hands no row out. Where that function reads a sample "
    "of a large table, the report says how much of it was read."
)
STRUCTURE = "It looks at all of the structure and the settings, and at no row of a table."
GUESSES = " It guesses from names, so another name hides the same thing."


def checks_page(checks: tuple[Loaded, ...]) -> str:
    """docs/checks.md."""
    parts = [MADE.format("privacy_audit/checks"), CHECKS.format(count=len(checks))]
    claims: dict[Claim, list[Loaded]] = {}
    for loaded in checks:
        claims.setdefault(loaded.check.claim, []).append(loaded)
    for claim, group in claims.items():
        parts += [f"- [{claim.value}](#{claim.value}), {len(group)} checks\n"]
    for claim, group in claims.items():
        parts += [f"\n## {claim.value}\n\n{prose(claim.statement)}\n\n"]
        parts += ["| check | severity | what holds when it passes |\n| --- | --- | --- |\n"]
        for one in (each.check for each in group):
            parts += [f"| [{one.slug}](#{one.slug}) | {one.severity.value} | {prose(one.title)} |\n"]
        parts += [f"\n{_check(each)}" for each in group]
    return "".join(parts)


def _check(loaded: Loaded) -> str:
    from nosender.privacy_audit.standards import citations

    check = loaded.check
    finds, _, why = loaded.explanation.partition("\n\n")
    sees = PROBES if "snapshot.probe" in loaded.example("check.py") else STRUCTURE
    cited = ", ".join(citations().get(check.slug, ())) or "no requirement of a standard"
    paragraphs = [
        f"### {check.slug}",
        f"{prose(check.title)}",
        f"*{check.severity.value}, {check.confidence.value}, since {check.since}"
        f"{'' if check.waivable else '; no waiver is accepted'}*",
        f"**Finds.** {prose(finds)}",
        *([f"{prose(why)}"] if why else []),
        f"**Sees.** {sees}{GUESSES if check.confidence.value == 'hint' else ''}",
        f"**Remedy.** {prose(check.remedy)}",
        f"**Evidence for.** {cited}.",
        *(f"{title}:\n\n```sql\n{loaded.example(name).rstrip()}\n```" for title, name in EXAMPLES),
    ]
    return "\n\n".join(paragraphs) + "\n"


def functions_page(declared: Observation, catalogue: Catalogue) -> str:
    """docs/functions.md: signature, result and purpose of what a group may call."""
    made = {f"{each.name}({each.identity})": each for each in declared.functions}
    purposes = {each.name: each.purpose for each in catalogue.functions}
    groups: dict[str, list[str]] = {}
    for grant in declared.grants:
        if grant.object in made and grant.grantee.startswith("nosender_"):
            groups.setdefault(grant.grantee, []).append(grant.object)
    parts = [MADE.format("schema/ddl and schema/catalogue/functions"), FUNCTIONS]
    for group, names in sorted(groups.items()):
        parts.append(f"\n## {group}\n\n```sql")
        called = (made[name] for name in sorted(names))
        parts += [f"\n-- {purposes[each.name]}\n{_signature(each)}\n" for each in called]
        parts.append("```\n")
    return "".join(parts)


def _signature(function: Function) -> str:
    """The head of a function as one writes it in SQL."""
    arguments = re.sub(r"::[a-z ]+(\[\])?", "", function.arguments)
    arguments = arguments.replace(" DEFAULT NULL", " default null").replace(" DEFAULT ", " default ")
    parts = [f"{function.name}({arguments})"]
    if function.result is not None:  # a procedure has none
        parts.append("returns " + function.result.replace("TABLE(", "table (").replace("SETOF ", "setof "))
    if sum(map(len, parts)) < 100:
        return " ".join(parts)
    return "\n".join(part if len(part) < 100 else _spread(part) for part in parts)


def _spread(part: str) -> str:
    """What stands between the brackets, one to a line."""
    head, _, rest = part.partition("(")
    return f"{head}(\n  " + rest.removesuffix(")").replace(", ", ",\n  ") + "\n)"


def commands_page(root: click.Command) -> str:
    """docs/cli.md."""
    contexts = tuple(_walk(click.Context(root, info_name="nosender")))
    table = "".join(
        f"| [{each.command_path}](#{each.command_path.replace(' ', '-')}) "
        f"| {prose(each.command.get_short_help_str(200))} |\n"
        for each in contexts
    )
    index = f"| command | what it does |\n| --- | --- |\n{table}"
    sections = "".join(f"\n{_command(each)}" for each in contexts)
    return MADE.format("the commands' own help") + COMMANDS + index + sections


def _walk(context: click.Context) -> Iterator[click.Context]:
    """The context of each command, a group before its commands."""
    yield context
    group = context.command
    if isinstance(group, click.Group):
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if command is not None and not command.hidden:
                yield from _walk(click.Context(command, parent=context, info_name=name))


def _command(context: click.Context) -> str:
    command = context.command
    usage = " ".join(filter(None, [context.command_path, *command.collect_usage_pieces(context)]))
    about = "\n\n".join(" ".join(each.split()) for each in (command.help or "").split("\n\n"))
    paragraphs = [f"## {context.command_path}", f"{prose(about)}", f"    {usage}"]
    records = [each.get_help_record(context) for each in command.get_params(context)]
    rows = [f"| {code(words)} | {prose(meaning)} |" for words, meaning in filter(None, records)]
    own = [row for row in rows if not row.endswith("| Show this message and exit. |")]
    if own:
        paragraphs.append("\n".join(["| option | meaning |", "| --- | --- |", *own]))
    return "\n\n".join(paragraphs) + "\n"
