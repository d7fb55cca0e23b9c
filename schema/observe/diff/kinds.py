"""The kinds of objects that are compared: how each is named, distinguished, compared and repaired."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from nosender.schema.observe.cluster_model import Extension, Role
from nosender.schema.observe.diff import repair_objects as objects
from nosender.schema.observe.diff import repair_rights as rights
from nosender.schema.observe.diff import repair_tables as tables
from nosender.schema.observe.diff.repair import (
    OnTable,
    Repair,
    change_comment,
    create_comment,
    drop_comment,
    full_name,
    function_word,
    joined,
    relation_word,
    signature,
    table_name,
    type_word,
)
from nosender.schema.observe.model import (
    Column,
    Comment,
    Constraint,
    DefaultPrivilege,
    Function,
    Grant,
    Index,
    Other,
    Policy,
    Relation,
    Rule,
    Sequence,
    Statistics,
    Trigger,
    Type,
)
from nosender.schema.observe.observation import Kind
from nosender.schema.observe.quoting import qualified, quoted

Record = TypeVar("Record")


def _unchangeable(_repair: Repair, _old: object, _new: object, _field: str) -> str:
    """What cannot be changed is dropped and created."""
    return ""


def _no_table(_: object) -> None:
    """Whatever belongs to no table."""


def _nothing(_repair: Repair, _old: object, _new: object, _field: str, _sql: str) -> str:
    """What holds no rows and gives no rights that anybody should have."""
    return ""


@dataclass(frozen=True)  # with slots too, Python 3.11 cannot make one of a generic class
class ObjectKind(Generic[Record]):
    """How the records of one list of an Observation are compared and repaired."""

    kind: Kind
    """The list."""
    label: Callable[[Record], str]
    """What a reader calls the object."""
    name: Callable[[Record], str]
    """The object as SQL would write it."""
    key: Callable[[Record], object]
    """What distinguishes it from its namesakes."""
    create: Callable[[Repair, Record], str]
    drop: Callable[[Repair, Record], str]
    change: Callable[[Repair, Record, Record, str], str] = _unchangeable
    """For one field, from the second record to the first; empty where the object has to be made anew."""
    table: Callable[[Record], str | None] = _no_table
    """The relation it belongs to, whose absence says it all."""
    loss: Callable[[Repair, Record | None, Record | None, str, str], str] = _nothing
    """What the statements of a difference would destroy, empty where that is nothing."""
    altered: Callable[[Record], str] | None = None
    """What ALTER ... OWNER TO calls it, where it has an owner."""
    low: frozenset[str] = frozenset()
    """Fields whose difference is of low severity."""
    warning: frozenset[str] = frozenset()
    ignored: frozenset[str] = field(default_factory=frozenset)
    """Fields that others say, or that mean nothing here."""

    def whole(self, repair: Repair, old: Record | None, new: Record | None) -> str:
        """The statements for an object that is missing (`new` is None) or too much (`old` is None)."""
        if old is not None:
            return self.create(repair, old)
        return self.drop(repair, new) if new is not None and self.offered(repair, new) else ""

    def offered(self, repair: Repair, new: Record) -> bool:
        """Whether what is too much may be dropped: on a table of ours, or a right; else it is somebody's."""
        if self.kind in ("grants", "default_privileges", "comments", "roles"):
            return True
        owner = (getattr(new, "owned_by", None) or "").rpartition(".")[0]
        ours = {full_name(relation) for relation in repair.wanted.relations}
        return owner in ours or qualified(repair.wanted.schema, getattr(new, "table", "")) in ours

    def field(self, repair: Repair, old: Any, new: Record, name: str) -> str:
        """The statements for one field of an object that both have."""
        if name == "owner" and self.altered is not None:
            return f"alter {self.altered(old)} owner to {repair.role(old.owner)};"
        changed = self.change(repair, old, new, name)
        return changed or joined((self.drop(repair, new), self.create(repair, old)))


def _called(word: str) -> Callable[[object], str]:
    return lambda _: word


def _on_table(record: OnTable) -> str:
    return f"{quoted(record.name)} on {table_name(record)}"


def _by_table(record: OnTable) -> tuple[str, str]:
    return record.table, record.name


def _granted(grant: Grant) -> str:
    name = grant.object if "(" in grant.object else quoted(grant.object)
    whole = f"{quoted(grant.schema)}.{name}" if grant.schema else name
    column = f" ({quoted(grant.column)})" if grant.column else ""
    return f"{grant.kind} {whole}{column} to {grant.grantee}"


