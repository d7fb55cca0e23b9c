"""What a reviewer must see: the difference between two catalogues, in plain sentences.

None of these is wrong by itself, so none turns the gate red. They are ranked by what they do to the claims:
what could tell who talks to whom first, then what is kept longer or told more finely, then the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from nosender.schema.catalogue.model import Catalogue, Column, Retention, Table
from nosender.schema.catalogue.sides import sides
from nosender.toml_reader import Place

if TYPE_CHECKING:
    from nosender.schema.diagram import Side
    from nosender.schema.observe import Observation


class Weight(IntEnum):
    """How much a reviewer has to weigh, heaviest first."""

    LINKS = 1
    """Could tell who talks to whom, or undoes a safeguard against it."""
    KEEPS = 2
    """Is kept longer, told more finely, or open to more."""
    ADDS = 3
    """Is new, and has its declared place."""
    TIGHTENS = 4
    """Takes something away, or only says it in other words."""


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One difference that a person has to agree to."""

    weight: Weight
    object: str
    """What changed: `messages.sender_tag`."""
    sentence: str
    """What that means, for a reader who has not seen the change."""
    file: str
    """Path in the catalogue's folder of the declaration: the new one, or for what is gone the old one."""
    line: int
    """Its line, from 1."""
    section: str = ""
    """The header of the part of that file, where it is another than the one that begins at the line."""


def widened(old: Observation, new: Observation) -> tuple[Change, ...]:
    """Every right that somebody has in the new schema and had not in the old; on new objects too."""

    def rights(observation: Observation) -> set[tuple[str, str, str, str]]:
        return {
            (
                grant.grantee,
                privilege,
                grant.kind,
                f"{grant.object}{f'.{grant.column}' if grant.column else ''}",
            )
            for grant in observation.grants
            for privilege in grant.privileges
        }

    found = [
        Change(
            Weight.LINKS if grantee == "PUBLIC" or kind in ("table", "column") else Weight.KEEPS,
            name,
            f"{'Everybody' if grantee == 'PUBLIC' else grantee} may now {privilege} on the {kind} {name}.",
            "policy.toml",
            1,
        )
        for grantee, privilege, kind, name in sorted(rights(new) - rights(old))
    ]
    definers = {(each.name, each.identity) for each in old.functions if each.security_definer}
    found += [
        Change(
            Weight.KEEPS,
            f"{each.schema}.{each.name}",
            f"The function {each.name} now runs with the rights of its owner, whoever calls it.",
            "policy.toml",
            1,
        )
        for each in new.functions
        if each.security_definer and (each.name, each.identity) not in definers
    ]
    return tuple(found)


def waived(old: Mapping[str, Any], new: Mapping[str, Any], linking: frozenset[str]) -> tuple[Change, ...]:
    """Every waiver that a file of waivers has gained, or that lasts longer than it did.

    `linking` are the checks whose findings could tell who talks to whom: to waive one weighs most.
    """

    def by_object(file: Mapping[str, Any]) -> dict[tuple[str, str], str]:
        entries = [entry for value in file.values() if isinstance(value, list) for entry in value]
        return {
            (str(each.get("check")), str(each.get("object") or "")): str(each.get("expires"))
            for each in entries
            if isinstance(each, dict)
        }

    before = by_object(old)
    found = []
    for (check, name), expires in sorted(by_object(new).items()):
        what = (
            f"A finding of {check} on {name} is waived" if name else f"That {check} cannot look is accepted"
        )
        if (check, name) not in before:
            sentence = f"{what} until {expires}."
        elif expires > before[check, name]:
            sentence = f"{what} until {expires}, longer than before ({before[check, name]})."
        else:
            continue
        weight = Weight.LINKS if check in linking else Weight.KEEPS
        found.append(Change(weight, name or check, sentence, "policy.toml", 1))
    return tuple(found)


_TELLING = frozenset({"random-id", "link"})
"""Classes that single nobody out by themselves, but do when two rows share a value."""


