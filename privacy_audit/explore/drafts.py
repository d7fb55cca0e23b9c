"""Drafts of a project's catalogue from what a database holds and nothing declares: a person decides the rest.

Pure. Every purpose and class says TODO, which is refused when it is read; what a column is taken for stands
beside it as a comment, with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nosender.schema.catalogue.places import declared_name

if TYPE_CHECKING:
    from nosender.privacy_audit.explore.guessing.world import World
    from nosender.privacy_audit.explore.model import Guess, Table
    from nosender.privacy_audit.explore.tables import TableShape
    from nosender.schema.observe.model import Column, Constraint

OPEN = "TODO"


def table_draft(world: World, table: Table) -> str:
    """The TOML of one table, in the order of its columns."""
    shape = world.shapes[table]
    guesses = {each.column: each for each in world.guesses.get(table, ())}
    lines = [f"table = {_text(table[1])}", f'purpose = "{OPEN}"']
    if (people := world.reasons.get(table)) is not None:
        lines.append(_comment(f"its rows seem to be people: {people}"))
    lines += [
        "",
        "[retention]",
        f'rule = "{OPEN}"  # expires, follows or kept',
    ]
    for column in shape.columns:
        kind, why = _class(shape, column, guesses.get(column.name))
        lines += ["", f"[columns.{_key(column.name)}]", _comment(f"{column.type}; {why}")]
        lines += [f'purpose = "{OPEN}"', f'class = "{OPEN}"' + (f"  # perhaps {kind}" if kind else "")]
        if kind in ("time", "expiry"):
            lines.append('resolution = "hour"')
    return "\n".join(lines) + "\n"


def keys_draft(keys: Sequence[Constraint]) -> str:
    """The TOML of the foreign keys that start at the project's tables."""
    parts = []
    for key in keys:
        columns, parents = ", ".join(map(_text, key.columns)), ", ".join(map(_text, key.referenced_columns))
        parent = declared_name(key.referenced_schema or "", key.referenced_table or "", key.schema)
        parts.append(
            f"[[foreign_keys]]\ntable = {_text(key.table)}\ncolumns = [{columns}]\n"
            f"parent = {_text(parent)}\nparent_columns = [{parents}]\n"
            f'purpose = "{OPEN}"\n'
        )
    return "\n".join(parts)


def elsewhere(tables: Sequence[Table]) -> tuple[str, ...]:
    """A sentence for each other schema with tables: whose they are, somebody has to say first."""
    by_schema: dict[str, list[str]] = {}
    for schema, name in tables:
        by_schema.setdefault(schema, []).append(name)
    return tuple(
        f"{len(names)} {'table' if len(names) == 1 else 'tables'} in schema {schema} ({', '.join(names[:5])}"
        f"{', …' if len(names) > 5 else ''}): declare each as {schema}.TABLE.toml where it is the project's, "
        f"or excuse the schema under [schemas.NAME] in nosender.toml"
        for schema, names in by_schema.items()
    )


def _class(shape: TableShape, column: Column, guess: Guess | None) -> tuple[str, str]:
    """What the column may be, "" where nothing says so, and why."""
    if any(column.name in link.columns for link in shape.links):
        return "link", "a foreign key starts here"
    if guess is not None:
        return "", f"taken for {guess.kind.value} ({guess.confidence.value}): {guess.why}"
    if column.type.startswith("timestamp"):
        late = any(word in column.name for word in ("expire", "until", "valid"))
        return ("expiry" if late else "time"), "a moment"
    if column.type == "boolean":
        return "state", "one of two values"
    if column.name in shape.primary:
        return "serial", "the key of the row"
    return "", "nothing says what it is"


def _comment(text: str) -> str:
    """One line: a name of the database may hold anything."""
    return "# " + "".join(each if each.isprintable() else "?" for each in text)


def _text(value: str) -> str:
    """A TOML text; JSON's form of one is also TOML's."""
    return json.dumps(value)


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").isalnum() else _text(name)
