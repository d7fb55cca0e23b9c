"""The tables of a database as the catalogs describe them, in the form that guessing needs."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from nosender.privacy_audit.explore.model import Kind
from nosender.privacy_audit.explore.vocabulary import (
    CALL,
    CONTENT,
    DIRECTION,
    GROUP,
    MESSAGE,
    NO_ENTITY,
    OTHER,
    RECIPIENT,
    SELF,
    SENDER,
    TIME,
    VAGUE_GROUP,
    WAITING,
)
from nosender.privacy_audit.explore.words import reading, words_of

if TYPE_CHECKING:
    from nosender.privacy_audit.explore.model import Table
    from nosender.schema.observe.model import Column
    from nosender.schema.observe.observation import Observation

TEXTS = ("text", "character varying", "character", "name")
NUMBERS = ("bigint", "integer", "smallint", "numeric")
_TIMES = ("timestamp", "date", "time")
_PEOPLE = SELF - {"actor", "our", "username", "userid", "login", "localpart", "uname"}


@dataclass(frozen=True, slots=True)
class Link:
    """A foreign key."""

    columns: tuple[str, ...]
    parent: Table
    parent_columns: tuple[str, ...]


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
        named = bool(set(self.words) & MESSAGE)
        timed = any(is_time(each) for each in self.columns)
        return (
            self.words[-1:] != () and self.words[-1] in MESSAGE | WAITING and bool(self.content or timed)
        ) or (bool(self.content) and (named or self._addressed))

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


def entity_of(table: TableShape) -> Kind | None:
    """What a row of the table is, by name and shape: a person, a group, a message or a queue."""
    head = table.words[-1] if table.words else ""
    identifiers = [each for each in table.columns if is_identifier(each)]
    single = any(len(columns) == 1 for columns in table.unique) or len(table.primary) == 1
    if head in ("queue", "mailbox"):
        return Kind.QUEUE
    if head in VAGUE_GROUP:
        return None if _names_more(table, head) else Kind.GROUP
    if head in GROUP and (single or not _names_one(table)):
        return Kind.GROUP
    if head not in _PEOPLE or not identifiers or head in NO_ENTITY:
        return Kind.MESSAGE if table.is_message and single else None
    if head in ("contact", "profile", "account", "identity") and any(
        read[1] is not None and read[1].value != "self" and read[1].value != "address"
        for each in identifiers
        if (read := reading(each.name)) and read[0] is Kind.PERSON
    ):
        return None  # an address book: whose contact it is stands beside it
    if set(table.words[:-1]) & (OTHER | SENDER | RECIPIENT | {"device", "config", "system"}):
        return None
    if len(table.words) == 1 and head in ("user", "account", "person", "profile"):
        return Kind.PERSON  # also one of several servers, tenants or bridges
    two = {word for word in table.words if word in GROUP | MESSAGE} and len(table.words) > 1
    return None if two and len(table.links) > 1 else Kind.PERSON if single else None


def _names_one(table: TableShape) -> bool:
    return any(
        read[0] is Kind.PERSON and read[1] is not None and read[1].value == "self"
        for each in table.columns
        if is_identifier(each) and (read := reading(each.name))
    )


def _names_more(table: TableShape, word: str) -> bool:
    """Whether a row refers to more than itself, and so is an entry about it rather than the thing."""
    read = [(found, each) for each in table.columns if is_identifier(each) and (found := reading(each.name))]
    return any(
        (found[0] is Kind.PERSON and found[1] is not None and found[1].value == "self")
        or (
            found[0] in (Kind.GROUP, Kind.MESSAGE)
            and found[2] != word
            and base(each) != "boolean"
            and words_of(each.name)[-1] == "id"
            and found[2] not in VAGUE_GROUP
        )
        for found, each in read
    )
