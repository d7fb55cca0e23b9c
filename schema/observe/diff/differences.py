"""Compares two Observations of one schema, field by field, with the SQL that repairs each."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from nosender.schema.observe.diff.kinds import KINDS, ObjectKind
from nosender.schema.observe.diff.moved import brought_back, moved_away
from nosender.schema.observe.diff.renames import Rename, undo_renames
from nosender.schema.observe.diff.repair import Repair, full_name
from nosender.schema.observe.model import Column, Comment, Constraint, Function, Index, Relation
from nosender.schema.observe.observation import Observation
from nosender.schema.observe.quoting import qualified, quoted
from nosender.schema.observe.reference import CLERK, OWNER, owner_of, within
from nosender.schema.observe.spelling import bare
from nosender.terminal_text import visible

Severity = Literal["strict", "low", "warning"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as expected."""

    kind: str
    """Table, column, constraint, index, trigger, function, grant, …"""
    object: str
    """Qualified and quoted as in SQL."""
    field: str
    """What of it differs; empty where the whole object is missing or too much."""
    expected: str
    """As text for a reader; "absent" for an object too much."""
    found: str
    severity: Severity
    """low is an owner, fillfactor or comment; warning the order of columns; strict all else."""
    sql: str
    """The statements that repair it; run in one transaction, those of all differences in their order."""
    destroys: str
    """What they would destroy, which makes them a person's to run; empty where that is nothing."""
    declared: bool
    """False for an object that stands beside ours and touches none of them."""

    @property
    def line(self) -> str:
        """The difference on one line, safe to show in a terminal."""
        what = f"{self.kind} {self.object}" + (f", {self.field}" if self.field else "")
        return visible(f"{what}: expected {self.expected}, found {self.found}")


def differences(expected: Observation, live: Observation, schema: str) -> tuple[Difference, ...]:
    """What of `schema` in `live` is not as in `expected`, an Observation of the same schema.

    Both may be whole or already cut to the schema. Owners are compared with the role that owns most
    of our tables, since any role may have migrated them. What Alembic keeps for itself is no
    difference. Empty for equal schemas, of whatever cluster and major.
    """
    wanted = within(expected, schema)
    if not any(role.name == CLERK for role in live.roles):
        wanted = replace(
            wanted,
            roles=tuple(role for role in wanted.roles if role.name != CLERK),
            grants=tuple(grant for grant in wanted.grants if grant.grantee != CLERK),
        )
    away = moved_away(wanted, live)
    for table in away:
        live = brought_back(live, table, schema)
    part = within(live, schema, {role.name for role in wanted.roles})
    found = without_version_table(part, expected)
    repair = Repair(wanted, found, owner_of(live_part(live, schema)) or "current_user")
    return (*(_moved(table, schema) for table in away), *_differences(repair))


def live_part(observation: Observation, schema: str) -> Observation:
    """The relations of one schema with their owners as they are."""
    return Observation(
        schema, observation.database, relations=tuple(r for r in observation.relations if r.schema == schema)
    )


def without_version_table(live: Observation, expected: Observation) -> Observation:
    """`live` without Alembic's bookkeeping, as long as that is no more than Alembic makes it."""
    if any(relation.name == VERSION_TABLE for relation in expected.relations):
        return live
    return replace(
        live,
        relations=tuple(r for r in live.relations if (r.name, r.kind) != (VERSION_TABLE, "table")),
        columns=tuple(
            c
            for c in live.columns
            if (c.table, c.name, c.type, c.default)
            != (VERSION_TABLE, "version_num", "character varying(32)", None)
        ),
        constraints=tuple(c for c in live.constraints if c.name != f"{VERSION_TABLE}_pkc"),
        indexes=tuple(i for i in live.indexes if i.name != f"{VERSION_TABLE}_pkc"),
    )


VERSION_TABLE = "alembic_version"


def _differences(repair: Repair) -> Iterator[Difference]:
    repair, renames = undo_renames(repair)
    for rename in renames:
        yield _renamed(repair, rename)
    told = _Told(repair)
    later: list[Difference] = []
    for kind in KINDS:
        if kind.kind == "columns":
            yield from later  # functions that need a table that is missing
        before, after = _keyed(kind, repair.wanted), _keyed(kind, repair.found)
        keys = [*before, *(key for key in after if key not in before)]
        turns = {key: _turn(repair, before.get(key) or after[key]) for key in keys}
        keys.sort(key=turns.__getitem__)
        for key in keys:
            old, new = before.get(key), after.get(key)
            if old is not None and new is not None:
                if not told.with_constraint(kind, old):
                    yield from told.in_turn(old, _fields(repair, kind, old, new))
            elif not told.elsewhere(kind, old, new):
                difference = _whole(repair, kind, old, new)
                if kind.kind == "functions" and old is not None and told.needs_table(old):
                    later.append(difference)
                else:
                    yield from told.in_turn(old, (difference,))


