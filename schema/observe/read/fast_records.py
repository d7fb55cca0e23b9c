"""The fast path, fenced: what is written for the clock before the reader, and what that buys.

An audit, an upgrade and a check each look at the whole database, which may have ten thousand tables. Four
things are done differently from how one would write them down first; what each saves of the processor time of
client and server together, turned off alone, on the 2,000 tables of benchmarks/observation.py (0.41 s as it
is, 0.69 s without the last three):

- `twin` and `finished` make a record in 0.5 us instead of 3: a frozen dataclass sets each field through
  object.__setattr__, and 2,000 tables are some 40,000 records.
- `undisturbed` keeps the garbage collector from looking through what is all kept: 0.05 s.
- `definitions` writes keys down itself and asks for one definition of those indexes that are alike, since
  PostgreSQL opens the table of each that it deparses: 0.21 s, half of all.
- `queries` asks in a thread, so that the server answers one question while the last becomes records: 0.05 s
  of work, and a sixth of the time by the clock.

Whoever wants to read how an Observation comes about starts with `assemble`; nothing outside this folder knows
of the four. Tests hold their results against PostgreSQL's own text.
"""

import gc
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import make_dataclass
from functools import cache
from operator import itemgetter
from typing import Any, TypeVar, cast

from nosender.schema.observe.read.records import UNORDERED, fields_of

Record = TypeVar("Record")
Row = tuple[Any, ...]


class Answer:
    """The rows that one question returned, to be read once, and what its columns are called."""

    def __init__(self, names: Iterable[str], rows: Iterable[Row]) -> None:
        """Take the rows; a trailing underscore, as in `default_`, keeps a reserved word apart."""
        self.names = [name.removesuffix("_") for name in names]
        self.rows = rows

    def at(self, *names: str) -> list[int]:
        """Where the columns of these names stand in a row."""
        return [self.names.index(name) for name in names]

    def records(self, kind: type[Record], **given: Callable[[Row], Any]) -> list[Record]:
        """One record a row; `given` computes the fields that no column carries as it stands."""
        make = twin(kind)
        take = self._taker(kind, given)
        return finished(kind, [make(*take(row)) for row in self.rows])

    def _taker(self, kind: type[Any], given: dict[str, Callable[[Row], Any]]) -> Callable[[Row], list[Any]]:
        """A function from a row to the fields of the record, in order."""
        names = [name for name, _ in fields_of(cast(Hashable, kind))]
        take = itemgetter(*[self.names.index(name) if name not in given else 0 for name in names])
        lists = [
            (at, name in UNORDERED)
            for at, (name, is_list) in enumerate(fields_of(cast(Hashable, kind)))
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
    """A class of the same slots, not frozen, that makes what `finished` turns into records of `kind`."""
    return cast(Callable[..., Any], _twin(cast(Hashable, kind)))


def finished(kind: type[Record], made: list[Any]) -> list[Record]:
    """Declare what was made by the twin to be of the kind."""
    for item in made:
        item.__class__ = kind
    return made


@cache
def _twin(kind: Any) -> Any:
    return make_dataclass(f"_{kind.__name__}", [(name, object) for name, _ in fields_of(kind)], slots=True)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Hundreds of thousands of records are made and all of them kept: there is no garbage to look for.

    And whoever has an answer asks the next question at once: the server must not wait for a thread that
    is busy with records.
    """
    collecting, interval = gc.isenabled(), sys.getswitchinterval()
    gc.disable()
    sys.setswitchinterval(0.0005)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        if collecting:
            if not gc.get_freeze_count():  # frozen by nobody else
                # straight to the oldest generation: the next collection would look through all of them
                gc.freeze()
                gc.unfreeze()
            gc.enable()
