"""Looks at any database, in one read-only snapshot, and says who could be linked to whom from it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nosender import __version__
from nosender.errors import IncompleteError
from nosender.privacy_audit.explore.guessing.guesses import guess
from nosender.privacy_audit.explore.guessing.world import World
from nosender.privacy_audit.explore.model import Bound, Exploration, Kind
from nosender.privacy_audit.explore.places import places_of
from nosender.privacy_audit.explore.tables import shapes_of
from nosender.privacy_audit.explore.traits import traits_of
from nosender.privacy_audit.snapshot.object_names import without_numbers
from nosender.server.sqlstates import in_words
from nosender.server.still_tables import hold_still

if TYPE_CHECKING:
    from typing import Any

    import psycopg

    from nosender.privacy_audit.explore.counts import Measures
    from nosender.privacy_audit.explore.model import Place, Table, Trait
    from nosender.schema.observe.observation import Observation
    from nosender.server.target import Target

BOUND = Bound(rows=1000, tables=400, timeout=2000, seconds=20)
_LOCK_MILLISECONDS = 5000


def explore(target: Target, bound: Bound = BOUND) -> Exploration:
    """Explore the whole database of `target`; IncompleteError where its catalogs cannot be read."""
    with target.connect("nosender explore", reading=True) as connection:
        hold_still(connection, target.schema)
        return look(connection, target.schema, bound)


def look(connection: psycopg.Connection[Any], schema: str, bound: Bound = BOUND) -> Exploration:
    """Explore through a connection of the caller's, in a transaction that can write nothing."""
    import psycopg

    from nosender.privacy_audit.explore.measures import measure
    from nosender.schema.observe import observe

    connection.rollback()
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    measures: Measures | None = None
    unseen: tuple[str, ...] = ()
    try:
        with connection.transaction():
            observation = observe(connection, schema, lock_timeout=_LOCK_MILLISECONDS)
            world = guess(shapes_of(observation))
            if bound.rows:
                measures, bound, unseen = measure(connection, world.shapes, world, bound)
                world = guess(world.shapes, measures)
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable) as error:
        raise IncompleteError(f"the database could not be read to its end: {in_words(error)}") from None
    version = connection.info.server_version
    return said(observation, world, measures, bound, unseen, f"{version // 10000}.{version % 10000}")


def said(
    observation: Observation,
    world: World,
    measures: Measures | None,
    bound: Bound,
    unseen: tuple[str, ...],
    server: str,
) -> Exploration:
    """What the guesses and counts come to. Pure: the same input, the same answer."""
    if observation.database.unseen:
        unseen += tuple(
            f"not shown to this role: {each}" for each in observation.database.unseen[:1] if "table" in each
        )
    traits = traits_of(observation, world, measures)
    places = places_of(world, measures)
    finest = _finest(traits)
    return Exploration(
        database=observation.database.name,
        server=server,
        role=observation.database.reader,
        tool=f"nosender {__version__}",
        tables=len(world.shapes),
        columns=sum(len(shape.columns) for shape in world.shapes.values()),
        places=tuple(_shown(_timed(each, finest)) for each in places),
        traits=traits,
        guesses=tuple(sorted(world.guesses.items())),
        entities=tuple(sorted(world.entities.items())),
        people=tuple(sorted(world.reasons.items())),
        notes=_notes(world, places),
        unseen=tuple(without_numbers(each) for each in unseen),
        bound=bound,
    )


_FINEST = ("microsecond", "millisecond", "second", "minute")


def _finest(traits: tuple[Trait, ...]) -> dict[Table, str]:
    """How finely each table says when, at its finest."""
    found: dict[Table, str] = {}
    for part in reversed(_FINEST):
        found |= {each.table: part for each in traits if each.what == "time" and each.told.endswith(part)}
    return found


def _timed(place: Place, finest: dict[Table, str]) -> Place:
    """With how finely the table says when."""
    part = finest.get(place.table)
    return place if part is None else replace(place, sentence=f"{place.sentence}, to the {part}")


def _shown(place: Place) -> Place:
    """Without the phone numbers that a name may hold."""
    return replace(
        place,
        table=(without_numbers(place.table[0]), without_numbers(place.table[1])),
        people=tuple(map(without_numbers, place.people)),
        through=tuple(map(without_numbers, place.through)),
        sentence=without_numbers(place.sentence),
        why=without_numbers(place.why),
        query=without_numbers(place.query),
    )


def _notes(world: World, places: tuple[Place, ...]) -> tuple[str, ...]:
    """What the database is, where nobody is in it."""
    notes = []
    queues = sorted(
        f"{'.'.join(table)} ({', '.join(each.column for each in some if each.kind is Kind.QUEUE)})"
        for table, some in world.guesses.items()
        if any(each.kind is Kind.QUEUE and each.entity is None for each in some)
    )
    if queues:
        notes.append(
            f"Identifiers of queues, not of people: {'; '.join(queues)}. Each names one row and comes back "
            "nowhere else, so none of them says who talks to whom; who uses a queue is known to whoever sees "
            "the connections."
        )
    if not world.has_people:
        notes.append("No table and no column names people, by key, name or value.")
    elif not world.has_messages and not places:
        notes.append(
            "People are in the database, but no messages and nothing that they share by name or value."
        )
    return tuple(notes)
