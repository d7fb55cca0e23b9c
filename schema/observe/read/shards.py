"""Folds shards into their tables: the table is then as its worst shard is.

A shard is a table of its own on one node, made by Citus after its table, and its owner may change it there.
What a shard has beside its table counts as the table's, and what it lacks, the table lacks: whoever looks at
the table sees what is wrong with any shard. Which shard it was is told besides.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

from nosender.schema.observe.distribution_model import Distribution, Shard, ShardDifference
from nosender.schema.observe.model import Column, Constraint, Dependency, Grant, Index, Relation
from nosender.schema.observe.observation import Observation
from nosender.schema.observe.quoting import qualified, quoted
from nosender.schema.observe.read.records import ordered
from nosender.schema.observe.spelling import restored

Place = tuple[str, str]

_OF_TABLE = ("constraints", "indexes", "triggers", "rules", "policies", "statistics")
_KIND = {"statistics": "statistics", "indexes": "index", "policies": "policy"}
_TOLD = (
    "owner",
    "persistence",
    "access_method",
    "row_security",
    "row_security_forced",
    "options",
    "toast_options",
)
"""What of a table must be the same of its shards."""
_OF_COLUMN = (
    "type", "collation", "not_null", "identity", "generated", "storage", "compression", "statistics_target",
    "options",
)  # fmt: skip


def folded(live: Observation, distribution: Distribution) -> Observation:
    """The Observation without its shards, whose differences from their tables are the tables'."""
    if not distribution.shards:
        return replace(live, distribution=distribution)
    fold = _Fold(live, distribution.shards)
    lists: dict[str, Any] = {"relations": fold.relations(), "columns": fold.columns()}
    for kind in _OF_TABLE:
        lists[kind] = fold.parts(kind)
    lists["dropped_columns"] = fold.dropped_columns()
    lists["grants"] = fold.grants()
    for kind, names in (
        ("comments", ("object",)),
        ("security_labels", ("object",)),
        ("dependencies", ("object", "referenced", "name", "referenced_name")),
    ):
        lists[kind] = fold.renamed(kind, names)
    told = tuple(
        sorted(
            fold.differences, key=lambda each: (each.schema, each.table, each.shard, each.kind, each.object)
        )
    )
    return replace(live, **lists, distribution=replace(distribution, differences=told))