def changes(old: Catalogue, new: Catalogue) -> tuple[Change, ...]:
    """Every difference, heaviest first."""
    found = [
        *_tables(old, new),
        *_vocabulary(old, new),
        *_foreign_keys(old, new),
        *_named(old, new),
        *_promise(old, new),
        *_returning(old, new),
    ]
    return tuple(sorted(found))


def _tables(old: Catalogue, new: Catalogue) -> Iterator[Change]:
    side = sides(new)
    for before, after in _pairs(old.tables, new.tables):
        if before is None and after is not None:
            weight = Weight.LINKS if _says_who(after) else Weight.ADDS
            sentence = (
                f"The table {after.name} is new: {after.purpose} Its rows are {after.retention.in_words()}."
            )
            yield Change(weight, after.name, sentence, after.place.file, after.place.line)
            for column in after.columns:
                yield _added(after, column, side[after.name])
        elif after is None and before is not None:
            sentence = f"The table {before.name} is no longer declared."
            yield Change(Weight.TIGHTENS, before.name, sentence, before.place.file, before.place.line)
        elif before is not None and after is not None:
            yield from _table(before, after, side[after.name])


def _table(before: Table, after: Table, side: Side) -> Iterator[Change]:
    place = after.place
    if before.purpose != after.purpose:
        yield Change(Weight.ADDS, after.name, _reads(after.name, before, after), place.file, place.line)
    if (order := after.retention.order_in_words) != (old := before.retention.order_in_words):
        fewer = after.retention.settled_by is None or set(before.retention.raised) - set(
            after.retention.raised
        )
        sentence = f"The order in which rows of {after.name} came: {order}; before: {old}."
        weight = Weight.KEEPS if fewer else Weight.TIGHTENS
        yield Change(weight, after.name, sentence, place.file, place.line, "retention")
    if _ends(before.retention) != _ends(after.retention):
        longer = _keeps_longer(before.retention, after.retention)
        rules = f"{after.retention.in_words()}; before: {before.retention.in_words()}."
        if before.retention.in_words() == after.retention.in_words():
            reason = after.retention.kept_because or "nothing, for none may"
            sentence = f"Why rows of {after.name} may stay without limit now reads: {reason}"
        elif longer:
            sentence = f"Rows of {after.name} may stay longer: {rules}"
        else:
            sentence = f"Rows of {after.name} go by another rule, none later than before: {rules}"
        weight = Weight.KEEPS if longer else Weight.TIGHTENS
        yield Change(weight, after.name, sentence, place.file, place.line, "retention")
    for old_column, new_column in _pairs(before.columns, after.columns):
        if old_column is None and new_column is not None:
            yield _added(after, new_column, side)
        elif new_column is None and old_column is not None:
            name = f"{after.name}.{old_column.name}"
            sentence = f"{name} is no longer declared; its bytes stay until the table is rewritten."
            yield Change(Weight.TIGHTENS, name, sentence, old_column.place.file, old_column.place.line)
        elif old_column is not None and new_column is not None:
            yield from _column(after, old_column, new_column)


class _Purposeful(Protocol):
    @property
    def purpose(self) -> str: ...


def _reads(name: str, before: _Purposeful, after: _Purposeful) -> str:
    return f"The purpose of {name} now reads: {after.purpose} Before: {before.purpose}"


def _telling(column: Column) -> bool:
    """Whether a value of it singles somebody out, by itself or where two rows share it."""
    return column.data_class.personal or column.data_class.name in _TELLING


def _added(table: Table, column: Column, side: Side) -> Change:
    weight = Weight.LINKS if _telling(column) and side == "messages" else Weight.ADDS
    resolution = f" by the {column.resolution.name}" if column.resolution else ""
    sentence = (
        f"{table.name} gains the column {column.name} ({column.data_class.name}{resolution}): "
        f"{column.purpose} Kept {column.retention}."
    )
    return Change(weight, f"{table.name}.{column.name}", sentence, column.place.file, column.place.line)


