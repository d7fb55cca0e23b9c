"""What our schema must look like: the Observation of the canonical DDL, committed and checked fresh.

`make generate` makes it on an empty server. It is the same on every
major, and says nothing of the cluster it was made on.
"""

import operator
import re
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import fields, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any, cast

from nosender.schema.ddl import name_of
from nosender.schema.observe.cluster_model import Database, Extension
from nosender.schema.observe.observation import Observation, SchemaKind
from nosender.schema.observe.quoting import quoted
from nosender.schema.observe.read.records import ordered

# Stands for the schema wherever its name can stand; a name that nobody else uses and that needs no quotes.
PLACEHOLDER = "nosender_schema_placeholder"
# Stands for the role that owns the tables, whoever migrates them.
OWNER = "(owner)"
CLERK = "nosender_clerk"
"""Of our roles the one that a cluster may do without: then nobody answers who asks what is held."""
OUR_ROLES = ("nosender_app", "nosender_auditor", "nosender_clerk", "nosender_sweeper")
# What else is installed in the database is the audit's business: a platform has its own.
OUR_EXTENSIONS = ("btree_gist",)

_NOBODY = Database("", OWNER, "", "", "", 0, "", ())
# Kinds that live in a schema and are compared, apart from grants and comments, which need a closer look.
_IN_SCHEMA: tuple[SchemaKind, ...] = (
    "relations", "columns", "constraints", "indexes", "sequences", "triggers", "rules", "policies",
    "functions", "types", "statistics", "others",
)  # fmt: skip


@lru_cache(maxsize=4)
def reference(schema: str = "public") -> Observation:
    """The Observation of the canonical DDL loaded into `schema`, without anything of the cluster."""
    text = (files(__package__) / "reference.json").read_text(encoding="utf-8")
    return relocated(Observation.from_json(text), schema)


def within(observation: Observation, schema: str, expected_roles: Collection[str] = ()) -> Observation:
    """The part of an Observation that belongs to one schema, comparable with that of another cluster.

    Members of extensions, settings, the roles and extensions of others are gone, and so are roles of ours
    that may do nothing in the schema and are not expected (a later version made them for another database of
    the cluster), what is granted by default on objects of others, and what an owner of tables, schema or
    database may do in the schema: an owner gives that himself. The owner of the tables is `OWNER`.
    """
    prefix = quoted(schema) + "."
    members = _members(observation, schema)
    member_names = {name.partition("(")[0] for name in members}
    foreign = {quoted(name) for name in member_names}  # as a comment's object gives them
    kept: dict[str, Any] = {
        kind: tuple(
            [
                item
                for item in observation.of(kind)
                if item.schema == schema
                and not getattr(item, "extension", None)
                and getattr(item, "table", None) not in members
            ]
        )
        for kind in _IN_SCHEMA
    }
    owner = owner_of(Observation(schema, _NOBODY, relations=kept["relations"]))
    rights = _rights(observation, schema, members, owner)
    names = {*expected_roles, *(grant.grantee for grant in rights["grants"])} & set(OUR_ROLES)
    part = Observation(
        schema=schema,
        database=_NOBODY,
        **kept,
        **rights,
        comments=tuple(
            comment
            for comment in observation.comments
            # the comment of a constraint or trigger: `name on schema.table`, without a schema of its own
            if (comment.schema == schema or (comment.schema is None and f" on {prefix}" in comment.object))
            and _outermost(comment.object, prefix) not in foreign
        ),
        extensions=tuple(
            Extension(item.name, "", "", OWNER)
            for item in observation.extensions
            if item.name in OUR_EXTENSIONS
        ),
        roles=tuple(role for role in observation.roles if role.name in names),
        dependencies=tuple(
            item
            for item in observation.dependencies
            if item.schema == schema and item.name not in member_names
        ),
    )
    return part if owner is None else _owned(part, owner)


def _owned(part: Observation, owner: str) -> Observation:
    """The same, with `OWNER` wherever a record names the owner of the tables as a role."""
    lists: dict[str, Any] = {
        name: tuple([_of_owner(record, owner) for record in records])
        for name in part.__dataclass_fields__
        if isinstance(records := getattr(part, name), tuple)
    }
    return replace(part, **lists)


