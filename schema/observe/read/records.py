"""From facts to records: which rows become which, lists into tuples, and in what order records stand."""

from collections.abc import Hashable
from functools import cache
from operator import attrgetter
from typing import Any, cast, get_origin, get_type_hints

from nosender.schema.observe.cluster_model import (
    EventTrigger,
    Extension,
    ForeignServer,
    LargeObjects,
    Membership,
    Publication,
    Role,
    RoleSetting,
    Subscription,
)
from nosender.schema.observe.model import (
    Comment,
    DefaultPrivilege,
    Dependency,
    Grant,
    Other,
    Policy,
    Rule,
    Schema,
    SecurityLabel,
    Statistics,
    Type,
)

# What each kind of row of cluster.sql, objects.sql and types.sql becomes.
RECORDS: dict[str, type[Any]] = {
    "schema": Schema,
    "type": Type,
    "extension": Extension,
    "rule": Rule,
    "policy": Policy,
    "event trigger": EventTrigger,
    "default privilege": DefaultPrivilege,
    "publication": Publication,
    "subscription": Subscription,
    "statistics": Statistics,
    "foreign server": ForeignServer,
    "large objects": LargeObjects,
    "other": Other,
    "role": Role,
    "membership": Membership,
    "role setting": RoleSetting,
}

# Lists whose order PostgreSQL takes from the order of the commands that made them.
UNORDERED = {"options", "toast_options", "foreign_options", "config"}


def record(kind: type[Any], facts: dict[str, Any]) -> Any:
    """One record from named facts; a list, or the null that stands for an empty one, becomes a tuple."""
    lists = {name for name, is_list in fields_of(cast(Hashable, kind)) if is_list}
    return kind(
        **{
            name: (tuple(sorted(value or ())) if name in UNORDERED else tuple(value or ()))
            if name in lists
            else value
            for name, value in facts.items()
        }
    )


@cache
def fields_of(kind: Any) -> list[tuple[str, bool]]:
    """The fields of a record in order, and which of them are tuples."""
    return [(name, get_origin(hint) is tuple) for name, hint in get_type_hints(kind).items()]


# What tells an object from its namesakes, in the order of reading.
_IDENTITY = (
    "kind", "role", "schema", "table", "database", "name", "identity", "object", "column", "owner", "member",
    "grantee", "grantor", "provider", "referenced_kind", "referenced",
)  # fmt: skip


def ordered(records: list[Any]) -> tuple[Any, ...]:
    """The records in an order that depends on nothing but their names; null sorts as empty."""
    if not records:
        return ()
    present = type(records[0]).__dataclass_fields__
    by_kind = type(records[0]) in (Grant, Comment, SecurityLabel, Dependency, Other)
    keys = [name for name in _IDENTITY if name in present and (name != "kind" or by_kind)]
    if len(keys) == 1:
        return tuple(sorted(records, key=attrgetter(*keys)))
    take, between = attrgetter(*keys), "\0".join  # no name holds it, and it sorts before everything else
    try:
        return tuple(sorted(records, key=lambda item: between(take(item))))
    except TypeError:  # a null among the names
        return tuple(sorted(records, key=lambda item: [value or "" for value in take(item)]))