def _column(table: Table, before: Column, after: Column) -> Iterator[Change]:
    name, place = f"{table.name}.{after.name}", after.place
    if before.data_class.name != after.data_class.name:
        sentence = f"{name} is of the class {after.data_class.name} now, no longer {before.data_class.name}."
        yield Change(Weight.LINKS, name, sentence, place.file, place.line)
    old_seconds, new_seconds = (
        each.resolution.seconds if each.resolution else None for each in (before, after)
    )
    if old_seconds != new_seconds:
        # 0 is as the clock gave it: the finest there is.
        finer = old_seconds is not None and (new_seconds is None or new_seconds < old_seconds)
        told = after.resolution.name if after.resolution else "no resolution"
        earlier = before.resolution.name if before.resolution else "no resolution"
        sentence = f"{name} is told {'more finely' if finer else 'more coarsely'}: {told}, before {earlier}."
        yield Change(Weight.LINKS if finer else Weight.TIGHTENS, name, sentence, place.file, place.line)
    if before.purpose != after.purpose:
        # What data of people are for binds whoever collected them; of a counter it is only said better.
        weight = Weight.ADDS if _telling(after) else Weight.TIGHTENS
        yield Change(weight, name, _reads(name, before, after), place.file, place.line)


def _vocabulary(old: Catalogue, new: Catalogue) -> Iterator[Change]:
    for before, after in _pairs(old.classes, new.classes):
        if before is not None and after is not None and before != after:
            lost = [
                word for word in ("personal", "time") if getattr(before, word) and not getattr(after, word)
            ]
            lost += ["unsampled"] if after.sampled and not before.sampled else []
            sentence = (
                f"Values of the class {after.name} no longer count as {' and '.join(lost)}."
                if lost
                else f"The class {after.name} now means: {after.means}"
            )
            if beside := sorted(set(before.never_with) - set(after.never_with)):
                sentence = f"A column of the class {after.name} may now stand beside {' or '.join(beside)}."
            weight = Weight.LINKS if lost or beside else Weight.TIGHTENS
            yield Change(weight, after.name, sentence, "vocabulary.toml", 1, f"classes.{after.name}")
        elif before is None and after is not None:
            yield Change(
                Weight.ADDS,
                after.name,
                f"A class {after.name} is new: {after.means}",
                "vocabulary.toml",
                1,
                f"classes.{after.name}",
            )
    for earlier, later in _pairs(old.resolutions, new.resolutions):
        if earlier is not None and later is not None and earlier.seconds != later.seconds:
            finer = later.seconds < earlier.seconds
            sentence = (
                f"The resolution {later.name} is now {later.seconds} seconds, before {earlier.seconds}."
            )
            yield Change(
                Weight.LINKS if finer else Weight.TIGHTENS,
                later.name,
                sentence,
                "vocabulary.toml",
                1,
                f"resolutions.{later.name}",
            )


def _foreign_keys(old: Catalogue, new: Catalogue) -> Iterator[Change]:
    before = {(key.table, key.columns, key.parent, key.parent_columns): key for key in old.foreign_keys}
    after = {(key.table, key.columns, key.parent, key.parent_columns): key for key in new.foreign_keys}
    for identity, key in after.items():
        if identity not in before:
            name = f"{key.table}({', '.join(key.columns)})"
            sentence = f"A foreign key is allowed from {name} to {key.parent}: {key.purpose}"
            yield Change(Weight.LINKS, name, sentence, key.place.file, key.place.line)
        elif before[identity].purpose != key.purpose:
            sentence = _reads(f"the foreign key from {key.table} to {key.parent}", before[identity], key)
            yield Change(Weight.ADDS, key.table, sentence, key.place.file, key.place.line)
    for identity, key in before.items():
        if identity not in after:
            name = f"{key.table}({', '.join(key.columns)})"
            sentence = f"The foreign key from {name} to {key.parent} is no longer allowed."
            yield Change(Weight.TIGHTENS, name, sentence, key.place.file, key.place.line)