def _of_owner(record: Any, owner: str) -> Any:
    roles = ("owner", "grantee", "grantor", "role")
    named = {name: OWNER for name in roles if getattr(record, name, None) == owner}
    return replace(record, **named) if named else record


def _members(observation: Observation, schema: str) -> set[str]:
    """What extensions brought into the schema, by name; a function by its arguments as well."""
    members = {f"{f.name}({f.identity})" for f in observation.functions if f.extension and f.schema == schema}
    return members | {
        item.name
        for kind in ("types", "relations", "sequences")
        for item in observation.of(kind)
        if item.extension and item.schema == schema
    }


def _rights(observation: Observation, schema: str, members: set[str], owner: str | None) -> dict[str, Any]:
    """Grants and default privileges, but for what owners give themselves and what others give on their own.

    The database's owner is the one member of pg_database_owner.
    """
    owners = {owner, "pg_database_owner", observation.database.owner}
    owners |= {each.owner for each in observation.schemas if each.name == schema}
    return {
        "grants": tuple(
            grant
            for grant in observation.grants
            if (grant.schema == schema and grant.object not in members)
            or (grant.kind == "schema" and grant.object == schema and grant.grantee not in owners)
        ),
        "default_privileges": tuple(
            each
            for each in observation.default_privileges
            if each.schema in (None, schema) and each.role == owner
        ),
    }


_FIRST_NAME = re.compile(r'"(?:[^"]|"")*"|[^.(" ]+')


def _outermost(identity: str, prefix: str) -> str:
    """The name behind the schema in PostgreSQL's identity of an object: of a column, its table."""
    found = _FIRST_NAME.match(identity.rpartition(f" on {prefix}")[2].removeprefix(prefix))
    return found[0] if found else ""


def owner_of(observation: Observation) -> str | None:
    """The role that owns most of the tables; the first by name where several do."""
    owners = Counter(relation.owner for relation in observation.relations)
    return min(owners, key=lambda name: (-owners[name], name)) if owners else None


def relocated(observation: Observation, schema: str, *, source: str = PLACEHOLDER) -> Observation:
    """The same Observation with `schema` for `source` in every name, definition and expression."""
    old, new = quoted(source), quoted(schema)
    inside = new.replace("'", "''")
    # The body of a function stands as it was rendered, where every name but public is quoted.
    written, constant = name_of(schema), name_of(schema).replace("'", "''")

    def move(text: str) -> str:
        if source not in text:
            return text
        text = text.replace(f'\'"{source}"', f"'{constant}").replace(f'"{source}"', written)
        if source not in text:
            return text
        if text == source:
            return schema
        # An odd piece stands within a string constant: nextval('schema.sequence'::regclass)
        pieces = text.split("'")
        return "'".join(piece.replace(old, inside if at % 2 else new) for at, piece in enumerate(pieces))

    moved = cast(Observation, _mapped(observation, move))
    # another name, or quotes around it, can change the order
    lists: dict[str, Any] = {
        f.name: value for f in fields(moved) if isinstance(value := getattr(moved, f.name), tuple)
    }
    lists = {
        name: ordered(list(records)) if name != "columns" else records for name, records in lists.items()
    }
    return Observation(moved.schema, moved.database, **lists)


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    """The value with `change` applied to every string in it; what stays the same is not made again."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, tuple):
        items = [_mapped(item, change) for item in value]
        return value if all(map(operator.is_, items, value)) else tuple(items)
    changed = {}
    for name in getattr(value, "__dataclass_fields__", ()):
        old = getattr(value, name)
        new = _mapped(old, change)
        if new is not old:
            changed[name] = new
    return replace(value, **changed) if changed else value


def make(conninfo: str) -> Observation:
    """The portable Observation of the DDL, loaded into a scratch database beside the one of `conninfo`."""
    from psycopg import sql

    from nosender.schema import ddl
    from nosender.schema.observe.read.session import observe
    from nosender.server.scratch import scratch_database
    from nosender.server.target import Target

    with scratch_database(conninfo) as scratch, Target(scratch).connect("nosender reference") as connection:
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(PLACEHOLDER)))
        ddl.load(connection, PLACEHOLDER)
        return within(observe(connection, PLACEHOLDER), PLACEHOLDER)
