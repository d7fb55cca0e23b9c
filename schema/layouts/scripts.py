"""The SQL of a layout: what leads from the core to its keys and functions, and what distributes the tables.

A file that is called like one of the DDL holds the same function for the layout, and has to be read again
whenever that one changes: the layout says of which text it was made, and a test compares.
"""

from __future__ import annotations

import hashlib
from importlib import resources

from nosender.schema.ddl import DdlFile, files, render

DISTRIBUTION, RETURN = 900, 950
"""From which number on a script needs the engine, and leads back to the core."""


def scripts(name: str = "citus") -> tuple[DdlFile, ...]:
    """Every script of the layout of that name, in the order in which they run."""
    folder = resources.files(__package__) / name
    found = (each for each in folder.iterdir() if each.name.endswith(".sql"))
    texts = {each.name: each.read_text(encoding="utf-8") for each in found}
    return tuple(DdlFile(each, texts[each]) for each in sorted(texts))


def keys_and_functions(schema: str, name: str = "citus") -> str:
    """What any PostgreSQL can run, as one script."""
    return render("\n".join(each.sql for each in scripts(name) if _number(each) < DISTRIBUTION), schema)


def distribution(schema: str, name: str = "citus") -> tuple[str, ...]:
    """What needs the engine, a statement each: Citus sends the text of a whole script to its nodes."""
    whole = "\n".join(each.sql for each in scripts(name) if DISTRIBUTION <= _number(each) < RETURN)
    return tuple(f"{each};" for each in render(whole, schema).strip().removesuffix(";").split(";\n"))


def core_texts(name: str = "citus") -> dict[str, str]:
    """By script, the hash of the DDL's file of the same name."""
    core = {each.name: hashlib.sha256(each.sql.encode()).hexdigest() for each in files()}
    return {each.name: core[each.name] for each in scripts(name) if each.name in core}


def _number(script: DdlFile) -> int:
    return int(script.name.partition("_")[0])