class _Declared(Protocol):
    """What functions, extensions, roles and schemas have in common."""

    @property
    def name(self) -> str: ...
    @property
    def purpose(self) -> str: ...
    @property
    def place(self) -> Place: ...


def _named(old: Catalogue, new: Catalogue) -> Iterator[Change]:
    yield from _kind("function", old.functions, new.functions, Weight.ADDS)
    yield from _kind("extension", old.extensions, new.extensions, Weight.KEEPS)
    yield from _kind("role", old.roles, new.roles, Weight.KEEPS)


def _kind(kind: str, old: Sequence[_Declared], new: Sequence[_Declared], weight: Weight) -> Iterator[Change]:
    for before, after in _pairs(old, new):
        if after is not None and before is None:
            sentence = f"The {kind} {after.name} is new: {after.purpose}"
            yield Change(weight, after.name, sentence, after.place.file, after.place.line)
        elif before is not None and after is None:
            sentence = f"The {kind} {before.name} is no longer declared."
            yield Change(Weight.TIGHTENS, before.name, sentence, before.place.file, before.place.line)
        elif before is not None and after is not None and before.purpose != after.purpose:
            sentence = _reads(f"the {kind} {after.name}", before, after)
            yield Change(Weight.TIGHTENS, after.name, sentence, after.place.file, after.place.line)


def _promise(old: Catalogue, new: Catalogue) -> Iterator[Change]:
    for word, before, after in (
        ("sweep interval", old.interval, new.interval),
        ("grace after expiry", old.grace, new.grace),
    ):
        if before != after:
            weight = Weight.KEEPS if after > before else Weight.TIGHTENS
            sentence = f"The promised {word} is now {after}, before {before}."
            yield Change(weight, word, sentence, "policy.toml", 1, "sweep")
    if old.alike != new.alike:
        weight = Weight.KEEPS if new.alike > old.alike else Weight.TIGHTENS
        sentence = f"Of a thousand ciphertexts {new.alike} may now repeat another, before {old.alike}."
        yield Change(weight, "ciphertexts alike", sentence, "policy.toml", 1, "ciphertext")


def _returning(old: Catalogue, new: Catalogue) -> Iterator[Change]:
    """Names that were taken away for good, and no longer are."""
    barred = {(each.table, each.column) for each in new.dropped}
    for each in old.dropped:
        if (each.table, each.column) not in barred:
            name = f"{each.table}.{each.column}" if each.column else each.table
            sentence = f"{name} may return, which was dropped for good: {each.why}"
            yield Change(Weight.LINKS, name, sentence, each.place.file, each.place.line)


def _says_who(table: Table) -> bool:
    """Whether a new table could join two people: it singles one out, or refers to a row elsewhere."""
    return any(column.data_class.personal or column.data_class.name == "link" for column in table.columns)


def _ends(retention: Retention) -> Retention:
    """What it says of when rows go."""
    return replace(retention, settled_by=None, raised=())


def _keeps_longer(before: Retention, after: Retention) -> bool:
    """Whether any row can stay longer than it could, or somebody signs anew that it may; in doubt, yes."""
    strictness = {"delete": 2, "deactivate": 1, None: 0}
    if strictness[after.action] < strictness[before.action] or before.at_once not in (None, after.at_once):
        return True
    if before.column not in (None, after.column) or set(before.parents) - set(after.parents):
        return True
    if before.max_age is not None:
        if after.max_age is None or after.max_age > before.max_age:
            return True
        if before.max_age_column != after.max_age_column:
            return True
    return after.kept_because not in (None, before.kept_because)


class _HasName(Protocol):
    @property
    def name(self) -> str: ...


Item = TypeVar("Item", bound=_HasName)


def _pairs(old: Sequence[Item], new: Sequence[Item]) -> Iterator[tuple[Item | None, Item | None]]:
    """The things of each name on both sides; None where a side has none."""
    before = {item.name: item for item in old}
    after = {item.name: item for item in new}
    for name in sorted(before.keys() | after.keys()):
        yield before.get(name), after.get(name)
