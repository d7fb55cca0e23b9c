"""The declared against the live, both ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nosender.schema.catalogue.model import Catalogue
from nosender.schema.catalogue.places import declared_name, elsewhere
from nosender.toml_reader import Place

if TYPE_CHECKING:
    from nosender.schema.observe import Observation

_STORES = {"table", "partitioned table", "foreign table", "view", "materialized view"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is declared and absent, or present and not declared."""

    object: str
    """Its name, with the schema."""
    sentence: str
    """What is wrong and what to do."""
    place: Place | None
    """Where in the catalogue to look; None when no file is about it."""

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place is not None else ""
        return f"{where}{self.object} {self.sentence}"


def check(catalogue: Catalogue, observation: Observation, schema: str) -> tuple[Problem, ...]:
    """Compare the declared tables, columns and functions with those of `schema`, where ours stand, and of the
    schemas of a project's own; none when they agree.

    What an extension brought along needs no entry of its own. Tables of Alembic's may be absent.
    """
    return (
        *_tables(catalogue, observation, schema),
        *_columns(catalogue, observation, schema),
        *_functions(catalogue, observation, schema),
    )


def _shown(name: str, schema: str) -> str:
    return name if elsewhere(name) else f"{schema}.{name}"


def _tables(catalogue: Catalogue, observation: Observation, schema: str) -> list[Problem]:
    schemas = {schema, *catalogue.schemas}
    live = {
        declared_name(each.schema, each.name, schema): each.kind
        for each in observation.relations
        if each.schema in schemas and each.kind in _STORES
    }
    declared = {table.name: table for table in catalogue.tables}
    undeclared = [
        Problem(
            _shown(name, schema),
            f"is a {live[name]} that is not declared; write {name}.toml, or drop it.",
            None,
        )
        for name in sorted(live.keys() - declared.keys())
    ]
    absent = [
        Problem(_shown(name, schema), "is declared and does not exist.", table.place)
        for name, table in declared.items()
        if name not in live and table.made_by == "nosender"
    ]
    return undeclared + absent


def _columns(catalogue: Catalogue, observation: Observation, schema: str) -> list[Problem]:
    live: dict[str, list[str]] = {}
    for column in observation.columns:
        live.setdefault(declared_name(column.schema, column.table, schema), []).append(column.name)
    problems = []
    for table in catalogue.tables:
        names = live.get(table.name)
        if names is None:
            continue
        problems += [
            Problem(
                f"{_shown(table.name, schema)}.{name}",
                f"is not declared; write [columns.{name}] with its purpose, or drop the column.",
                table.place,
            )
            for name in names
            if table.column(name) is None
        ]
        problems += [
            Problem(
                f"{_shown(table.name, schema)}.{column.name}", "is declared and does not exist.", column.place
            )
            for column in table.columns
            if column.name not in names
        ]
    return problems


def _functions(catalogue: Catalogue, observation: Observation, schema: str) -> list[Problem]:
    schemas = {schema, *catalogue.schemas}
    live = {
        declared_name(each.schema, each.name, schema)
        for each in observation.functions
        if each.schema in schemas and each.extension is None
    }
    declared = {function.name: function for function in catalogue.functions}
    undeclared = [
        Problem(f"{_shown(name, schema)}()", "is not declared; give it a purpose in functions/.", None)
        for name in sorted(live - declared.keys())
    ]
    absent = [
        Problem(f"{_shown(name, schema)}()", "is declared and does not exist.", declared[name].place)
        for name in sorted(declared.keys() - live)
    ]
    return undeclared + absent
