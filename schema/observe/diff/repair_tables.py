"""Repairs of relations and what belongs to them: columns, sequences, keys, indexes, triggers, rules."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from nosender.schema.observe.diff.repair import (
    Repair,
    aside,
    comments_on,
    full_name,
    joined,
    not_null_name,
    relation_word,
    table_name,
)
from nosender.schema.observe.diff.repair_rights import create_grant, create_policy
from nosender.schema.observe.model import Column, Constraint, Index, Relation, Rule, Sequence, Trigger
from nosender.schema.observe.quoting import literal, qualified, quoted

_FIRES = {"origin": "enable", "always": "enable always", "replica": "enable replica", "disabled": "disable"}


def create_relation(repair: Repair, relation: Relation) -> str:
    """With all that belongs to it: columns, keys, indexes, triggers, rights, comments."""
    in_the_way = [r for r in repair.found.relations if r.name == relation.name]
    if in_the_way:
        rest = create_relation(replace(repair, found=replace(repair.found, relations=())), relation)
        away = f"alter {relation_word(in_the_way[0])} {full_name(relation)} rename to"
        return f"{away} {quoted(aside(relation.name))}; {rest}"
    own, name = relation.name, full_name(relation)
    if relation.kind in ("view", "materialized view"):
        return f"create {relation.kind} {name} as {relation.definition}"
    columns = [column for column in repair.wanted.columns if column.table == own]
    order = ("primary key", "unique", "exclusion", "check", "foreign key")
    constraints = [c for c in repair.wanted.constraints if c.table == own and not c.of_domain]
    constraints.sort(key=lambda c: (order.index(c.kind), c.name))
    statements = [
        f"create table {name} ({', '.join(map(_column, columns))});",
        repair.owned(f"table {name}"),
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


def drop_relation(_: Repair, _relation: Relation) -> str:
    """Nothing: it is somebody else's."""
    return ""


def change_relation(repair: Repair, old: Relation, new: Relation, field: str) -> str:
    """One field; something else of the name is set aside."""
    if old.kind != new.kind:
        return (
            create_relation(repair, old) if field == "kind" else f"-- goes with the kind of {full_name(old)}"
        )
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
        return _options(head, old.options, new.options)
    if field == "toast_options":
        toast = [
            [f"toast.{option}" for option in options] for options in (old.toast_options, new.toast_options)
        ]
        return _options(head, *toast)
    if field == "tablespace":
        return f"{head} set tablespace {quoted(old.tablespace or 'pg_default')};"
    if field == "access_method" and old.access_method:
        return f"{head} set access method {quoted(old.access_method)};"
    if field == "of_type" and old.of_type is None:
        return f"{head} not of;"
    if field == "partition_bound" and old.partition_bound is None:
        return "-- goes with its parent"
    if field == "parents" and new.partition_bound is not None:
        return " ".join(f"alter table {parent} detach partition {full_name(old)};" for parent in new.parents)
    if field == "parents":
        return joined(
            (
                *(f"{head} no inherit {parent};" for parent in new.parents if parent not in old.parents),
                *(f"{head} inherit {parent};" for parent in old.parents if parent not in new.parents),
            )
        )
    if field == "definition" and old.kind == "view":
        return f"create or replace view {full_name(old)} as {old.definition}"
    return ""


def _options(head: str, old: Collection[str], new: Collection[str]) -> str:
    """Storage parameters: what is set too much goes back to the server's default."""
    gone = [option.partition("=")[0] for option in new if option not in old]
    return joined(
        (
            f"{head} reset ({', '.join(gone)});" if gone else "",
            f"{head} set ({', '.join(old)});" if old else "",
        )
    )


def create_column(repair: Repair, column: Column) -> str:
    """With its sequence, statistics target and comment."""
    added = f"alter table {table_name(column)} add column if not exists {_column(column)};"
    place = qualified(column.schema, column.table, column.name)
    rest = f"{_statistics_targets([column])} {comments_on(repair, place)}"
    return _with_sequences(repair, [column], f"{added} {rest}".rstrip())


def drop_column(_: Repair, column: Column) -> str:
    """The column and its values."""
    return f"alter table {table_name(column)} drop column {quoted(column.name)};"


def lost_with_column(repair: Repair, old: Column | None, new: Column | None, field: str, made: str) -> str:
    """What the repair of a column would take from its rows, or what stands in its way."""
    place = qualified(new.schema, new.table, new.name) if new else ""
    if old is None or "drop column" in made:
        return f"every value of {place}"
    if new is not None and field == "type" and not _akin(old, new) and not _moments(old, new):
        return f"of {place} what {old.type} cannot hold"
    if new is not None and field in ("type", "collation") and (readers := _readers(repair, new)):
        return f"nothing, once what reads the column is dropped, to be made again after: {', '.join(readers)}"
    return ""


