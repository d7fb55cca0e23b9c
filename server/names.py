"""Names that PostgreSQL takes as they are written: it cuts a longer one, and goes on with what is left."""

from __future__ import annotations

import re

from nosender.errors import UsageError

_LONGEST = 63
_ENDS_A_BODY = re.compile(r"\$\w*\$")


def require_name(name: str, what: str) -> str:
    """The name, as PostgreSQL would have it. UsageError: one that is cut, empty, or can stand nowhere."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:  # bytes of the command line that are no text
        size = 0
    if size == 0 or "\0" in name:
        raise UsageError(f"{name!r} is no name for a {what}: nothing was done")
    if size > _LONGEST:
        raise UsageError(
            f"the name of the {what} has {size} bytes, and PostgreSQL cuts it after {_LONGEST}: "
            "nothing was done"
        )
    return name


def require_schema(name: str) -> str:
    """The same of a schema of ours, which is none of PostgreSQL's own."""
    if name.startswith("pg_") or name == "information_schema":
        raise UsageError(f"the schema {name} is PostgreSQL's own: nothing was done")
    if _ENDS_A_BODY.search(name):
        raise UsageError(f"the schema {name} has a name that ends the body of a function: nothing was done")
    return require_name(name, "schema")
