"""Makes the revisions that are not released yet from the canonical DDL, and what each must lead to.

    python -m nosender.migrations.freeze

A revision of ours is the text of the DDL's files of one step, so that the chain ends where the DDL does.
What it makes: NNNN_slug.up.sql, the NNNN_slug.down.sql that takes it back, NNNN_slug.json (the Observation
that must stand afterwards), a module where there is none yet, the comments in
schema/ddl/85_comments.sql and schema/observe/reference.json. Released
revisions are left alone: a change of the DDL is then a revision of its own, written by hand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from nosender.migrations.journal import JOURNAL
from nosender.migrations.revisions import VERSIONS
from nosender.schema import ddl
from nosender.schema.catalogue import comments_sql, load
from nosender.schema.observe import Observation, observe, within
from nosender.schema.observe.canonical import PLACEHOLDER, make
from nosender.schema.observe.names import quoted
from nosender.server.embedded import EmbeddedServer
from nosender.server.scratch import scratch_database


@dataclass(frozen=True, slots=True)
class Part:
    """One revision, and the first letters of the DDL's files that it is made of."""

    name: str  # NNNN_slug
    files: tuple[str, ...]
    summary: str


# Nothing is released yet; a release empties this list.
UNRELEASED = (
    Part("0001_tables", ("01", "02", "1", "2", "70", "90"), "Create the tables, their guards and the roles."),
    Part("0002_message_flow", ("3", "4"), "Create the functions of the message flow."),
    Part("0003_retention", ("5",), "Create the ledger of the sweeps and the functions that sweep."),
    Part("0004_audit", ("6",), "Create the functions through which the audit counts."),
    Part("0005_comments", ("85",), "Say in the database what every table and column is for."),
)


def freeze(conninfo: str, folder: Path = VERSIONS) -> None:
    """Write every file; `conninfo` is a server to work on."""
    with scratch_database(conninfo) as scratch, psycopg.connect(scratch) as connection:
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(PLACEHOLDER)))
        connection.execute(sql.SQL("set search_path to {}, pg_temp").format(sql.Identifier(PLACEHOLDER)))
        connection.commit()
        before = portable(connection)
        below = None
        for part in UNRELEASED:
            up = _up(part)
            connection.execute(up.encode())
            connection.commit()
            after = portable(connection)
            _write(folder / f"{part.name}.up.sql", up)
            _write(folder / f"{part.name}.down.sql", _down(part, before, after))
            _write(folder / f"{part.name}.json", after.to_json())
            module = folder / f"{part.name}.py"
            if not module.exists():
                _write(module, _module(part, below, _tables(before, after)))
            before, below = after, part.name.partition("_")[0]


def portable(connection: psycopg.Connection) -> Observation:
    """What stands in the placeholder schema, without anything of the cluster."""
    # what depends on what follows from the rest, and would be a third of the file
    return replace(within(observe(connection, PLACEHOLDER), PLACEHOLDER), dependencies=())


def _up(part: Part) -> str:
    chosen = [file for file in ddl.files() if file.name.startswith(part.files)]
    texts = [f"-- {file.name}\n{file.sql.strip()}\n" for file in chosen]
    return f"-- {part.summary}\n\n" + "\n".join(texts)


def _down(part: Part, before: Observation, after: Observation) -> str:
    """Drop what came, in an order that needs no CASCADE: its users first."""
    tables = _tables(before, after)
    new = [f for f in after.functions if f not in before.functions]
    triggers = [f for f in new if f.result == "trigger"]
    others = [f for f in new if f.result != "trigger"]
    lines = [f"-- Take back: {part.summary}"]
    if not tables:
        triggers, others = [], [*triggers, *others]
    # a function can take a row of a table as its argument
    lines += [_drop_function(f) for f in others]
    if tables:
        lines.append("drop table\n" + ",\n".join(quoted(table) for table in tables) + ";")
    lines += [_drop_function(f) for f in triggers]
    lines += [f"comment on {_commented(c)} is null;" for c in after.comments if c not in before.comments]
    if any(g.kind == "schema" and g not in before.grants for g in after.grants):
        roles = ", ".join(sorted({g.grantee for g in after.grants if g.kind == "schema"}))
        lines.append(
            "do $$\nbegin\n"
            f"  execute format(\n    'revoke usage on schema %I from {roles}', current_schema()\n  );\n"
            "end\n$$;"
        )
        lines.append("-- The roles stay: other databases of the cluster may use them. So does btree_gist.")
    return "\n".join(lines) + "\n"


def _drop_function(function: Any) -> str:
    kind = "procedure" if function.kind == "procedure" else "function"
    line = f"drop {kind} {quoted(function.name)}({_here(function.identity)});"
    if len(line) <= 110:
        return line
    arguments = ",\n".join(f"  {argument}" for argument in _here(function.identity).split(", "))
    return f"drop {kind} {quoted(function.name)}(\n{arguments}\n);"


def _commented(comment: Any) -> str:
    if comment.kind in ("function", "procedure"):  # none of ours has a namesake
        return f"routine {_here(comment.object).partition('(')[0]}"
    return f"{comment.kind} {_here(comment.object)}"


def _here(text: str) -> str:
    """The name without its schema: a revision stands in the schema it is run in."""
    text = text.replace(f"{PLACEHOLDER}.", "").replace("pg_catalog.", "")
    return re.sub(r"\b(IN|INOUT|OUT|VARIADIC) ", lambda m: m[0].lower(), re.sub(r",(?=\S)", ", ", text))


def _tables(before: Observation, after: Observation) -> list[str]:
    known = {relation.name for relation in before.relations}
    return [relation.name for relation in after.relations if relation.name not in known]


def _module(part: Part, below: str | None, tables: list[str]) -> str:
    from mako.template import Template

    # our own template, rendered to Python: nothing of it is HTML
    text: str = Template(filename=str(VERSIONS.parent / "script.py.mako")).render(  # noqa: S702
        message=part.summary,
        up_revision=part.name.partition("_")[0],
        down_revision=below,
        branch_labels=None,
        depends_on=None,
        imports="",
    )
    tables = [table for table in tables if table != JOURNAL]  # bookkeeping: nobody's data
    if tables:
        names = "".join(f'    "{table}",\n' for table in tables)
        text = text.replace('downgrade_is: str = "lossless"', 'downgrade_is: str = "loses data"')
        text = text.replace("loses: tuple[str, ...] = ()", f"loses: tuple[str, ...] = (\n{names})")
    # the guidance is for the next author, not for the reader of this revision
    start, end = text.index("\n\nSay here why"), text.index('"""\n\nfrom')
    return text[:start] + text[end:]


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def main() -> None:
    """Make everything anew, the comments first: they are part of the DDL."""
    schema = Path(ddl.__file__).parent.parent
    _write(schema / "ddl" / "85_comments.sql", comments_sql(load()))
    with EmbeddedServer() as server:
        freeze(server.conninfo())
        reference = make(server.conninfo()).to_json()
    _write(schema / "observe" / "reference.json", reference)


if __name__ == "__main__":
    main()
