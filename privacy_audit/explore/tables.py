"""The tables of a database as the catalogs describe them, in the form that guessing needs."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from nosender.privacy_audit.explore.names.vocabulary import (
    CALL,
    CONTENT,
    DIRECTION,
    FLAGS,
    IDENTIFIER,
    MESSAGE,
    TIME,
    VAGUE_MESSAGE,
    WAITING,
    WRITTEN,
)
from nosender.privacy_audit.explore.names.words import reading, words_of

if TYPE_CHECKING:
    from nosender.privacy_audit.explore.model import Table
    from nosender.schema.observe.model import Column
    from nosender.schema.observe.observation import Observation

TEXTS = ("text", "character varying", "character", "name")
NUMBERS = ("bigint", "integer", "smallint", "numeric")
_TIMES = ("timestamp", "date", "time")


@dataclass(frozen=True, slots=True)
class Link:
    """A foreign key."""

    columns: tuple[str, ...]
    parent: Table
    parent_columns: tuple[str, ...]
    implied: bool = False
    """By its name alone, without a foreign key."""


@dataclass(frozen=True)  # without slots, for what is worked out once
class TableShape:
    """One table: its columns, what is unique in it and what it refers to."""

    id: Table
    words: tuple[str, ...]
    kind: str
    columns: tuple[Column, ...]
    unique: tuple[frozenset[str], ...]
    """Sets of columns in which no two rows are equal."""
    primary: tuple[str, ...]
    links: tuple[Link, ...]
    commented: bool = False
    """Messages refer to it, so that it is one itself."""
    readable: bool = True
    """Rows of it can be read without calling anything that the database defines."""

    @property
    def name(self) -> str:
        """Schema and name with a dot, for people; not quoted."""
        return ".".join(self.id)

    def alone(self, column: str) -> bool:
        """Whether the column by itself is unique."""
        return frozenset((column,)) in self.unique

    def together(self, one: str, other: str) -> bool:
        """Whether a key holds both columns and neither is unique alone: many to many."""
        return not (self.alone(one) or self.alone(other)) and any(
            {one, other} <= columns for columns in self.unique
        )

    @property
    def content(self) -> tuple[str, ...]:
        """The columns that by name and type are what somebody wrote."""
        return tuple(each.name for each in self.columns if is_content(each))

    @cached_property
    def is_message(self) -> bool:
        """Whether a row is a message, by the name of the table and what stands in it."""
        if any(
            word in ("receipt", "delivery", "reaction", "mention", "member", "membership")
            for word in self.words[-1:]
        ):
            return False
        if self.commented or (len(self.words) == 1 and self.words[0] in WRITTEN):
            return True
        named = bool(set(self.words) & MESSAGE)
        timed = any(is_time(each) for each in self.columns)
        told = bool(self.content) or (timed and (self.words[-1] not in VAGUE_MESSAGE or self._addressed))
        return (self.words[-1:] != () and self.words[-1] in MESSAGE | WAITING and told) or (
            bool(self.content) and (named or self._addressed)
        )

    @cached_property
    def is_call(self) -> bool:
        """Whether a row is a call, by the name of the table."""
        return bool(set(self.words) & CALL)

    @cached_property
    def is_receipt(self) -> bool:
        """Whether a row by its name says of somebody's messages where they went."""
        return bool(set(self.words) & MESSAGE and {"target"} & set(self.words)) or self.words[-1:] == (
            "receipt",
        )

    @property
    def _addressed(self) -> bool:
        read = {
            found[1]
            for each in self.columns
            if is_identifier(each) and (found := reading(each.name)) and found[2] not in DIRECTION
            if words_of(each.name)[-1] != "name" and "by" not in words_of(each.name)
        }
        return bool({role for role in read if role and role.value in ("sender", "recipient")})


def base(column: Column) -> str:
    """The type below domains, without its modifier."""
    return _bare(column.base_type or column.type)


@lru_cache(maxsize=1 << 12)
def _bare(type_: str) -> str:
    return re.sub(r"\([^)]*\)", "", type_).strip()


def family(column: Column) -> str:
    """One word for all types whose values can be equal."""
    kind = base(column).removesuffix("[]")
    if kind in ("bigint", "integer", "smallint", "numeric"):
        return "number"
    return "text" if kind in ("text", "character varying", "character", "citext", "name") else kind


def is_identifier(column: Column) -> bool:
    """Whether values of this type can single something out."""
    return base(column).removesuffix("[]") in (*TEXTS, *NUMBERS, "uuid", "bytea", "citext")


def is_list(column: Column) -> bool:
    """Whether one value can hold several identifiers."""
    return base(column).endswith("[]") or base(column) in ("json", "jsonb")


def is_flag(column: Column) -> bool:
    """Whether it is a mark of its row, as a number `blocked`; `blocked_id` is somebody."""
    words = words_of(column.name)
    marked = words[-1] in FLAGS and not set(words) & IDENTIFIER
    return family(column) == "number" and (marked or "flag" in words)


def is_time(column: Column) -> bool:
    """A time by type, or a number that is one by name."""
    kind = base(column)
    if kind.startswith(_TIMES):
        return True
    words = words_of(column.name)
    return kind in ("bigint", "integer", "numeric") and (
        bool(words)
        and (
            words[-1] in TIME
            or "ts" in words
            or words[-1] in ("ms", "at")
            or column.name.lower().endswith("at")
        )
    )


def is_content(column: Column) -> bool:
    """Whether the column by name and type is what somebody wrote."""
    kind = base(column)
    words = words_of(column.name)
    return (
        kind in ("text", "character varying", "bytea", "json", "jsonb", "xml")
        and bool(words)
        and words[-1] in CONTENT
    )


def shapes_of(observation: Observation) -> dict[Table, TableShape]:
    """Every table that holds rows of its own: no views, no partitions, nothing of extensions."""
    columns: dict[Table, list[Column]] = defaultdict(list)
    for column in observation.columns:
        columns[column.schema, column.table].append(column)
    unique: dict[Table, set[frozenset[str]]] = defaultdict(set)
    for index in observation.indexes:
        if index.unique and index.predicate is None and None not in index.columns[: index.key_columns]:
            keys = index.columns[: index.key_columns]
            unique[index.schema, index.table].add(frozenset(each for each in keys if each is not None))
    primary: dict[Table, tuple[str, ...]] = {}
    links: dict[Table, list[Link]] = defaultdict(list)
    for key in observation.constraints:
        if key.kind == "primary key":
            primary[key.schema, key.table] = key.columns
        elif key.kind == "foreign key" and key.referenced_table:
            parent = (key.referenced_schema or "", key.referenced_table)
            links[key.schema, key.table].append(Link(key.columns, parent, key.referenced_columns))
    wanted = ("table", "partitioned table", "materialized view", "foreign table")
    return {
        (each.schema, each.name): TableShape(
            id=(each.schema, each.name),
            words=words_of(each.name),
            kind=each.kind,
            columns=tuple(columns[each.schema, each.name]),
            unique=tuple(sorted(unique[each.schema, each.name], key=sorted)),
            primary=primary.get((each.schema, each.name), ()),
            links=tuple(links[each.schema, each.name]),
            readable=each.kind != "foreign table",
        )
        for each in observation.relations
        if each.kind in wanted and each.extension is None and each.partition_bound is None
    }
