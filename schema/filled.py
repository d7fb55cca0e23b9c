"""The functions of ours that a project's revisions fill with values: made once, never made again by ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from nosender.schema import project_columns, project_policy
from nosender.schema.observe.quoting import quoted

FILLED: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        project_columns.FUNCTION: project_columns.of_values,
        project_policy.FUNCTION: project_policy.of_values,
    }
)
"""Each by its name, with what tells whether a body holds values alone."""


def signatures(schema: str) -> frozenset[str]:
    """The functions as a difference names them."""
    return frozenset(f"{quoted(schema)}.{name}()" for name in FILLED)
