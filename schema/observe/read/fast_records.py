"""From rows to records: a select list names the fields of the record, so their order does not matter."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import make_dataclass
from functools import cache
from operator import attrgetter, itemgetter
from typing import Any, TypeVar, cast, get_origin, get_type_hints

from nosender.schema.observe.model import (
    Comment,
    DefaultPrivilege,
    Dependency,
    EventTrigger,
    Extension,
    ForeignServer,
    Grant,
    LargeObjects,
    Membership,
    Other,
    Policy,
    Publication,
    Role,
    RoleSetting,
    Rule,
    Schema,
    SecurityLabel,
    Statistics,
    Subscription,
    Type,
)

Kind = TypeVar("Kind")
Row = tuple[Any, ...]

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


class Answer:
    """The rows that one question returned, to be read once, and what its columns are called."""

    def __init__(self, names: Iterable[str], rows: Iterable[Row]) -> None:
        """Take the rows; a trailing underscore, as in `default_`, keeps a reserved word apart."""
        self.names = [name.removesuffix("_") for name in names]
        self.rows = rows

    def at(self, *names: str) -> list[int]:
        """Where the columns of these names stand in a row."""
        return [self.names.index(name) for name in names]

    def records(self, kind: type[Kind], **given: Callable[[Row], Any]) -> list[Kind]:
        """One record a row; `given` computes the fields that no column carries as it stands."""
        make = twin(kind)
        take = self._taker(kind, given)
        return finished(kind, [make(*take(row)) for row in self.rows])

    def _taker(self, kind: type[Any], given: dict[str, Callable[[Row], Any]]) -> Callable[[Row], list[Any]]:
        """A function from a row to the fields of the record, in order."""
        names = [name for name, _ in _fields(cast(Hashable, kind))]
        take = itemgetter(*[self.names.index(name) if name not in given else 0 for name in names])
        lists = [
            (at, name in UNORDERED)
            for at, (name, is_list) in enumerate(_fields(cast(Hashable, kind)))
            if is_list and name not in given
        ]
        computed = [(names.index(name), compute) for name, compute in given.items()]

        def values(row: Row) -> list[Any]:
            found = list(take(row))
            for at, unordered in lists:
                value = found[at]
                # nearly all are empty
                found[at] = tuple(sorted(value) if unordered else value) if value else ()
            for at, compute in computed:
                found[at] = compute(row)
            return found

        return values


def twin(kind: type[Any]) -> Callable[..., Any]:
    """A class that makes what `finished` turns into records of `kind`, four times as fast as `kind` itself.

    What makes a frozen dataclass slow is that it sets each field through object.__setattr__. An unfrozen
    twin with the same slots sets them directly.
    """
    return cast(Callable[..., Any], _twin(cast(Hashable, kind)))


def finished(kind: type[Kind], made: list[Any]) -> list[Kind]:
    """Declare what was made by the twin to be of the kind."""
    for item in made:
        item.__class__ = kind
    return made


@cache
def _twin(kind: Any) -> Any:
    return make_dataclass(f"_{kind.__name__}", [(name, object) for name, _ in _fields(kind)], slots=True)


def record(kind: type[Any], facts: dict[str, Any]) -> Any:
    """One record from named facts; a list, or the null that stands for an empty one, becomes a tuple."""
    lists = {name for name, is_list in _fields(cast(Hashable, kind)) if is_list}
    return kind(
        **{
            name: (tuple(sorted(value or ())) if name in UNORDERED else tuple(value or ()))
            if name in lists
            else value
            for name, value in facts.items()
        }
    )


@cache
def _fields(kind: Any) -> list[tuple[str, bool]]:
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