def _readers(repair: Repair, column: Column) -> list[str]:
    """The views over the column, while which its type cannot change."""
    views = {each.name: each for each in repair.found.relations if each.kind in _VIEWS}
    return sorted(
        f"{views[each.name].kind} {full_name(views[each.name])}"
        for each in repair.found.dependencies
        if each.name in views
        and (each.referenced_schema, each.referenced_name) == (column.schema, column.table)
        and column.name in each.columns
    )


_VIEWS = ("view", "materialized view")


# Within these a value that does not fit fails instead of being cut.
_KIN = ({"text", "character varying"}, {"smallint", "integer", "bigint"})


def _akin(old: Column, new: Column) -> bool:
    return any({_family(old), _family(new)} <= kin for kin in _KIN)


def _moments(old: Column, new: Column) -> bool:
    """Whether one is a moment with and the other one without a time zone."""
    return {_family(old), _family(new)} == {"timestamp with time zone", "timestamp without time zone"}


def _family(column: Column) -> str:
    """The type without its length or precision, which stands within: `timestamp(3) with time zone`."""
    head, _, rest = column.type.partition("(")
    return head + rest.partition(")")[2]


def _retype(repair: Repair, old: Column, new: Column) -> str:
    """The type and all that a change of it takes away or is stopped by."""
    table, name = table_name(old), quoted(old.name)
    head = f"alter table {table} alter column {name}"
    value = f"{name} at time zone 'utc'" if _moments(old, new) else f"{name}::text::{old.type}"
    used = "" if _akin(old, new) else f" using {value}"
    callers = [t for t in repair.found.triggers if t.table == old.table and _names_columns(t)]
    ours = [t for t in repair.wanted.triggers if t.table == old.table and _names_columns(t)]
    found = {index.name for index in repair.found.indexes}
    there = [index for index in repair.wanted.indexes if index.name in found]
    return joined(
        (
            *(f"drop trigger if exists {quoted(t.name)} on {table};" for t in callers),
            f"{head} drop default;" if new.default and not new.generated else "",
            f"{head} type {old.type}{f' collate {old.collation}' if old.collation else ''}{used};",
            f"{head} set default {old.default};" if old.default and not old.generated else "",
            f"{head} set storage {old.storage};",
            f"{head} set compression {old.compression};" if old.compression else "",
            *(create_trigger(repair, trigger) for trigger in ours),
            *(_index_extras(index) for index in there if index.table == old.table),
        )
    )


def _names_columns(trigger: Trigger) -> bool:
    return not trigger.internal and (" OF " in trigger.definition or " WHEN (" in trigger.definition)


def change_column(repair: Repair, old: Column, new: Column, field: str) -> str:
    """One field; empty where a column can only be made anew."""
    head = f"alter table {table_name(old)} alter column {quoted(old.name)}"
    if field in ("type", "collation"):
        return _retype(repair, old, new)
    if field == "not_null":
        return f"{head} {'set' if old.not_null else 'drop'} not null;"
    if field == "default" and not old.generated and new.generated != "virtual":
        first = f"{head} drop expression if exists;" if new.generated else ""
        first = f"{head} drop identity if exists;" if new.identity else first
        changed = f"{head} set default {old.default};" if old.default else f"{head} drop default;"
        return _with_sequences(repair, [old], joined((first, changed)))
    if field == "generated" and old.generated is None and new.generated == "stored":
        default = f"{head} set default {old.default};" if old.default else ""
        return joined((f"{head} drop expression if exists;", default))
    if field == "options":
        return _options(head, old.options, new.options)
    if field == "inherited":
        return "-- goes with the parents of its table"
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
            return f"{head} drop identity if exists;"
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


def create_sequence(repair: Repair, sequence: Sequence) -> str:
    """The sequence, tied to its column where that stands."""
    stands = sequence.owned_by in _named(repair.found.columns)
    return joined((_sequence(repair, sequence), _tie(repair, sequence) if stands else ""))


def _named(columns: Iterable[Column]) -> dict[str, Column]:
    return {qualified(column.schema, column.table, column.name): column for column in columns}


def _sequence(repair: Repair, sequence: Sequence) -> str:
    name = full_name(sequence)
    made = (
        f"create sequence if not exists {name} as {sequence.type} start {sequence.start} {_counts(sequence)};"
    )
    return joined((made, repair.owned(f"sequence {name}")))


