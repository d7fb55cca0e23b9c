"""Compares two Observations of one schema, field by field, with the SQL that repairs each."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from nosender.schema.observe.diff.kinds import KINDS, ObjectKind
from nosender.schema.observe.diff.repair import Repair
from nosender.schema.observe.observation import Observation
from nosender.schema.observe.quoting import qualified, quoted
from nosender.schema.observe.reference import OWNER, owner_of, within
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
    """The statements that would repair it."""
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
    wanted, found = within(expected, schema), without_version_table(within(live, schema), expected)
    repair = Repair(wanted, found, owner_of(live_part(live, schema)) or "current_user")
    return tuple(_differences(repair))


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
    wanted, found = repair.wanted, repair.found
    told = _Told(wanted, found)
    for kind in KINDS:
        before, after = _keyed(kind, wanted), _keyed(kind, found)
        keys = [*before, *(key for key in after if key not in before)]
        if kind.kind == "constraints":  # a foreign key needs the key that it refers to
            keys.sort(key=lambda key: (before.get(key) or after[key]).kind == "foreign key")
        for key in keys:
            old, new = before.get(key), after.get(key)
            if old is not None and new is not None:
                for name, one, other in _changed(kind, old, new):
                    yield Difference(
                        kind.label(old),
                        kind.name(old),
                        name.replace("_", " "),
                        _shown(name, one, repair.owner),
                        _shown(name, other, repair.owner),
                        _severity(kind, name),
                        kind.field(repair, old, new, name),
                        declared=True,
                    )
            elif not told.elsewhere(kind, old, new):
                record = old if old is not None else new
                yield Difference(
                    kind.label(record),
                    kind.name(record),
                    "",
                    "absent" if old is None else _present(old),
                    "absent" if new is None else _present(new),
                    "low" if kind.kind == "comments" else "strict",
                    kind.whole(repair, old, new),
                    declared=old is not None or kind.table(record) is not None or kind.kind == "grants",
                )


class _Told:
    """Knows which missing objects go with a missing table, column, constraint or function, said once."""

    def __init__(self, wanted: Observation, found: Observation) -> None:
        def either(names: Callable[[Observation], set[Any]]) -> set[Any]:
            return names(wanted) ^ names(found)

        self.tables = either(lambda o: {r.name for r in o.relations})
        self.columns = either(lambda o: {qualified(c.schema, c.table, c.name) for c in o.columns})
        self.constraints = either(lambda o: {(c.table, c.name) for c in o.constraints})
        self.functions = either(lambda o: {f"{f.name}({f.identity})" for f in o.functions})
        self.others = either(lambda o: {s.name for s in o.sequences} | {t.name for t in o.types})

    def elsewhere(self, kind: ObjectKind[Any], old: Any, new: Any) -> bool:
        """Whether the absence of one of the two is said by another difference, or says nothing."""
        record = old if old is not None else new
        if kind.table(record) in self.tables:
            return True
        if kind.kind == "constraints" and record.of_domain:
            return record.table in self.others
        if kind.kind == "indexes":
            return record.constraint is not None and (record.table, record.constraint) in self.constraints
        if kind.kind == "sequences":
            return record.owned_by in self.columns
        if kind.kind == "comments":
            name = record.object.partition(".")[2]
            tables = (quoted(table) for table in self.tables)
            if record.object in self.columns:
                return True
            function = name.partition("(")[0]  # a comment's object gives the types of arguments alone
            return any(f.partition("(")[0] == function for f in self.functions) or any(
                name == table or name.startswith(f"{table}.") for table in tables
            )
        if kind.kind == "grants":
            if record.kind == "schema" and old is None:
                # who may look into the schema still needs a right on what is in it
                return set(record.privileges) <= {"USAGE"}
            return record.object in self.functions | self.others
        return False


def _keyed(kind: ObjectKind[Any], observation: Observation) -> dict[Any, Any]:
    if kind.kind == "grants":
        return _merged(observation.grants)
    return {kind.key(record): record for record in observation.of(kind.kind)}


def _changed(kind: ObjectKind[Any], old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    for item in fields(old):
        one, other = getattr(old, item.name), getattr(new, item.name)
        if item.name in kind.ignored or one == other:
            continue
        if item.name == "owner" and getattr(old, "owned_by", None):
            continue  # the owner of the table is the owner of its sequences
        told = item.name == "definition" and kind.kind in ("indexes", "constraints")
        if told and _bare(one) == _bare(other):
            continue
        yield item.name, one, other


_ELEMENT = re.compile(r"'(?:[^']|'')*'::character varying")
_CAST_ARRAY = re.compile(rf"\(ARRAY\[((?:{_ELEMENT.pattern}(?:, )?)+)\]\)::text\[\]")


def _bare(definition: str) -> str:
    """A definition without what fields of their own say, and in the form that a restored dump has.

    PostgreSQL rewrites `x in ('a', 'b')` on a varchar when it is first read, and its own text once more
    when that is read again from a dump: the cast of the array becomes one of each element.
    """
    without = re.sub(r" WITH \([a-z_]+='?[^()]*\)", "", definition)
    without = _CAST_ARRAY.sub(
        lambda match: f"ARRAY[{', '.join(f'({item})::text' for item in _ELEMENT.findall(match[1]))}]", without
    )
    return without.replace(" NOT VALID", "").replace(" NOT ENFORCED", "")


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
