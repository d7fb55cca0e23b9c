"""The SQL of a layout: from the core to its keys and functions, to distributed tables, and back.

A file that is called like one of the DDL holds the same function for the layout, and has to be read again
whenever that one changes: the layout says of which text it was made, and a test compares.
"""

from __future__ import annotations

import hashlib
import re
from importlib import resources

from nosender.schema.ddl import DdlFile, files, render

FUNCTIONS, DISTRIBUTION, AFTERWARDS, RETURN, CORE = 120, 900, 910, 950, 960
"""From which number on a script makes functions, distributes, needs both, takes back, and has the core."""
_ON_ENGINE = "-- On Citus"
"""How a script begins that no plain PostgreSQL can run."""
_DROPPED = ("280_deliver_to_destination_only.sql", "290_session_key_on_own_device.sql")
"""Files of the DDL with functions that the layout drops."""


def scripts(name: str = "citus") -> tuple[DdlFile, ...]:
    """Every script of the layout of that name, in the order in which they run."""
    folder = resources.files(__package__) / name
    found = (each for each in folder.iterdir() if each.name.endswith(".sql"))
    texts = {each.name: each.read_text(encoding="utf-8") for each in found}
    return tuple(DdlFile(each, texts[each]) for each in sorted(texts))


def keys_and_functions(schema: str, name: str = "citus") -> str:
    """What any PostgreSQL can run, as one script."""
    return render("\n".join(each.sql for each in _between(name, 0, DISTRIBUTION)), schema)


def whole(schema: str, name: str = "citus", *, keys: bool = True) -> tuple[str, ...]:
    """From the core to distributed tables in one transaction, a statement or script each.

    The functions come after the tables: one by which a column is filled, made anew in the transaction that
    distributes its table, keeps Citus from making what that needs for an owner who is no superuser.
    """
    first = [render(each.sql, schema) for each in _between(name, 0, FUNCTIONS)] if keys else []
    functions = "\n".join(each.sql for each in _between(name, FUNCTIONS, DISTRIBUTION))
    return (
        *first,
        *_statements("\n".join(each.sql for each in _between(name, DISTRIBUTION, AFTERWARDS)), schema),
        *((render(functions, schema),) if keys else ()),
        *_statements("\n".join(each.sql for each in _between(name, AFTERWARDS, RETURN)), schema),
    )


def distribution(schema: str, name: str = "citus") -> tuple[str, ...]:
    """What needs the engine, a statement each: Citus sends the text of a whole script to its nodes."""
    return _statements("\n".join(each.sql for each in _between(name, DISTRIBUTION, RETURN)), schema)


def undistribution(schema: str, name: str = "citus", *, engine: bool = True) -> tuple[str, ...]:
    """What takes keys, columns and distribution back, a statement each; without the engine, the first two."""
    found = [each for each in _between(name, RETURN, CORE) if engine or not each.sql.startswith(_ON_ENGINE)]
    return _statements("\n".join(each.sql for each in found), schema)


def core_again(schema: str, name: str = "citus") -> str:
    """The keys and functions of the core, as one script: on tables that are distributed no more."""
    core = {each.name: each.sql for each in files()}
    replaced = [core[each] for each in core_texts(name)]
    functions = [
        re.sub(r"(?m)^create (function|procedure) ", r"create or replace \1 ", each) for each in replaced
    ]
    keys = [each.sql for each in _between(name, CORE, 1000)]
    return render("\n".join((*keys, *functions, *(core[each] for each in _DROPPED))), schema)


def sibling(schema: str, revision: str, direction: str, name: str = "citus") -> tuple[str, ...] | None:
    """What stands for a revision of the core in the layout, a statement each; None where nothing does."""
    script = resources.files(__package__) / name / "revisions" / f"{revision}.{direction}.sql"
    return _statements(script.read_text(encoding="utf-8"), schema) if script.is_file() else None


def core_texts(name: str = "citus") -> dict[str, str]:
    """By script, the hash of the DDL's file of the same name."""
    core = {each.name: hashlib.sha256(each.sql.encode()).hexdigest() for each in files()}
    return {each.name: core[each.name] for each in scripts(name) if each.name in core}


def _between(name: str, first: int, last: int) -> tuple[DdlFile, ...]:
    return tuple(each for each in scripts(name) if first <= int(each.name.partition("_")[0]) < last)


def _statements(text: str, schema: str) -> tuple[str, ...]:
    parts = render(text, schema).strip().removesuffix(";").split(";\n")
    return tuple(f"{each};" for each in parts if each)