def _turn(repair: Repair, record: Any) -> int:
    """When it is the turn of one among its kind: a foreign key needs its key, and a table the other's."""
    if isinstance(record, Constraint):
        return record.kind == "foreign key"
    if not isinstance(record, Relation):
        return 0
    before = [
        other
        for other in repair.wanted.relations
        for key in repair.wanted.constraints
        if key.table == record.name != other.name == key.referenced_table
    ]
    return 1 + max((_turn(repair, other) for other in before), default=0)


def _moved(table: Relation, schema: str) -> Difference:
    (kind,) = [each for each in KINDS if each.kind == "relations"]
    place, name = quoted(schema), kind.name(replace(table, schema=schema))
    back = f"alter table {full_name(table)} set schema {place};"
    return Difference(
        kind.label(table), name, "schema", place, quoted(table.schema), "strict", back, "", declared=True
    )


def _renamed(repair: Repair, rename: Rename) -> Difference:
    (kind,) = [each for each in KINDS if each.kind == rename.kind]
    field = "arguments" if rename.kind == "functions" else "name"
    label, name = kind.label(rename.old), kind.name(rename.old)
    expected, found = (_shown(field, getattr(each, field), repair.owner) for each in (rename.old, rename.new))
    return Difference(label, name, field, expected, found, "strict", rename.sql, "", declared=True)


def _fields(repair: Repair, kind: ObjectKind[Any], old: Any, new: Any) -> Iterator[Difference]:
    for name, one, other in _changed(kind, old, new):
        sql = kind.field(repair, old, new, name)
        yield Difference(
            kind.label(old),
            kind.name(old),
            name.replace("_", " "),
            _shown(name, one, repair.owner),
            _shown(name, other, repair.owner),
            _severity(kind, name),
            sql,
            kind.loss(repair, old, new, name, sql),
            declared=True,
        )


def _whole(repair: Repair, kind: ObjectKind[Any], old: Any, new: Any) -> Difference:
    record = old if old is not None else new
    sql = kind.whole(repair, old, new)
    return Difference(
        kind.label(record),
        kind.name(record),
        "",
        "absent" if old is None else _present(old),
        "absent" if new is None else _present(new),
        "low" if kind.kind == "comments" else "strict",
        sql,
        kind.loss(repair, old, new, "", sql) if sql and old is None else "",
        declared=old is not None or kind.table(record) is not None or kind.kind == "grants",
    )