class _Fold:
    """The shards by their names, and what was found to differ."""

    def __init__(self, live: Observation, shards: Iterable[Shard]) -> None:
        self.live = live
        self.shards = {(each.schema, each.name): each for each in shards}
        self.of_table: dict[Place, list[Shard]] = defaultdict(list)
        for each in self.shards.values():
            self.of_table[each.schema, each.table].append(each)
        names = {
            qualified(each.schema, each.name): qualified(each.schema, each.table)
            for each in self.shards.values()
        }
        self.names = names
        longest = sorted(map(re.escape, names), key=len, reverse=True)
        self.named = re.compile(rf"(?<![\w$\"])(?:{'|'.join(longest)})(?![\w$])")
        self.differences: list[ShardDifference] = []

    def moved(self, text: str) -> str:
        """The text with each shard's name as its table's."""
        return self.named.sub(lambda found: self.names[found[0]], text)

    def tell(self, shard: Shard, kind: str, name: str, what: Any) -> None:
        self.differences.append(ShardDifference(shard.schema, shard.table, shard.name, kind, name, what))

    def relations(self) -> tuple[Relation, ...]:
        """The tables, with what of their shards is other."""
        shards = {
            place: each for each in self.live.relations if (place := (each.schema, each.name)) in self.shards
        }
        kept = []
        for table in self.live.relations:
            if (table.schema, table.name) in shards:
                continue
            worst: dict[str, Any] = {}
            for shard in self.of_table.get((table.schema, table.name), ()):
                found = shards[shard.schema, shard.name]
                other = {name for name in _TOLD if getattr(found, name) != getattr(table, name)}
                if other:
                    worst |= {name: getattr(found, name) for name in other}
                    self.tell(shard, "table", qualified(table.schema, table.name), "other")
            kept.append(replace(table, **worst))
        return tuple(kept)

    def columns(self) -> tuple[Column, ...]:
        """The columns of the tables, then those that only a shard has."""
        by_table: dict[Place, dict[str, Column]] = defaultdict(dict)
        for each in self.live.columns:
            if (each.schema, each.table) not in self.shards:
                by_table[each.schema, each.table][each.name] = each
        original = {place: dict(own) for place, own in by_table.items()}
        for each in self.live.columns:
            shard = self.shards.get((each.schema, each.table))
            if shard is None:
                continue
            own = by_table[shard.schema, shard.table]
            known = original.get((shard.schema, shard.table), {}).get(each.name)
            name = qualified(shard.schema, shard.table, each.name)
            if known is None:
                own.setdefault(each.name, replace(each, table=shard.table, position=len(own) + 1))
                self.tell(shard, "column", name, "beside")
            elif other := self._other(known, each):
                own[each.name] = replace(own[each.name], **other)
                self.tell(shard, "column", name, "other")
        return tuple(each for place in sorted(by_table) for each in by_table[place].values())

    def _other(self, known: Column, found: Column) -> dict[str, Any]:
        other = {
            name: getattr(found, name) for name in _OF_COLUMN if getattr(found, name) != getattr(known, name)
        }
        # the numbers of a sequence are drawn before a row goes to its shard, which has no default then
        if found.default is not None and restored(self.moved(found.default)) != restored(known.default or ""):
            other["default"] = self.moved(found.default)
        return other

    def parts(self, kind: str) -> tuple[Any, ...]:
        """What belongs to the tables, less what a shard lacks, and what only a shard has."""
        records = getattr(self.live, kind)
        by_table: dict[Place, list[Any]] = defaultdict(list)
        of_shard: dict[Place, list[Any]] = defaultdict(list)
        for each in records:
            place = each.schema, each.table
            if place not in self.shards:
                by_table[place].append(each)
            elif not _is_not_null(each):  # what it says, the column says; from 18 on it has a name
                of_shard[place].append(each)
        for place, shards in self.of_table.items():
            own, lost, more = by_table[place], set[int](), dict[Any, Any]()
            for shard in shards:
                found = of_shard.get((shard.schema, shard.name), [])
                lacking, beside = self._compared(kind, own, found, shard)
                lost |= lacking
                more |= {_said(each): each for each in beside}
            by_table[place] = [each for at, each in enumerate(own) if at not in lost] + [*more.values()]
        return ordered([each for some in by_table.values() for each in some])

    def _compared(
        self, kind: str, own: list[Any], found: list[Any], shard: Shard
    ) -> tuple[set[int], list[Any]]:
        """Which of the table's a shard lacks, by their place, and what it has beside them.

        Names are Citus' to make, so what they say is compared.
        """
        moved = [self._as_table(each, shard) for each in found]
        there, here = Counter(map(_said, moved)), Counter(map(_said, own))
        word = _KIND.get(kind, kind.removesuffix("s"))
        lacking, beside = set(), []
        for at, each in enumerate(own):
            if there[_said(each)] > 0:
                there[_said(each)] -= 1
            elif kind != "statistics" and not _is_not_null(each):
                lacking.add(at)
                self.tell(shard, word, _object(each), "lacking")
        for each in moved:
            if here[_said(each)] > 0:
                here[_said(each)] -= 1
            else:
                beside.append(each)
                self.tell(shard, word, _object(each), "beside")
        return lacking, beside

    def _as_table(self, each: Any, shard: Shard) -> Any:
        """What belongs to a shard, as if it belonged to the table."""
        ending = shard.name.rpartition("_")[2]
        changed: dict[str, Any] = {"table": shard.table, "name": each.name.replace(f"_{ending}", "")}
        if hasattr(each, "definition"):
            text = each.definition.replace(quoted(each.name), quoted(changed["name"]), 1)
            changed["definition"] = restored(self.moved(text))
        if hasattr(each, "referenced_table") and each.referenced_table is not None:
            parent = self.shards.get((each.referenced_schema, each.referenced_table))
            changed["referenced_table"] = parent.table if parent else each.referenced_table
        if isinstance(each, Index) and each.constraint is not None:
            changed["constraint"] = each.constraint.replace(f"_{ending}", "")
        return replace(each, **changed)

    def dropped_columns(self) -> tuple[Any, ...]:
        """Those of the tables, and those of a shard that had more columns than its table."""
        kept, counts, left = [], Counter[Place](), defaultdict(list)
        for each in self.live.dropped_columns:
            shard = self.shards.get((each.schema, each.table))
            if shard is None:
                kept.append(each)
                counts[each.schema, each.table] += 1
            else:
                left[each.schema, each.table].append((shard, each))
        for some in left.values():
            for shard, each in some[counts[some[0][0].schema, some[0][0].table] :]:
                kept.append(replace(each, table=shard.table))
        return ordered(list(dict.fromkeys(kept)))

    def grants(self) -> tuple[Grant, ...]:
        """The grants on the tables, and what only a shard gives."""
        known: dict[Any, set[str]] = defaultdict(set)
        kept, on_shards = [], []
        for each in self.live.grants:
            shard = (
                self.shards.get((each.schema or "", each.object))
                if each.kind in ("table", "column")
                else None
            )
            if shard is not None:
                on_shards.append((shard, each))
                continue
            kept.append(each)
            known[each.kind, each.schema, each.object, each.column, each.grantee] |= set(each.privileges)
        for shard, each in on_shards:
            has = known[each.kind, each.schema, shard.table, each.column, each.grantee]
            if more := set(each.privileges) - has:
                has |= more
                kept.append(
                    replace(
                        each,
                        object=shard.table,
                        privileges=tuple(sorted(more)),
                        grantable=tuple(sorted(more & set(each.grantable))),
                    )
                )
                self.tell(shard, "grant", qualified(shard.schema, shard.table), "beside")
        return ordered(kept)

    def renamed(self, kind: str, names: tuple[str, ...]) -> tuple[Any, ...]:
        """Records that only name a shard, as naming its table, and each once."""
        return ordered(list(dict.fromkeys(self._renamed(each, names) for each in getattr(self.live, kind))))

    def _renamed(self, each: Any, names: tuple[str, ...]) -> Any:
        changed = {}
        owner = (
            self.shards.get((each.schema or "", each.name or "")) if isinstance(each, Dependency) else None
        )
        for name in names:
            text = getattr(each, name)
            if text is None:
                continue
            if owner is not None and name == "object":  # its own name ends like the shard's
                text = self.moved(text).replace(f"_{owner.name.rpartition('_')[2]}", "")
            schema = getattr(each, "referenced_schema" if name.startswith("referenced") else "schema", None)
            shard = self.shards.get((schema or "", text))
            new = shard.table if shard else self.moved(text)
            if new != getattr(each, name):
                changed[name] = new
        return replace(each, **changed) if changed else each


_NAMES = {
    "name",
    "table",
    "schema",
    "constraint",
    "clustered",
    "replica_identity",
    "statistics_targets",
    "tablespace",
}


def _said(record: Any) -> tuple[Any, ...]:
    """What a constraint, index, trigger, rule or policy says, whatever it is called."""
    values: list[Any] = [type(record).__name__]
    for field in fields(record):
        value = getattr(record, field.name)
        if field.name == "constraint" and not isinstance(record, Index):
            values.append(value)
        elif field.name == "definition":
            values.append(_without_name(record, value))
        elif field.name not in _NAMES:
            values.append(value)
    return tuple(values)


def _without_name(record: Any, definition: str) -> str:
    text = restored(definition)
    if isinstance(record, Constraint):
        return text
    if isinstance(record, Index):
        return text.partition(" USING ")[2]
    return text.replace(f" {quoted(record.name)} ", " ", 1)


def _is_not_null(record: Any) -> bool:
    return isinstance(record, Constraint) and record.kind == "not null"


def _object(record: Any) -> str:
    if isinstance(record, Index):
        return qualified(record.schema, record.name)
    return qualified(record.schema, record.table, record.name)
