"""An Observation: everything a database is made of, at one moment, as plain comparable records."""

import json
import types
from collections.abc import Callable, Hashable
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any, Literal, Self, Union, cast, get_args, get_origin, get_type_hints

from nosender.schema.observe.cluster_model import (
    Database,
    EventTrigger,
    Extension,
    ForeignServer,
    LargeObjects,
    Membership,
    Publication,
    Role,
    RoleSetting,
    Setting,
    Subscription,
)
from nosender.schema.observe.distribution_model import Distribution
from nosender.schema.observe.model import (
    Column,
    Comment,
    Constraint,
    DefaultPrivilege,
    Dependency,
    DroppedColumn,
    Function,
    Grant,
    Index,
    Other,
    Policy,
    Relation,
    Rule,
    Schema,
    SecurityLabel,
    Sequence,
    Statistics,
    Trigger,
    Type,
)

FORMAT = "nosender.observation/1"

SchemaKind = Literal[
    "relations", "columns", "constraints", "indexes", "sequences", "triggers", "rules", "policies",
    "functions", "types", "statistics", "dropped_columns", "comments", "others",
]  # fmt: skip
"""The lists of an Observation whose objects stand in a schema, or may."""
Kind = Literal[
    SchemaKind,
    "schemas", "event_triggers", "grants", "default_privileges", "security_labels", "extensions",
    "publications", "subscriptions", "foreign_servers", "large_objects", "dependencies", "roles",
    "memberships", "role_settings", "settings",
]  # fmt: skip
"""Every list of an Observation."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One database as PostgreSQL's catalogs describe it; every tuple is sorted by name.

    All schemas but PostgreSQL's own are here, and the objects that somebody put into those.
    `schema` is the one that was asked about. No OIDs: databases made alike observe alike.
    """

    schema: str
    database: Database
    schemas: tuple[Schema, ...] = ()
    relations: tuple[Relation, ...] = ()
    columns: tuple[Column, ...] = ()
    dropped_columns: tuple[DroppedColumn, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    indexes: tuple[Index, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    event_triggers: tuple[EventTrigger, ...] = ()
    rules: tuple[Rule, ...] = ()
    policies: tuple[Policy, ...] = ()
    functions: tuple[Function, ...] = ()
    types: tuple[Type, ...] = ()
    grants: tuple[Grant, ...] = ()
    default_privileges: tuple[DefaultPrivilege, ...] = ()
    comments: tuple[Comment, ...] = ()
    security_labels: tuple[SecurityLabel, ...] = ()
    extensions: tuple[Extension, ...] = ()
    publications: tuple[Publication, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    statistics: tuple[Statistics, ...] = ()
    foreign_servers: tuple[ForeignServer, ...] = ()
    large_objects: tuple[LargeObjects, ...] = ()
    others: tuple[Other, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    roles: tuple[Role, ...] = ()
    memberships: tuple[Membership, ...] = ()
    role_settings: tuple[RoleSetting, ...] = ()
    settings: tuple[Setting, ...] = ()
    distribution: Distribution | None = None
    """How Citus spreads the database over servers; None where it does not. Its shards are in their tables."""

    def of(self, kind: Kind) -> tuple[Any, ...]:
        """The list of this name."""
        records: tuple[Any, ...] = getattr(self, kind)
        return records

    def to_json(self) -> str:
        """The observation as JSON text, one record a line: the same observation, the same bytes."""
        parts = [f'  "format": {json.dumps(FORMAT)}']
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None:
                continue
            if isinstance(value, tuple):
                lines = ",\n".join("    " + json.dumps(_record(item), ensure_ascii=False) for item in value)
                text = f"[\n{lines}\n  ]" if lines else "[]"
            else:
                text = json.dumps(value if isinstance(value, str) else asdict(value), ensure_ascii=False)
            parts.append(f"  {json.dumps(field.name)}: {text}")
        return "{\n" + ",\n".join(parts) + "\n}\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote; ValueError where the text is something else."""
        try:
            data = json.loads(text)
            if data.pop("format") != FORMAT:
                raise ValueError(f"this is not an observation of the form {FORMAT}")
            return cast(Self, _reader(cast(Hashable, cls))(data))
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"this is not an observation of the form {FORMAT}") from error


def _record(record: Any) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """A function that turns JSON data into `kind`: lists into tuples, objects into records."""
    origin = get_origin(kind)
    if origin is tuple:
        item = _reader(get_args(kind)[0])
        return lambda data: tuple([item(entry) for entry in data])
    if origin in (Union, types.UnionType):
        inner = _reader(next(option for option in get_args(kind) if option is not type(None)))
        return lambda data: None if data is None else inner(data)
    if hasattr(kind, "__dataclass_fields__"):
        hints = get_type_hints(kind)
        readers = {field.name: _reader(hints[field.name]) for field in fields(kind)}

        def read(data: dict[str, Any]) -> Any:
            return kind(**{name: readers[name](value) for name, value in data.items()})

        return read
    return lambda data: data
