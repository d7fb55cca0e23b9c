"""Repairs of relations and what belongs to them: columns, sequences, keys, indexes, triggers, rules."""

from collections.abc import Iterable
from dataclasses import replace

from nosender.schema.observe.diff.repair import (
    Repair,
    comments_on,
    full_name,
    joined,
    relation_word,
    table_name,
)
from nosender.schema.observe.diff.repair_rights import create_grant, create_policy
from nosender.schema.observe.model import Column, Constraint, Index, Relation, Rule, Sequence, Trigger
from nosender.schema.observe.quoting import qualified, quoted

_FIRES = {"origin": "enable", "always": "enable always", "replica": "enable replica", "disabled": "disable"}


def create_relation(repair: Repair, relation: Relation) -> str:
    """With all that belongs to it: columns, keys, indexes, triggers, rights, comments."""
    own, name = relation.name, full_name(relation)
    if relation.kind in ("view", "materialized view"):
        return f"create {relation.kind} {name} as {relation.definition}"
    columns = [column for column in repair.wanted.columns if column.table == own]
    order = ("primary key", "unique", "exclusion", "check", "foreign key")
    constraints = [c for c in repair.wanted.constraints if c.table == own and not c.of_domain]
    constraints.sort(key=lambda c: (order.index(c.kind), c.name))
    statements = [
        f"create table {name} ({', '.join(map(_column, columns))});",
        f"alter table {name} set ({', '.join(relation.options)});" if relation.options else "",
        _statistics_targets(columns),
        *(create_constraint(repair, each) for each in constraints),
        *(create_index(repair, i) for i in repair.wanted.indexes if i.table == own and not i.constraint),
        *(create_trigger(repair, t) for t in repair.wanted.triggers if t.table == own and not t.constraint),
        *(create_rule(repair, rule) for rule in repair.wanted.rules if rule.table == own),
        *(create_policy(repair, policy) for policy in repair.wanted.policies if policy.table == own),
        *(
            create_grant(repair, grant)
            for grant in repair.wanted.grants
            if grant.object == own and grant.kind in ("table", "column")
        ),
        comments_on(repair, name, f"{name}."),
    ]
    return _with_sequences(repair, columns, joined(statements))


def drop_relation(_: Repair, relation: Relation) -> str:
    """The relation, as long as nothing leans on it."""
    return f"drop {relation_word(relation)} {full_name(relation)};"


def change_relation(_: Repair, old: Relation, new: Relation, field: str) -> str:
    """One field; what would lose its rows is left to a person."""
    head = f"alter {relation_word(old)} {full_name(old)}"
    if field == "row_security":
        return f"{head} {'enable' if old.row_security else 'disable'} row level security;"
    if field == "row_security_forced":
        return f"{head} {'force' if old.row_security_forced else 'no force'} row level security;"
    if field == "persistence":
        return f"{head} set {'logged' if old.persistence == 'permanent' else 'unlogged'};"
    if field == "replica_identity":
        return f"{head} replica identity {old.replica_identity};"
    if field == "options":
        gone = [option.partition("=")[0] for option in new.options if option not in old.options]
        return joined(
            (
                f"{head} reset ({', '.join(gone)});" if gone else "",
                f"{head} set ({', '.join(old.options)});" if old.options else "",
            )
        )
    if field == "definition" and old.kind == "view":
        return f"create or replace view {full_name(old)} as {old.definition}"
    return f"-- {field} of {full_name(old)} must be changed by hand"


def create_column(repair: Repair, column: Column) -> str:
    """With its sequence, statistics target and comment."""
    added = f"alter table {table_name(column)} add column {_column(column)};"
    place = qualified(column.schema, column.table, column.name)
    rest = f"{_statistics_targets([column])} {comments_on(repair, place)}"
    return _with_sequences(repair, [column], f"{added} {rest}".rstrip())


def drop_column(_: Repair, column: Column) -> str:
    """The column and its values."""
    return f"alter table {table_name(column)} drop column {quoted(column.name)};"


def change_column(_: Repair, old: Column, new: Column, field: str) -> str:
    """One field; empty where a column can only be made anew."""
    head = f"alter table {table_name(old)} alter column {quoted(old.name)}"
    if field in ("type", "collation"):
        collation = f" collate {old.collation}" if old.collation else ""
        return f"{head} type {old.type}{collation};"
    if field == "not_null":
        return f"{head} {'set' if old.not_null else 'drop'} not null;"
    if field == "default" and not old.generated:
        return f"{head} set default {old.default};" if old.default else f"{head} drop default;"
    if field == "statistics_target":
        target = -1 if old.statistics_target is None else old.statistics_target
        return f"{head} set statistics {target};"
    if field == "storage":
        return f"{head} set storage {old.storage};"
    if field == "compression":
        return f"{head} set compression {old.compression or 'default'};"
    if field == "position":
        return "-- the order of columns is fixed at creation and means nothing to the functions"
    if field == "identity":
        if old.identity is None:
            return f"{head} drop identity;"
        verb = "set generated" if new.identity else "add generated"
        return f"{head} {verb} {old.identity}{'' if new.identity else ' as identity'};"
    return ""


def _statistics_targets(columns: Iterable[Column]) -> str:
    return joined(
        f"alter table {table_name(column)} alter column {quoted(column.name)}"
        f" set statistics {column.statistics_target};"
        for column in columns
        if column.statistics_target is not None
    )


