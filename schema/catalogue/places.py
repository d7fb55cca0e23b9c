"""Where a declared table stands: in the schema of ours, or in another one that its name says.

A project's table or function in a schema of its own is declared as `shop.orders`, and is called so wherever
declared things go by their names. No name of ours holds a dot.
"""

from __future__ import annotations

import re

_PART = r"[a-z_][a-z0-9_]*"
_ELSEWHERE = re.compile(rf"(?!pg_|information_schema\.)({_PART})\.({_PART})")


def elsewhere(name: str) -> bool:
    """Whether a declared name is of another schema than ours."""
    return "." in name


def sound(name: str) -> bool:
    """Whether a name that says its schema is one that can be declared."""
    return _ELSEWHERE.fullmatch(name) is not None


def place_of(name: str, home: str) -> tuple[str, str]:
    """Schema and name of what is declared so; `home` is the schema of ours."""
    schema, dot, rest = name.partition(".")
    return (schema, rest) if dot else (home, name)


def declared_name(schema: str, name: str, home: str) -> str:
    """What something that stands there would be declared as; nothing else is declared so."""
    return name if schema == home and "." not in name else f"{schema}.{name}"