class _Told:
    """Knows which missing objects go with a missing table, column, constraint or function, said once."""

    def __init__(self, repair: Repair) -> None:
        wanted, found = repair.wanted, repair.found

        def either(names: Callable[[Observation], set[Any]]) -> set[Any]:
            return names(wanted) ^ names(found)

        self.tables = {name for name, _ in either(lambda o: {(r.name, r.kind) for r in o.relations})}
        self.columns = either(lambda o: {qualified(c.schema, c.table, c.name) for c in o.columns})
        self.constraints = either(lambda o: {(c.table, c.name) for c in o.constraints})
        self.functions = either(lambda o: {f"{f.name}({f.identity})" for f in o.functions})
        self.others = either(lambda o: {s.name for s in o.sequences} | {t.name for t in o.types})
        self.differing: set[tuple[str, str]] = set()
        """Constraints told already: their indexes go with them."""
        self.at_a_loss: set[tuple[str, str]] = set()
        """Columns whose repair is a person's to run: what is said of them has to wait for that."""
        self.schema = quoted(wanted.schema)
        # what is too much, as PostgreSQL identifies it: its comment goes with it
        self.too_much = _identities(found) - _identities(wanted)
        # the sequence of an identity that should be none
        self.identities = {qualified(c.schema, c.table, c.name) for c in found.columns if c.identity} - {
            qualified(c.schema, c.table, c.name) for c in wanted.columns if c.identity
        }

    def in_turn(self, old: Any, found: Iterable[Difference]) -> Iterator[Difference]:
        """The differences of one object, with what they have to wait for."""
        for difference in found:
            if isinstance(old, Constraint):
                self.differing.add((old.table, old.name))
            if isinstance(old, Column) and difference.destroys:
                self.at_a_loss.add((old.table, old.name))
            columns = [(old.table, name) for name in _columns_of(old)] if not difference.destroys else []
            if isinstance(old, Constraint):
                columns += [(old.referenced_table or "", name) for name in old.referenced_columns]
            lost = [f"{name} of {table}" for table, name in columns if (table, name) in self.at_a_loss]
            if lost:
                reason = f"nothing, once column {lost[0]} is repaired"
                difference = replace(difference, destroys=reason)
            yield difference

    def with_constraint(self, kind: ObjectKind[Any], old: Any) -> bool:
        """Whether an index differs because its constraint does."""
        place = (getattr(old, "table", ""), getattr(old, "constraint", None))
        return kind.kind == "indexes" and place in self.constraints | self.differing

    def needs_table(self, function: Function) -> bool:
        """Whether a function names a table that is not there in what it takes or returns."""
        said = f"{function.arguments} {function.result} {function.sql_body}"
        return any(f"{self.schema}.{quoted(table)}" in said for table in self.tables)

    def elsewhere(self, kind: ObjectKind[Any], old: Any, new: Any) -> bool:
        """Whether the absence of one of the two is said by another difference, or says nothing."""
        record = old if old is not None else new
        if kind.table(record) in self.tables or (kind.kind == "constraints" and record.of_domain):
            return True
        if kind.kind == "indexes":
            return record.constraint is not None and (record.table, record.constraint) in self.constraints
        if kind.kind == "sequences":
            if old is None and record.owned_by in self.identities:
                return True
            return record.owned_by in self.columns
        if kind.kind == "comments":
            return self._comment(record, too_much=old is None)
        if kind.kind == "grants":
            if record.kind == "schema" and old is None:
                # who may look into the schema still needs a right on what is in it
                return set(record.privileges) <= {"USAGE"}
            return record.object in self.functions | self.others
        return False

    def _comment(self, comment: Comment, *, too_much: bool) -> bool:
        """Whether a comment comes and goes with what it is on."""
        name = comment.object.rpartition(f" on {self.schema}.")[2].removeprefix(f"{self.schema}.")
        tables = [quoted(table) for table in self.tables]
        if comment.object in self.columns or any(name == t or name.startswith(f"{t}.") for t in tables):
            return True
        function = name.partition("(")[0]  # a comment's object gives the types of arguments alone
        if "(" in name and any(quoted(f.partition("(")[0]) == function for f in self.functions):
            return True
        return too_much and comment.object in self.too_much


def _columns_of(record: Any) -> tuple[str, ...]:
    if isinstance(record, Column):
        return (record.name,)
    if isinstance(record, Constraint | Index):
        return tuple(name for name in record.columns if name)
    return ()


def _identities(side: Observation) -> set[str]:
    lists: tuple[tuple[Any, ...], ...] = (side.sequences, side.types, side.indexes, side.statistics)
    whole = {qualified(item.schema, item.name) for each in lists for item in each}
    on_table: tuple[tuple[Any, ...], ...] = (side.constraints, side.triggers, side.rules, side.policies)
    parts = {f"{quoted(i.name)} on {qualified(i.schema, i.table)}" for each in on_table for i in each}
    return whole | parts | {item.name for item in side.others}


def _keyed(kind: ObjectKind[Any], observation: Observation) -> dict[Any, Any]:
    if kind.kind == "grants":
        return _merged(observation.grants)
    return {kind.key(record): record for record in observation.of(kind.kind)}


def _changed(kind: ObjectKind[Any], old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    for item in fields(old):
        one, other = getattr(old, item.name), getattr(new, item.name)
        if item.name in kind.ignored or one == other:
            continue
        if item.name == "owner" and getattr(old, "owned_by", None) and new.owned_by:
            continue  # the owner of the table is the owner of its sequences
        told = item.name == "definition" and kind.kind in ("indexes", "constraints")
        if told and bare(one) == bare(other):
            continue
        yield item.name, one, other


def _severity(kind: ObjectKind[Any], name: str) -> Severity:
    if name in kind.warning:
        return "warning"
    if name in kind.low:
        return "low"
    return "strict"


def _merged(grants: tuple[Any, ...]) -> dict[Any, Any]:
    """Grants by object and grantee: who granted is of no consequence."""
    merged: dict[Any, Any] = {}
    for grant in grants:
        key = (grant.kind, grant.object, grant.column, grant.grantee)
        if key in merged:
            both = merged[key]
            grant = replace(
                both,
                privileges=tuple(sorted({*both.privileges, *grant.privileges})),
                grantable=tuple(sorted({*both.grantable, *grant.grantable})),
            )
        merged[key] = grant
    return merged


def _present(record: Any) -> str:
    privileges = getattr(record, "privileges", None)
    if privileges is not None:
        return ", ".join(privileges) or "none"
    return "present"


def _shown(name: str, value: Any, owner: str) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    text = owner if value == OWNER else str(value)
    if name in ("body", "sql_body", "text") or len(text) > 200:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{len(text)} characters (sha256 {digest[:12]})"
    return " ".join(text.split())
