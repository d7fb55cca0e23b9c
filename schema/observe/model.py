"""What an Observation is made of: one frozen record for each kind of object that stands in a schema.

Names are raw (never quoted); expressions and definitions are PostgreSQL's own text, deparsed under an
empty search_path, so every name in them that is not PostgreSQL's own carries its schema. No record
holds an OID, a value of a row, a password or a connection string. `extension` names the extension an
object belongs to; such objects are kept and flagged, never dropped.
"""

from dataclasses import dataclass
from typing import Literal

Names = tuple[str, ...]

RelationKind = Literal[
    "table", "partitioned table", "view", "materialized view", "foreign table", "composite type"
]
ConstraintKind = Literal["primary key", "unique", "check", "foreign key", "exclusion", "not null"]
FunctionKind = Literal["function", "procedure", "aggregate", "window"]
Persistence = Literal["permanent", "unlogged", "temporary"]
Fires = Literal["origin", "always", "replica", "disabled"]
"""When a trigger or a rule does."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A namespace; `public` and everything not PostgreSQL's own."""

    name: str
    owner: str
    extension: str | None


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, partitioned table, view, materialized view, foreign table or composite type."""

    schema: str
    name: str
    kind: RelationKind
    owner: str
    persistence: Persistence
    access_method: str | None
    tablespace: str | None
    row_security: bool
    row_security_forced: bool
    replica_identity: Literal["default", "nothing", "full", "index"] | None
    """None where it has no meaning."""
    options: Names
    """Storage parameters, such as fillfactor=90; sorted."""
    toast_options: Names
    parents: Names
    """Inheritance or partition parents, qualified and quoted, in order."""
    partition_key: str | None
    partition_bound: str | None
    of_type: str | None
    definition: str | None
    """A view's query."""
    foreign_server: str | None
    foreign_options: Names
    extension: str | None


@dataclass(frozen=True, slots=True)
class Column:
    """A live column of a relation, or an attribute of a composite type."""

    schema: str
    table: str
    position: int
    """Counted over the live columns from 1: gaps that dropped columns leave do not show."""
    name: str
    type: str
    """With its modifier: character varying(20)."""
    base_type: str | None
    """What a domain rests on in the end; None for any other type."""
    element_type: str | None
    """Of an array."""
    collation: str | None
    """None for the type's own."""
    not_null: bool
    default: str | None
    """A default or the expression of a generated column."""
    identity: Literal["always", "by default"] | None
    generated: Literal["stored", "virtual"] | None
    storage: Literal["plain", "external", "main", "extended"]
    compression: Literal["pglz", "lz4"] | None
    """None for the server's default."""
    statistics_target: int | None
    """None for the server's default."""
    options: Names
    foreign_options: Names
    inherited: bool
    has_missing_value: bool
    """A value of an ADD COLUMN ... DEFAULT still stands in the catalog."""


@dataclass(frozen=True, slots=True)
class DroppedColumn:
    """What ALTER TABLE DROP COLUMN leaves: the name is gone, bytes may stay in rows not yet rewritten."""

    schema: str
    table: str
    number: int
    """As pg_attribute counts."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint of a table or of a domain.

    PostgreSQL 18 records every NOT NULL as a constraint; those that say no more than the column does
    (validated, inherited, under the name PostgreSQL gives) are left to Column.not_null on every major.
    """

    schema: str
    table: str
    """Or the domain's name."""
    name: str
    kind: ConstraintKind
    of_domain: bool
    definition: str
    columns: Names
    referenced_schema: str | None
    referenced_table: str | None
    referenced_columns: Names
    validated: bool
    enforced: bool
    deferrable: bool
    initially_deferred: bool
    inherited: bool


