"""What no declaration lifts: no row singles out two people, and no table puts people into groups.

A catalogue is refused when it is read, however kindly it declares such a thing. The allowed patterns are one
ciphertext of its owner, and a row for one person; a key over several columns may prove that two ways lead to
one person. Our session keys and deliveries are the two exceptions: guards prove them, and the audit compares
those.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nosender.errors import UsageError

if TYPE_CHECKING:
    from nosender.schema.catalogue.model import Catalogue, Column, ForeignKey, Table

EXCEPTIONS: Mapping[str, frozenset[tuple[str, ...]]] = {
    "device_session_keys": frozenset({("user_id",), ("webauthn_credential_id",)}),
    "message_deliveries": frozenset({("message_id",), ("webauthn_credential_id",)}),
}
"""The two tables whose rows have two ways to people, and the columns of exactly those ways."""

_OWN: Mapping[str, frozenset[str]] = {
    "users": frozenset({"phone_number"}),
    "webauthn_credentials": frozenset({"credential_id", "public_key"}),
    "messages": frozenset({"destination_phone"}),
    "ephemeral_keys": frozenset({"destination_phone", "ephemeral_public_key"}),
    "messaging_public_keys": frozenset({"x25519_public_key", "ed25519_public_key"}),
}
"""The columns where values that single out a person are at home, and say whose the row is."""

_SINGLING = frozenset({"account-phone", "destination-phone", "device-id", "device-key", "public-key"})
"""The classes whose values lead to one person."""

_PATTERN = (
    "Keep one ciphertext of its owner instead, or a row for one person; where two ways lead to the same "
    "person, one foreign key over both columns may prove it."
)


@dataclass(frozen=True, slots=True)
class Way:
    """One way from a row to a person: the columns that it starts at, and where it leads."""

    columns: tuple[str, ...]
    leads_to: str


def refuse(catalogue: Catalogue) -> None:
    """UsageError for the first table, by name, that breaks a rule; nothing where none does."""
    for table in catalogue.tables:
        _refuse_excuse(table)
        found = ways(catalogue, table)
        excepted = EXCEPTIONS.get(table.name, frozenset()) == {way.columns for way in found}
        if len(found) > 1 and not excepted:
            told = " and ".join(f"{', '.join(way.columns)} (to {way.leads_to})" for way in found)
            raise UsageError(
                f"{_place(table, found[-1])}: a row of {table.name!r} singles out two people: {told}. "
                f"No declaration lifts this. {_PATTERN}"
            )
        if found and (group := _group(catalogue, table)):
            raise UsageError(
                f"{group.place}: table {table.name!r} puts people into {group.parent!r}: those who share "
                "a row of it are a group. No declaration lifts this, unless it is a vocabulary: few rows, "
                f"the same for everybody (vocabulary = true). {_PATTERN}"
            )


def ways(catalogue: Catalogue, table: Table) -> tuple[Way, ...]:
    """Every way from a row of a table to a person, those that one key proves to be the same as one."""
    reaching, keys = _reaching(catalogue), _keys(catalogue, table.name)
    found = [
        Way(key.columns, key.parent)
        for key in keys
        if key.parent in reaching and not any(_proved(catalogue, key, other) for other in keys)
    ]
    own = _OWN.get(table.name, frozenset())
    keyed = {column for key in keys for column in key.columns}
    for column in table.columns:
        kind = column.data_class.name
        if column.name in keyed or column.name in own:
            continue
        if _singles_out(column):
            found.append(Way((column.name,), f"whoever has the {kind}"))
        elif kind == "link":
            found.append(Way((column.name,), "somebody whom no foreign key names"))
    mine = tuple(column.name for column in table.columns if column.name in own)
    if mine and not any(way.leads_to == "users" for way in found):
        found = [Way(mine, "its own person"), *found]
    return tuple(found)


def _singles_out(column: Column) -> bool:
    """Whether its value leads to one person; what a project calls personal does, whatever it is."""
    kind = column.data_class
    return kind.name in _SINGLING or (kind.personal and kind.whose is not None)


def _reaching(catalogue: Catalogue) -> set[str]:
    """The tables from whose rows somebody can be reached, by their columns or by keys of theirs."""
    found = {
        table.name
        for table in catalogue.tables
        # our own tables by their columns too, whatever class a change gives those
        if any(_singles_out(column) or column.name in _OWN.get(table.name, ()) for column in table.columns)
    }
    while more := {key.table for key in catalogue.foreign_keys if key.parent in found} - found:
        found |= more
    return found


def _proved(catalogue: Catalogue, key: ForeignKey, other: ForeignKey) -> bool:
    """Whether another key, over these columns and more, leads to the same person in every row.

    It does where the column that it refers to is what this key refers to, or has a key of its own to that.
    """
    if not set(key.columns) < set(other.columns):
        return False
    there = dict(zip(other.columns, other.parent_columns, strict=True))
    columns = tuple(there[column] for column in key.columns)
    goal = (key.parent, key.parent_columns)
    return (other.parent, columns) == goal or any(
        each.columns == columns and (each.parent, each.parent_columns) == goal
        for each in _keys(catalogue, other.parent)
    )


def _group(catalogue: Catalogue, table: Table) -> ForeignKey | None:
    """A key by which people of a table share a row of one that is about nobody, and no vocabulary."""
    reaching = _reaching(catalogue)
    for key in _keys(catalogue, table.name):
        parent = catalogue.table(key.parent)
        if parent is not None and key.parent not in reaching and not parent.vocabulary:
            return key
    return None


def _keys(catalogue: Catalogue, table: str) -> list[ForeignKey]:
    return [key for key in catalogue.foreign_keys if key.table == table]


def _refuse_excuse(table: Table) -> None:
    """`made_by` is for a table of versions, and for nothing else."""
    classes = {column.data_class.name for column in table.columns}
    if table.made_by == "alembic" and (len(table.columns) != 1 or classes != {"bookkeeping"}):
        raise UsageError(
            f"{table.place}: made_by excuses nothing but the one column of a table of versions; "
            f"{table.name!r} has to be made by a revision and be declared like any other."
        )
    odd = {"state", "serial", "bookkeeping"}
    if table.vocabulary and not classes <= odd:
        raise UsageError(
            f"{table.place}: a vocabulary holds words, the same for everybody: columns of the classes "
            f"{', '.join(sorted(odd))} alone."
        )


def _place(table: Table, way: Way) -> object:
    column: Column | None = table.column(way.columns[0])
    return column.place if column is not None else table.place