def _counts(sequence: Sequence) -> str:
    return (
        f"increment {sequence.increment} minvalue {sequence.minimum}"
        f" maxvalue {sequence.maximum} cache {sequence.cache} {'' if sequence.cycle else 'no '}cycle"
    )


def _tie(repair: Repair, sequence: Sequence) -> str:
    """Ties a sequence to its column, and sets it beyond what stands there where the column draws from it."""
    if sequence.owned_by is None:
        return ""
    tied = f"alter sequence {full_name(sequence)} owned by {sequence.owned_by};"
    if "nextval" not in (_named(repair.wanted.columns)[sequence.owned_by].default or ""):
        return tied
    table, _, column = sequence.owned_by.rpartition(".")
    name = full_name(sequence)
    highest = f"greatest(max({column}), (select last_value from {name}))"  # noqa: S608 (quoted)
    beyond = f"select pg_catalog.setval({literal(name)}, {highest}) from {table};"  # noqa: S608 (quoted)
    return f"{tied} {beyond}"


def drop_sequence(_: Repair, sequence: Sequence) -> str:
    """The sequence alone."""
    return f"drop sequence if exists {full_name(sequence)};"


def lost_with_sequence(_: Repair, old: Sequence | None, new: Sequence | None, _field: str, _made: str) -> str:
    """Where a sequence too much stands."""
    return f"the value at which {full_name(new)} stands" if old is None and new else ""


def change_sequence(_: Repair, old: Sequence, _new: Sequence, field: str) -> str:
    """One field; the value it stands at stays."""
    head = f"alter sequence {full_name(old)}"
    if field == "persistence":
        return f"{head} set {'logged' if old.persistence == 'permanent' else 'unlogged'};"
    if field != "owned_by":  # one changes what another may be
        return f"{head} as {old.type} start {old.start} {_counts(old)};"
    return f"{head} owned by {old.owned_by or 'none'};"


def _with_sequences(repair: Repair, columns: Iterable[Column], text: str) -> str:
    """The statements between what makes the columns' sequences and what ties them to the columns."""
    # an identity column makes its own
    names = {name for name, column in _named(columns).items() if not column.identity}
    own = [s for s in repair.wanted.sequences if s.owned_by in names]
    identities = {name for name, column in _named(repair.found.columns).items() if column.identity}
    # the sequence of an identity goes with it, whatever its name
    stays = {s.name for s in repair.found.sequences if s.owned_by not in identities}
    own = [s for s in own if s.name not in stays]
    if not own:
        return text
    first, _, rest = text.partition("drop identity if exists;") if "drop identity" in text else ("", "", text)
    first = f"{first}drop identity if exists;" if first else ""
    made, tied = [_sequence(repair, s) for s in own], [_tie(repair, s) for s in own]
    return joined((first, *made, rest.strip(), *tied))


def create_constraint(repair: Repair, constraint: Constraint) -> str:
    """By its definition, in the place of whatever has its name; foreign keys that need a key come again."""
    holder, name = _holder(constraint), quoted(constraint.name)
    indexes = [
        i for i in repair.wanted.indexes if i.constraint == constraint.name and i.table == constraint.table
    ]
    in_the_way = {i.name for i in repair.found.indexes if not i.constraint} & {i.name for i in indexes}
    leaning = _leaning(repair, constraint)
    wanted = {(c.table, c.name): c for c in repair.wanted.constraints}
    return joined(
        (
            *(f"{_holder(each)} drop constraint if exists {quoted(each.name)};" for each in leaning),
            f"{holder} drop constraint if exists {name};",
            *(f"drop index {qualified(constraint.schema, index)};" for index in sorted(in_the_way)),
            f"{holder} add constraint {name} {constraint.definition};",
            *map(_index_extras, indexes),
            *(
                f"{_holder(each)} add constraint {quoted(each.name)} {each.definition};"
                for each in (wanted.get((c.table, c.name), c) for c in leaning)
            ),
        )
    )


def _leaning(repair: Repair, constraint: Constraint) -> list[Constraint]:
    """The foreign keys, as found, that rest on this key."""
    if constraint.kind not in ("primary key", "unique"):
        return []
    return [
        each
        for each in repair.found.constraints
        if each.kind == "foreign key"
        and each.referenced_table == constraint.table
        and set(each.referenced_columns) == set(constraint.columns)
    ]


def _holder(constraint: Constraint) -> str:
    return f"alter {'domain' if constraint.of_domain else 'table'} {table_name(constraint)}"