KINDS: tuple[ObjectKind[Any], ...] = (
    ObjectKind[Extension](
        "extensions", _called("extension"), lambda e: quoted(e.name), lambda e: e.name,
        objects.create_extension, objects.drop_extension,
        ignored=frozenset({"version", "schema", "owner"}),
    ),
    ObjectKind[Role](
        "roles", _called("role"), lambda r: quoted(r.name), lambda r: r.name,
        rights.create_role, rights.drop_role, rights.change_role,
    ),
    ObjectKind[DefaultPrivilege](
        "default_privileges", _called("default privilege"), lambda p: f"on {p.kind}s to {p.grantee}",
        lambda p: (p.role, p.schema, p.kind, p.grantee),
        rights.create_default_privilege, rights.drop_default_privilege,
    ),
    ObjectKind[Type](
        "types", lambda t: t.kind, full_name, lambda t: t.name, objects.create_type, objects.drop_type,
        altered=lambda t: f"{type_word(t)} {full_name(t)}", low=frozenset({"owner"}),
    ),
    ObjectKind[Function](
        "functions", lambda f: f.kind, signature, lambda f: (f.name, f.identity),
        objects.create_function, objects.drop_function, objects.change_function,
        altered=lambda f: f"{function_word(f)} {signature(f)}",
        low=frozenset({"owner", "cost", "rows", "support", "parallel"}),
    ),
    ObjectKind[Relation](
        "relations", lambda r: r.kind, full_name, lambda r: r.name,
        tables.create_relation, tables.drop_relation, tables.change_relation,
        altered=lambda r: f"{relation_word(r)} {full_name(r)}",
        low=frozenset({"owner", "options", "toast_options", "tablespace", "access_method"}),
    ),
    ObjectKind[Column](
        "columns", _called("column"), lambda c: qualified(c.schema, c.table, c.name), _by_table,
        tables.create_column, tables.drop_column, tables.change_column, lambda c: c.table,
        tables.lost_with_column,
        low=frozenset({"storage", "compression", "options"}), warning=frozenset({"position"}),
        ignored=frozenset({"has_missing_value", "base_type", "element_type"}),
    ),
    ObjectKind[Sequence](
        "sequences", _called("sequence"), full_name, lambda s: s.name,
        tables.create_sequence, tables.drop_sequence, tables.change_sequence, loss=tables.lost_with_sequence,
        altered=lambda s: f"sequence {full_name(s)}", low=frozenset({"owner", "cache"}),
    ),
    ObjectKind[Constraint](
        "constraints", _called("constraint"), _on_table, _by_table,
        tables.create_constraint, tables.drop_constraint, tables.change_constraint, lambda c: c.table,
        # the definition says the rest
        ignored=frozenset(
            {"columns", "referenced_schema", "referenced_table", "referenced_columns", "deferrable",
             "initially_deferred", "kind", "inherited"}
        ),
    ),
    ObjectKind[Index](
        "indexes", _called("index"), full_name, lambda i: i.name,
        tables.create_index, tables.drop_index, tables.change_index, lambda i: i.table,
        # pg_dump carries no statistics target of a constraint's index, so a restored database has lost it
        low=frozenset({"options", "tablespace", "clustered", "statistics_targets"}),
        ignored=frozenset({"method", "columns", "key_columns", "expressions", "predicate", "unique"}),
    ),
    ObjectKind[Statistics](
        "statistics", _called("statistics"), full_name, lambda s: s.name,
        objects.create_statistics, objects.drop_statistics,
        altered=lambda s: f"statistics {full_name(s)}", low=frozenset({"owner"}),
    ),
    ObjectKind[Trigger](
        "triggers", _called("trigger"), _on_table, _by_table,
        tables.create_trigger, tables.drop_trigger, tables.change_trigger, lambda t: t.table,
        ignored=frozenset({"function", "arguments", "constraint"}),
    ),
    ObjectKind[Rule](
        "rules", _called("rule"), _on_table, _by_table, tables.create_rule, tables.drop_rule,
        table=lambda r: r.table,
    ),
    ObjectKind[Policy](
        "policies", _called("policy"), _on_table, _by_table, rights.create_policy, rights.drop_policy,
        table=lambda p: p.table,
    ),
    ObjectKind[Other](
        "others", lambda o: o.kind, lambda o: o.name, lambda o: (o.kind, o.name),
        objects.create_other, objects.drop_other, low=frozenset({"owner"}),
    ),
    ObjectKind[Grant](
        "grants", _called("grant"), _granted, lambda g: (g.kind, g.object, g.column, g.grantee),
        rights.create_grant, rights.drop_grant, rights.change_grant,
        lambda g: g.object if g.kind in ("table", "column") else None, ignored=frozenset({"grantor"}),
    ),
    ObjectKind[Comment](
        "comments", _called("comment"), lambda c: f"on {c.kind} {c.object}", lambda c: (c.kind, c.object),
        create_comment, drop_comment, change_comment, low=frozenset({"text"}),
    ),
)  # fmt: skip
"""In the order in which differences are told and repaired: what others stand on first."""
