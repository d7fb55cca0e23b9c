"""The functions of a layout, by their texts: what a server has to have under these names."""

from __future__ import annotations

import re
from functools import cache

from nosender.schema.layouts.scripts import keys_and_functions

_FUNCTION = re.compile(
    r"^create (?:or replace )?(?:function|procedure) [^(]*?\.([a-z_]+)\(.*?^as \$\$(.*?)^\$\$;",
    re.MULTILINE | re.DOTALL,
)


@cache
def function_bodies(schema: str, name: str = "citus") -> dict[str, str]:
    """By function of the layout, what stands between its `$$`, as a server keeps it."""
    return {each[1]: each[2] for each in _FUNCTION.finditer(keys_and_functions(schema, name))}