def drop_constraint(repair: Repair, constraint: Constraint) -> str:
    """The constraint and its index; of a NOT NULL that the column should have, the name alone."""
    columns = {c.name for c in repair.wanted.columns if c.table == constraint.table and c.not_null}
    if constraint.kind == "not null" and columns.issuperset(constraint.columns):
        names = f"{quoted(constraint.name)} to {quoted(not_null_name(constraint))}"
        return f"{_holder(constraint)} rename constraint {names};"
    return f"{_holder(constraint)} drop constraint if exists {quoted(constraint.name)};"


def change_constraint(repair: Repair, old: Constraint, new: Constraint, field: str) -> str:
    """Validation; anything else makes it anew."""
    if field == "validated" and old.validated and new.enforced:
        return f"alter table {table_name(old)} validate constraint {quoted(old.name)};"
    return create_constraint(repair, old)


def create_index(repair: Repair, index: Index) -> str:
    """By its definition, with the statistics targets of its expressions; one of a constraint with that."""
    for constraint in repair.wanted.constraints:
        if (constraint.table, constraint.name) == (index.table, index.constraint):
            return create_constraint(repair, constraint)
    return joined((f"{index.definition.rstrip(';')};", _index_extras(index)))


def _index_extras(index: Index) -> str:
    """What an index has beside its definition."""
    return " ".join(
        f"alter index {full_name(index)} alter column {column} set statistics {target};"
        for column, _, target in (each.partition("=") for each in index.statistics_targets)
    )


def drop_index(_: Repair, index: Index) -> str:
    """The index, or the constraint that it serves."""
    if index.constraint:
        return f"alter table {table_name(index)} drop constraint if exists {quoted(index.constraint)};"
    return f"drop index if exists {full_name(index)};"


def change_index(_: Repair, old: Index, new: Index, field: str) -> str:
    """One field; empty where an index can only be made anew."""
    name = full_name(old)
    if field in ("valid", "ready", "live"):
        return f"reindex index {name};"
    if field == "statistics_targets":
        wanted = dict(target.split("=") for target in old.statistics_targets)
        gone = {target.partition("=")[0] for target in new.statistics_targets} - set(wanted)
        return " ".join(
            f"alter index {name} alter column {column} set statistics {target};"
            for column, target in sorted([*wanted.items(), *((column, "-1") for column in gone)])
        )
    if field == "options":
        return _options(f"alter index {name}", old.options, new.options)
    if field == "tablespace":
        return f"alter index {name} set tablespace {quoted(old.tablespace or 'pg_default')};"
    if field == "clustered":
        table = table_name(old)
        return (
            f"alter table {table} cluster on {quoted(old.name)};"
            if old.clustered
            else (f"alter table {table} set without cluster;")
        )
    if field == "replica_identity":
        using = f"using index {quoted(old.name)}" if old.replica_identity else "default"
        return f"alter table {table_name(old)} replica identity {using};"
    return ""


def create_trigger(repair: Repair, trigger: Trigger) -> str:
    """By its definition, and when it fires."""
    fires = "" if trigger.enabled == "origin" else change_trigger(repair, trigger, trigger, "enabled")
    gone = f"drop trigger if exists {quoted(trigger.name)} on {table_name(trigger)};"
    return joined((gone, f"{trigger.definition};", fires))


def drop_trigger(repair: Repair, trigger: Trigger) -> str:
    """The trigger; one of PostgreSQL's own is made to fire again, and others as they should."""
    if trigger.internal:
        others = [t for t in repair.wanted.triggers if t.table == trigger.table and t.enabled != "origin"]
        again = (change_trigger(repair, each, each, "enabled") for each in others)
        return joined((f"alter table {table_name(trigger)} enable trigger all;", *again))
    return f"drop trigger if exists {quoted(trigger.name)} on {table_name(trigger)};"


def change_trigger(_: Repair, old: Trigger, _new: Trigger, field: str) -> str:
    """When it fires; anything else makes it anew."""
    if field == "enabled":
        return f"alter table {table_name(old)} {_FIRES[old.enabled]} trigger {quoted(old.name)};"
    return ""


def create_rule(_: Repair, rule: Rule) -> str:
    """By its definition."""
    made = rule.definition.replace("CREATE RULE", "create or replace rule", 1).rstrip(";")
    fires = f"alter table {table_name(rule)} {_FIRES[rule.enabled]} rule {quoted(rule.name)};"
    return f"{made}; {fires if rule.enabled != 'origin' else ''}".rstrip()


def drop_rule(_: Repair, rule: Rule) -> str:
    """The rule alone."""
    return f"drop rule if exists {quoted(rule.name)} on {table_name(rule)};"