def _column(column: Column) -> str:
    text = f"{quoted(column.name)} {column.type}"
    if column.collation:
        text += f" collate {column.collation}"
    if column.generated:
        text += f" generated always as ({column.default}) {column.generated}"
    elif column.identity:
        text += f" generated {column.identity} as identity"
    elif column.default:
        text += f" default {column.default}"
    return text + (" not null" if column.not_null else "")


def create_sequence(_: Repair, sequence: Sequence) -> str:
    """The sequence, without what owns it."""
    return (
        f"create sequence {full_name(sequence)} as {sequence.type}"
        f" start {sequence.start} increment {sequence.increment} minvalue {sequence.minimum}"
        f" maxvalue {sequence.maximum} cache {sequence.cache} {'' if sequence.cycle else 'no '}cycle;"
    )


def drop_sequence(_: Repair, sequence: Sequence) -> str:
    """The sequence alone."""
    return f"drop sequence {full_name(sequence)};"


def change_sequence(_: Repair, old: Sequence, _new: Sequence, field: str) -> str:
    """One field; the value it stands at stays."""
    head = f"alter sequence {full_name(old)}"
    words = {
        "type": "as", "start": "start", "minimum": "minvalue", "maximum": "maxvalue",
        "increment": "increment", "cache": "cache",
    }  # fmt: skip
    if field in words:
        return f"{head} {words[field]} {getattr(old, field)};"
    if field == "cycle":
        return f"{head} {'' if old.cycle else 'no '}cycle;"
    return f"{head} owned by {old.owned_by or 'none'};"


def _with_sequences(repair: Repair, columns: Iterable[Column], text: str) -> str:
    """The statements between what makes the columns' sequences and what ties them to the columns."""
    names = {qualified(column.schema, column.table, column.name) for column in columns}
    own = [s for s in repair.wanted.sequences if s.owned_by in names and s not in repair.found.sequences]
    own = [s for s in own if "nextval" in text]  # an identity column makes its own
    ties = [f"alter sequence {full_name(s)} owned by {s.owned_by};" for s in own]
    return " ".join([*(create_sequence(repair, each) for each in own), text, *ties])


def create_constraint(_: Repair, constraint: Constraint) -> str:
    """By its definition."""
    return f"{_holder(constraint)} add constraint {quoted(constraint.name)} {constraint.definition};"


def _holder(constraint: Constraint) -> str:
    return f"alter {'domain' if constraint.of_domain else 'table'} {table_name(constraint)}"


def drop_constraint(_: Repair, constraint: Constraint) -> str:
    """The constraint and its index."""
    return f"{_holder(constraint)} drop constraint {quoted(constraint.name)};"


def change_constraint(_: Repair, old: Constraint, new: Constraint, field: str) -> str:
    """Validation; anything else makes it anew."""
    if field == "validated" and old.validated and new.enforced:
        return f"alter table {table_name(old)} validate constraint {quoted(old.name)};"
    return ""


def create_index(repair: Repair, index: Index) -> str:
    """By its definition, with the statistics targets of its expressions."""
    targets = change_index(repair, index, replace(index, statistics_targets=()), "statistics_targets")
    return f"{index.definition.rstrip(';')}; {targets}".rstrip()


def drop_index(_: Repair, index: Index) -> str:
    """The index, or the constraint that it serves."""
    if index.constraint:
        return f"alter table {table_name(index)} drop constraint {quoted(index.constraint)};"
    return f"drop index {full_name(index)};"


def change_index(_: Repair, old: Index, new: Index, field: str) -> str:
    """One field; empty where an index can only be made anew."""
    name = full_name(old)
    if field in ("valid", "ready", "live"):
        return f"reindex index concurrently {name};"
    if field == "statistics_targets":
        wanted = dict(target.split("=") for target in old.statistics_targets)
        gone = {target.partition("=")[0] for target in new.statistics_targets} - set(wanted)
        return " ".join(
            f"alter index {name} alter column {column} set statistics {target};"
            for column, target in sorted([*wanted.items(), *((column, "-1") for column in gone)])
        )
    if field == "options":
        return f"alter index {name} set ({', '.join(old.options) or 'fillfactor=90'});"
    return ""


def create_trigger(repair: Repair, trigger: Trigger) -> str:
    """By its definition, and when it fires."""
    fires = "" if trigger.enabled == "origin" else change_trigger(repair, trigger, trigger, "enabled")
    return f"{trigger.definition}; {fires}".rstrip()


def drop_trigger(_: Repair, trigger: Trigger) -> str:
    """The trigger; one of PostgreSQL's own is made to fire again."""
    if trigger.internal:
        return f"alter table {table_name(trigger)} enable trigger all;"
    return f"drop trigger {quoted(trigger.name)} on {table_name(trigger)};"


def change_trigger(_: Repair, old: Trigger, _new: Trigger, field: str) -> str:
    """When it fires; anything else makes it anew."""
    if field == "enabled":
        return f"alter table {table_name(old)} {_FIRES[old.enabled]} trigger {quoted(old.name)};"
    return ""


def create_rule(_: Repair, rule: Rule) -> str:
    """By its definition."""
    return f"{rule.definition.rstrip(';')};"


def drop_rule(_: Repair, rule: Rule) -> str:
    """The rule alone."""
    return f"drop rule {quoted(rule.name)} on {table_name(rule)};"