@dataclass(frozen=True, slots=True)
class Index:
    """An index, whether it stands alone or serves a constraint."""

    schema: str
    name: str
    table: str
    definition: str
    method: str
    columns: tuple[str | None, ...]
    """None where an expression stands; included columns at the end."""
    key_columns: int
    expressions: str | None
    predicate: str | None
    constraint: str | None
    """The constraint it serves."""
    unique: bool
    valid: bool
    ready: bool
    live: bool
    clustered: bool
    replica_identity: bool
    options: Names
    statistics_targets: Names
    """`position=target`, where an expression has one of its own."""
    tablespace: str | None
    extension: str | None


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence, also one behind a serial or an identity column."""

    schema: str
    name: str
    owner: str
    persistence: Persistence
    type: str
    start: int
    minimum: int
    maximum: int
    increment: int
    cache: int
    cycle: bool
    owned_by: str | None
    """Table and column with their schema, quoted."""
    extension: str | None


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger; internal ones (foreign keys) only where somebody changed when they fire."""

    schema: str
    table: str
    name: str
    definition: str
    enabled: Fires
    function: str
    """Qualified, quoted, with its arguments' types."""
    arguments: Names
    constraint: bool
    internal: bool
    extension: str | None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rewrite rule other than the one that makes a view a view."""

    schema: str
    table: str
    name: str
    event: Literal["select", "insert", "update", "delete"]
    instead: bool
    enabled: Fires
    definition: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A row security policy."""

    schema: str
    table: str
    name: str
    command: Literal["all", "select", "insert", "update", "delete"]
    permissive: bool
    roles: Names
    using: str | None
    check: str | None


@dataclass(frozen=True, slots=True)
class Function:
    """A function, procedure, aggregate or window function."""

    schema: str
    name: str
    identity: str
    """The arguments that tell it from its namesakes."""
    arguments: str
    """The same with names and defaults."""
    result: str | None
    kind: FunctionKind
    language: str
    owner: str
    security_definer: bool
    leakproof: bool
    strict: bool
    volatility: Literal["immutable", "stable", "volatile"]
    parallel: Literal["safe", "restricted", "unsafe"]
    config: Names
    """`name=value`, sorted by name."""
    body: str
    """Source as written; empty for BEGIN ATOMIC."""
    sql_body: str | None
    """Of a BEGIN ATOMIC or RETURN function."""
    library: str | None
    aggregate: str | None
    """The functions an aggregate is made of."""
    cost: float
    rows: float
    support: str | None
    extension: str | None


@dataclass(frozen=True, slots=True)
class Type:
    """An enum, domain, range or base type; a composite type is a Relation."""

    schema: str
    name: str
    kind: Literal["enum", "domain", "range", "base", "pseudo"]
    owner: str
    labels: Names
    """Of an enum, in order."""
    base_type: str | None
    """What a domain or range is made over."""
    not_null: bool
    default: str | None
    collation: str | None
    extension: str | None


@dataclass(frozen=True, slots=True)
class Grant:
    """What one grantee may do with one object.

    The owner's own full rights, which every object starts with, are not listed; an owner that gave
    some up is, with what is left. Rights that PUBLIC has by default are listed.
    """

    kind: str
    """Table, column, sequence, function, type, schema, database, language, …"""
    schema: str | None
    object: str
    """A function with its arguments: name(integer)."""
    column: str | None
    grantee: str
    """A role, or PUBLIC."""
    grantor: str
    privileges: Names
    grantable: Names


@dataclass(frozen=True, slots=True)
class DefaultPrivilege:
    """What objects that a role creates later will grant; compared with nothing, it widens rights."""

    role: str
    schema: str | None
    kind: str
    grantee: str
    privileges: Names
    grantable: Names


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on anything; `object` as PostgreSQL identifies it, qualified and quoted."""

    kind: str
    schema: str | None
    object: str
    text: str


@dataclass(frozen=True, slots=True)
class SecurityLabel:
    """A security label on anything."""

    kind: str
    object: str
    provider: str
    label: str


@dataclass(frozen=True, slots=True)
class Statistics:
    """An extended statistics object."""

    schema: str
    name: str
    table: str
    owner: str
    definition: str
    target: int | None


@dataclass(frozen=True, slots=True)
class Other:
    """An object of a kind too rare for a record of its own: operator, cast, collation, language, …"""

    kind: str
    schema: str | None
    name: str
    """As PostgreSQL identifies it."""
    owner: str | None
    definition: str
    extension: str | None


@dataclass(frozen=True, slots=True)
class Dependency:
    """Something that reaches a relation or a function: a view, default, constraint, policy, body."""

    kind: str
    """Of what depends: rule (a view too), default value, trigger, function, …"""
    object: str
    """As PostgreSQL identifies it."""
    schema: str | None
    """Where the relation, type or function stands that it belongs to."""
    name: str | None
    referenced_kind: str
    """Relation or function."""
    referenced: str
    """Qualified, quoted."""
    referenced_schema: str
    referenced_name: str
    columns: Names
    """Of the relation that are used, sorted; empty for the relation as a whole."""
