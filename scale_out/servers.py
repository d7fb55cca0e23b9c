"""What has to hold on each server before it holds a row: that it is quiet, and has Citus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nosender.errors import NosenderError
from nosender.schema.observe.quoting import quoted

if TYPE_CHECKING:
    import psycopg

    from nosender.schema.layouts.layout import Layout, QuietSetting
    from nosender.schema.observe import Observation
    from nosender.server.target import Target

_AVAILABLE = """
select e.default_version::text
from pg_catalog.pg_available_extensions as e
where e.name operator(pg_catalog.=) 'citus'
"""


@dataclass(frozen=True, slots=True)
class Loud:
    """A setting under which values of rows leave their table."""

    name: str
    value: str
    where: str
    """The role or database that it is stored for; empty for the server."""
    leaks: str
    """What it does."""
    statement: str
    """What sets it right."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server, as it was found."""

    name: str
    """`this server`, or the number that the user gave it."""
    place: str
    """Where it is, without a password."""
    version: str | None
    """Of PostgreSQL; None where it did not answer."""
    citus: str | None
    """The version of Citus in this database, else the one that could be created there; None for neither."""
    created: bool = False
    """Whether it is in the database."""
    loud: tuple[Loud, ...] = ()
    unseen: tuple[str, ...] = ()
    """What could not be looked at, each in a sentence."""


def read_server(name: str, target: Target, layout: Layout) -> tuple[Server, Observation | None]:
    """The server behind `target`, and what its database holds; what does not answer is said in it."""
    from nosender.schema.observe import observe
    from nosender.schema.observe.citus_own import without_own

    try:
        with target.connect("nosender db scale-out", reading=True) as connection:
            live = without_own(observe(connection, target.schema))
            available = _available(connection)
    except NosenderError as error:
        return Server(name, target.describe(), None, None, unseen=(str(error),)), None
    created = next((each.version for each in live.extensions if each.name == "citus"), None)
    number = live.database.server
    server = Server(
        name,
        target.describe(),
        f"{number // 10000}.{number % 10000}",
        created or available,
        created is not None,
        tuple(_loud(live, layout)),
        tuple(
            f"{each.name} {each.unseen}"
            for each in live.settings
            if each.unseen is not None and any(each.name == rule.name for rule in layout.settings)
        ),
    )
    return server, live


def _available(connection: psycopg.Connection) -> str | None:
    row = connection.execute(_AVAILABLE.encode()).fetchone()
    return row[0] if row is not None else None


def _loud(live: Observation, layout: Layout) -> Iterator[Loud]:
    """Of the server, then of roles and databases for which something else is stored."""
    rules = {each.name: each for each in layout.settings}
    for setting in live.settings:
        rule = rules.get(setting.name)
        if rule is None or setting.state != "set" or setting.unseen is not None:
            continue
        if (value := setting.value or "") not in rule.safe:
            yield Loud(setting.name, value, "", rule.leaks, _set(rule))
    for stored in live.role_settings:
        rule = rules.get(stored.name)
        if rule is not None and stored.value.lower() not in rule.safe:
            where = " in ".join(each for each in (stored.role, stored.database) if each)
            yield Loud(
                stored.name,
                stored.value,
                where or "every role",
                rule.leaks,
                f"alter {_whose(stored.role, stored.database)} reset {_parameter(stored.name)};",
            )


def _set(rule: QuietSetting) -> str:
    safe = rule.safe[0]
    return f"alter system set {_parameter(rule.name)} = {safe if _number(safe) else repr(safe)};"


def _number(value: str) -> bool:
    return value.removeprefix("-").isdigit()


def _parameter(name: str) -> str:
    return ".".join(quoted(part) for part in name.split("."))


def _whose(role: str | None, database: str | None) -> str:
    if role is None:
        return f"database {quoted(database)}" if database else "role all"
    return f"role {quoted(role)}" + (f" in database {quoted(database)}" if database else "")
