"""The evidence for the reader's own psql: counts only, names quoted, nothing resolved through search_path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.privacy_audit.explore.model import PlaceKind
from nosender.schema.observe.quoting import literal, qualified, quoted

if TYPE_CHECKING:
    from nosender.privacy_audit.explore.model import Table


def query_of(table: Table, kind: PlaceKind, people: tuple[str, ...], through: tuple[str, ...]) -> str:
    """One statement whose numbers are what a holder of the database would have to work with."""
    if kind is PlaceKind.IN_TEXT:
        column = quoted(people[0])
        named = literal(r"(from|sender|author|creator)[\x22']?[[:space:]]*[=:]")
        return (
            "select pg_catalog.count(*) as texts, pg_catalog.count(*) filter "  # noqa: S608  # quoted
            f"(where {column}::pg_catalog.text operator(pg_catalog.~*) {named}) as naming "
            f"from {qualified(*table)};"
        )
    columns = [*people, *through]
    listed = ", ".join(f"pg_catalog.count(distinct {quoted(each)}) as {quoted(each)}" for each in columns)
    pairs = ", ".join(quoted(each) for each in columns)
    joined = f", pg_catalog.count(distinct ({pairs})) as links" if len(columns) > 1 else ""
    return (
        f"select pg_catalog.count(*) as rows, {listed}{joined} "  # noqa: S608  # quoted
        f"from {qualified(*table)};"
    )
