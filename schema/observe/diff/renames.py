"""Finds what only has another name: renamed back it keeps its rows, made anew it would lose them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from nosender.schema.observe.diff.repair import Repair, aside, full_name, relation_word, table_name
from nosender.schema.observe.diff.repair_objects import replace_function
from nosender.schema.observe.model import (
    Column,
    Constraint,
    Function,
    Grant,
    Index,
    Relation,
    Sequence,
    Trigger,
)
from nosender.schema.observe.observation import Observation
from nosender.schema.observe.quoting import quoted
from nosender.schema.observe.spelling import bare, respelled

RenamedKind = Literal["relations", "columns", "sequences", "constraints", "indexes", "triggers", "functions"]


@dataclass(frozen=True, slots=True)
class Rename:
    """One object that goes by another name."""

    kind: RenamedKind
    old: Any
    """As expected."""
    new: Any
    """As found."""
    sql: str


def undo_renames(repair: Repair) -> tuple[Repair, list[Rename]]:
    """The repair that is left once the names are put back, and what puts them back, in its order."""
    renames: list[Rename] = []
    for kind, likeness, rename in _KINDS:
        tried: list[Any] = []
        # anew after each, for what stood in its way has another name then
        while pair := next((p for p in _pairs(repair, kind, likeness) if p[0] not in tried), None):
            old, new = pair
            tried.append(old)
            repair, first = _made_room(repair, old) if kind == "relations" else (repair, "")
            renames.append(Rename(kind, old, new, f"{first}{rename(repair, old, new)}"))
            repair = replace(repair, found=_found_as(repair, kind, old, new))
    return replace(repair, found=replace(repair.found, constraints=_of_note(repair))), renames


def _made_room(repair: Repair, wanted: Relation) -> tuple[Repair, str]:
    """The repair once whatever has the name of a relation is set aside, and the statement that does that."""
    for other in repair.found.relations:
        if other.name == wanted.name:
            moved = replace(other, name=aside(other.name))
            away = f"alter {relation_word(other)} {full_name(other)} rename to {quoted(moved.name)}; "
            return replace(repair, found=_found_as(repair, "relations", moved, other)), away
    return repair, ""


def _of_note(repair: Repair) -> tuple[Constraint, ...]:
    """The constraints without each NOT NULL that has a name which PostgreSQL gives for a column of its table.

    A column that is renamed leaves the old name behind, which says no more.
    """
    given = {
        (each.table, f"{each.table}_{each.name}_not_null")
        for side in (repair.wanted, repair.found)
        for each in side.columns
    }
    return tuple(
        c for c in repair.found.constraints if c.kind != "not null" or (c.table, c.name) not in given
    )


def _pairs(
    repair: Repair, kind: RenamedKind, likeness: Callable[[Observation, Any], object]
) -> Iterator[tuple[Any, Any]]:
    """What is missing beside the one thing too much that is like it in all but the name."""
    wanted, found = repair.wanted, repair.found
    tables = {relation.name for relation in wanted.relations}
    missing: dict[object, list[Any]] = {}
    extra: dict[object, list[Any]] = {}
    have = {_named(record) for record in found.of(kind)}
    want = {_named(record) for record in wanted.of(kind)}
    if kind == "relations":
        strangers = _strangers(repair, likeness)
        have, want = have - strangers, want - strangers
    for record in wanted.of(kind):
        if _named(record) not in have:
            missing.setdefault(likeness(wanted, record), []).append(record)
    for record in found.of(kind):
        if _named(record) not in want and (not hasattr(record, "table") or record.table in tables):
            extra.setdefault(likeness(found, record), []).append(record)
    for alike, records in missing.items():
        others = extra.get(alike, [])
        if alike is not None and len(records) == len(others) == 1:
            yield records[0], others[0]


def _strangers(repair: Repair, likeness: Callable[[Observation, Any], object]) -> set[tuple[str, ...]]:
    """The names of relations that something else goes by: a thing of another kind, or another one of them."""
    wanted = {r.name: (r.kind, likeness(repair.wanted, r)) for r in repair.wanted.relations}
    found = {r.name: (r.kind, likeness(repair.found, r)) for r in repair.found.relations}
    others = set(wanted.values()) - {(kind, None) for kind, _ in wanted.values()}
    return {
        ("", name)
        for name in wanted.keys() & found.keys()
        if found[name][0] != wanted[name][0] or (found[name] != wanted[name] and found[name] in others)
    }


def _named(record: Any) -> tuple[str, ...]:
    names = ("name", "identity") if isinstance(record, Function) else ("table", "name")
    return tuple(getattr(record, name, "") for name in names)


def _relation(side: Observation, relation: Relation) -> object:
    columns = tuple((c.name, c.type) for c in side.columns if c.table == relation.name)
    return (relation.kind, columns) if relation.kind == "table" and columns else None


def _relation_by_key(side: Observation, relation: Relation) -> object:
    """A table whose columns were renamed too keeps its primary key, whose name no other can have."""
    keys = [c.name for c in side.constraints if c.table == relation.name and c.kind == "primary key"]
    return (relation.kind, *keys) if relation.kind == "table" and keys else None


def _column(side: Observation, column: Column) -> object:
    neighbours = [c for c in side.columns if c.table == column.table]
    before = [c.name for c in neighbours if c.position == column.position - 1]
    after = [c.name for c in neighbours if c.position == column.position + 1]
    return column.table, column.type, tuple(before), tuple(after)


def _column_by_place(side: Observation, column: Column) -> object:
    """One whose neighbour was renamed too."""
    places = sorted(c.position for c in side.columns if c.table == column.table)
    return column.table, column.type, places.index(column.position), len(places)


def _sequence(_: Observation, sequence: Sequence) -> object:
    return sequence.owned_by


def _constraint(_: Observation, constraint: Constraint) -> object:
    return constraint.table, bare(constraint.definition)


def _index(_: Observation, index: Index) -> object:
    return (
        (index.table, index.definition.partition(" ON ")[2], index.definition[:13])
        if not index.constraint
        else None
    )


def _trigger(_: Observation, trigger: Trigger) -> object:
    return trigger.table, trigger.definition.replace(f" {quoted(trigger.name)} ", " ", 1)


def _function(_: Observation, function: Function) -> object:
    # Another name of an argument is another function to a reader, and the same one to PostgreSQL.
    arguments = [part.strip().removeprefix("IN ") for part in function.identity.split(",")]
    types = [argument.partition(" ")[2] or argument for argument in arguments]
    return function.name, tuple(types)


def _to(word: Callable[[Any], str], name: Callable[[Any], str]) -> Callable[[Repair, Any, Any], str]:
    return lambda _, old, new: f"alter {word(old)} {name(new)} rename to {quoted(old.name)};"


def _on_table(word: str) -> Callable[[Repair, Any, Any], str]:
    return lambda _, old, new: (
        f"alter table {table_name(old)} rename {word} {quoted(new.name)} to {quoted(old.name)};"
    )


def _rename_trigger(_: Repair, old: Trigger, new: Trigger) -> str:
    return f"alter trigger {quoted(new.name)} on {table_name(old)} rename to {quoted(old.name)};"


# In this order: what the names of a later kind stand on comes first.
_KINDS: tuple[
    tuple[RenamedKind, Callable[[Observation, Any], object], Callable[[Repair, Any, Any], str]], ...
] = (
    ("relations", _relation, _to(relation_word, full_name)),
    ("relations", _relation_by_key, _to(relation_word, full_name)),
    ("columns", _column, _on_table("column")),
    ("columns", _column_by_place, _on_table("column")),
    ("sequences", _sequence, _to(lambda _: "sequence", full_name)),
    ("functions", _function, replace_function),
    ("constraints", _constraint, _on_table("constraint")),
    ("indexes", _index, _to(lambda _: "index", full_name)),
    ("triggers", _trigger, _rename_trigger),
)


def _found_as(repair: Repair, kind: RenamedKind, old: Any, new: Any) -> Observation:
    """What was found, with the name put back wherever PostgreSQL itself would."""
    found = repair.found
    if kind == "functions":
        names = [f"{function.name}({function.identity})" for function in (old, new)]
        return replace(
            found,
            functions=tuple(old if record == new else record for record in found.functions),
            grants=(
                *(grant for grant in found.grants if grant.object not in names),
                *(grant for grant in repair.wanted.grants if grant.object == names[0]),
            ),
        )
    inside, everywhere = _texts(kind, old, new)

    def put_back(record: Any) -> Any:
        mine = kind == "relations" or getattr(record, "table", getattr(record, "object", None)) == getattr(
            new, "table", ""
        )
        changes: dict[str, Any] = {
            name: old.name for name in _names(kind, record, new) if getattr(record, name) == new.name
        }
        for each in ("definition", "object", "owned_by", "default", "referenced", "using", "check"):
            value = getattr(record, each, None)
            if isinstance(value, str) and each not in changes:
                words = everywhere | inside if mine or _refers(record, new) else everywhere
                changes[each] = respelled(value, words)
        if kind == "columns" and mine and isinstance(record, Constraint | Index):
            changes["columns"] = tuple(old.name if name == new.name else name for name in record.columns)
        return replace(record, **changes)

    lists: dict[str, Any] = {each.name: getattr(found, each.name) for each in fields(found)}
    for name, value in lists.items():
        if isinstance(value, tuple):
            lists[name] = tuple(put_back(record) for record in value)
    return Observation(**lists)


def _refers(record: Any, new: Any) -> bool:
    return isinstance(record, Constraint) and record.referenced_table == getattr(new, "table", None)


def _names(kind: RenamedKind, record: Any, new: Any) -> tuple[str, ...]:
    """The fields of a record that hold the bare name of what was renamed."""
    if kind == "relations":
        named = {Relation: ("name",), Grant: ("object",), Constraint: ("table", "referenced_table")}
        return named.get(type(record), ("table",) if hasattr(record, "table") else ())
    if isinstance(record, Grant):
        on_it = record.object == getattr(new, "table", None)
        return ("object",) if kind == "sequences" else ("column",) if kind == "columns" and on_it else ()
    if isinstance(record, Index) and kind == "constraints" and record.constraint == new.name:
        return ("constraint", "name")
    return (
        ("name",)
        if type(record) is type(new) and getattr(record, "table", "") == getattr(new, "table", "")
        else ()
    )


def _texts(kind: RenamedKind, old: Any, new: Any) -> tuple[dict[str, str], dict[str, str]]:
    """How the name is written in definitions: in those of its own table, and in all others."""
    if kind in ("relations", "sequences"):
        return {}, {full_name(new): full_name(old)}
    places = {f"{quoted(new.name)} on {table_name(new)}": f"{quoted(old.name)} on {table_name(old)}"}
    if kind == "columns":
        places = {f"{table_name(new)}.{quoted(new.name)}": f"{table_name(old)}.{quoted(old.name)}"}
    elif kind == "indexes":
        places = {full_name(new): full_name(old)}
    return {quoted(new.name): quoted(old.name)}, places
