"""What else helps whoever links people: fine times, readable text, devices, addresses, search indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.privacy_audit.explore.counts import SOME
from nosender.privacy_audit.explore.model import Kind, Trait
from nosender.privacy_audit.explore.names.vocabulary import NETWORK, PUSH
from nosender.privacy_audit.explore.names.words import words_of
from nosender.privacy_audit.explore.tables import base, is_content, is_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nosender.privacy_audit.explore.counts import ColumnCounts, Measures
    from nosender.privacy_audit.explore.guessing.world import World
    from nosender.privacy_audit.explore.tables import TableShape
    from nosender.schema.observe.model import Column
    from nosender.schema.observe.observation import Observation

_ENCRYPTED = 7.2
"""Bits a byte from which on bytes are encrypted or compressed; text stays below 5.5."""
_SOFTWARE = ("inet", "cidr", "macaddr", "macaddr8")
_FINE = ("microsecond", "millisecond", "second", "minute")


def traits_of(observation: Observation, world: World, measures: Measures | None) -> tuple[Trait, ...]:
    """Every trait of every column, by table and position."""
    found = [
        trait
        for shape in world.shapes.values()
        for column in shape.columns
        for trait in _traits(shape, column, world, measures)
    ]
    return tuple(
        sorted(
            {*found, *_searches(observation, world)}, key=lambda each: (each.what, each.table, each.column)
        )
    )


def _traits(shape: TableShape, column: Column, world: World, measures: Measures | None) -> Iterator[Trait]:
    beside = bool(world.of(shape.id, Kind.PERSON)) or bool(
        world.of(shape.id, Kind.MESSAGE) and shape.is_message
    )
    counts = measures.column(shape.id, column.name) if measures else None
    if is_time(column) or (counts is not None and counts.finest is not None and not _names(shape, column)):
        told, measured = _time(column, counts)
        if told in _FINE:
            yield Trait(shape.id, column.name, "time", f"to the {told}", measured, beside)
        return
    address = _address(column, counts)
    if address:
        yield Trait(shape.id, column.name, "address", address, counts is not None, beside)
        return
    if set(words_of(column.name)) & PUSH and beside and _tokens(column):
        yield Trait(shape.id, column.name, "device", "what a device is reached or known by", False, beside)
    if not is_content(column) and not (counts and counts.readable >= 0.5):
        return
    if counts is not None and counts.filled >= SOME:
        share = counts.spoken if shape.is_message and is_content(column) else counts.readable
        share = max(share, counts.readable)  # of a document only what has two words is counted
        if share >= 0.5:
            yield Trait(shape.id, column.name, "text", f"{share:.0%} of it can be read", True, beside)
        elif counts.entropy is not None and counts.entropy >= _ENCRYPTED:
            yield Trait(shape.id, column.name, "ciphertext", f"{counts.entropy} bits a byte", True, beside)
    elif is_content(column) and shape.is_message and base(column) != "bytea":
        yield Trait(shape.id, column.name, "text", "by type and name; no rows to measure", False, beside)


def _names(shape: TableShape, column: Column) -> bool:
    """Whether a number names a row: one with the day and random bits below it lies where times do."""
    linked = any(column.name in link.columns for link in shape.links)
    return linked or shape.alone(column.name) or words_of(column.name)[-1:] == ("id",)


def _time(column: Column, counts: ColumnCounts | None) -> tuple[str | None, bool]:
    if counts is not None and counts.finest is not None:
        return counts.finest, True
    kind = column.type
    if kind.startswith("timestamp"):
        digits = kind[kind.find("(") + 1] if "(" in kind else "6"
        return ("second" if digits == "0" else "millisecond" if digits in "123" else "microsecond"), False
    return None, False


def _address(column: Column, counts: ColumnCounts | None) -> str | None:
    if base(column) in _SOFTWARE:
        return f"type {base(column)}"
    if counts is not None and counts.filled >= SOME:
        form, share = counts.form
        if form in ("ip", "program") and share >= 0.8:
            return f"{share:.0%} are {'network addresses' if form == 'ip' else 'names of programs'}"
    words = words_of(column.name)
    squashed = "".join(words)
    if squashed in NETWORK or words[-1:] == ("ip",) or words[-2:] == ("user", "agent"):
        return "by its name"
    return None


def _tokens(column: Column) -> bool:
    return base(column) in ("text", "character varying", "bytea", "uuid")


def _searches(observation: Observation, world: World) -> Iterator[Trait]:
    """What full-text and trigram indexes copy out of a column."""
    for index in observation.indexes:
        table = (index.schema, index.table)
        if table not in world.shapes or index.method not in ("gin", "gist", "rum"):
            continue
        text = f"{index.definition} {index.expressions or ''}"
        how = "trigrams" if "trgm" in text else "words" if "tsvector" in text else None
        columns = {each.name: each for each in world.shapes[table].columns}
        vectors = [each for each in index.columns if each in columns and base(columns[each]) == "tsvector"]
        if how or vectors:
            name = next((each for each in index.columns if each), None) or index.name
            beside = bool(world.of(table, Kind.PERSON))
            yield Trait(
                table, str(name), "search", f"index {index.name} keeps its {how or 'words'}", True, beside
            )
