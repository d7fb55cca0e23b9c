"""What counts say of the rows that were read. No value of a row is in here: numbers and names alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nosender.privacy_audit.explore.model import Table

ENOUGH = 20
"""Rows from which on two columns can be told apart."""
SOME = 5
"""Different values below which nothing is told."""


@dataclass(frozen=True, slots=True)
class ColumnCounts:
    """One column in the rows that were read."""

    filled: int
    distinct: int = 0
    forms: tuple[tuple[str, float], ...] = ()
    """What share of values has the form of a Matrix user, a mail address, a phone number and so on."""
    naming: float = 0.0
    """The share of texts that say themselves who they are from."""
    readable: float = 0.0
    """The share in which two words stand beside each other."""
    spoken: float = 0.0
    """The share that is text where messages are expected: also of one word, also in other letters."""
    entropy: float | None = None
    """Bits a byte, of the first bytes of the first rows."""
    finest: str | None = None
    """The finest part of a time that any value has: microsecond, millisecond, second, minute, hour or day."""
    sparse: bool = False
    """Numbers that do not lie close together: equal ones are no chance."""

    @property
    def form(self) -> tuple[str, float]:
        """The form that most values have, and their share."""
        return max(self.forms, key=lambda each: each[1], default=("", 0.0))


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Two columns of a table beside each other."""

    rows: int
    left: int
    right: int
    both: int
    """Different pairs."""
    in_right: int
    """Different values of the left column that stand in the right one too."""

    @property
    def telling(self) -> bool:
        """Whether there are enough rows to say whether both name the same."""
        return self.rows >= ENOUGH and min(self.left, self.right) >= SOME

    @property
    def one_to_one(self) -> bool:
        """Whether each value of one goes with one of the other: two names of one thing."""
        return (
            self.both <= max(self.left, self.right) * 1.02 and self.both <= min(self.left, self.right) * 1.1
        )

    @property
    def shared(self) -> float:
        """The share of the left column's values that stand in the right one."""
        return self.in_right / self.left if self.left else 0.0


@dataclass(frozen=True, slots=True)
class Inclusion:
    """How many values of a column are those of a key elsewhere."""

    parent: Table
    column: str
    share: float
    tested: int
    telling: bool
    """False for small numbers, which are equal by chance."""


@dataclass(frozen=True, slots=True)
class Measures:
    """Everything that was counted."""

    columns: dict[tuple[Table, str], ColumnCounts] = field(default_factory=dict)
    pairs: dict[tuple[Table, str, str], PairCounts] = field(default_factory=dict)
    beside: dict[tuple[Table, str], list[str]] = field(default_factory=dict)
    """The columns that each column was held beside."""
    inclusions: dict[tuple[Table, str], Inclusion] = field(default_factory=dict)

    def column(self, table: Table, name: str) -> ColumnCounts | None:
        """The counts of a column; None where it was not read."""
        return self.columns.get((table, name))

    def pair(self, table: Table, one: str, other: str) -> PairCounts | None:
        """The counts of two columns in this order."""
        return self.pairs.get((table, one, other))

    def put_pair(self, table: Table, one: str, other: str, both: tuple[PairCounts, PairCounts]) -> None:
        """Keep the counts of a pair, in both orders."""
        self.pairs[table, one, other], self.pairs[table, other, one] = both
        self.beside.setdefault((table, one), []).append(other)
        self.beside.setdefault((table, other), []).append(one)

    def inclusion(self, table: Table, name: str) -> Inclusion | None:
        """The key that most values of a column are in."""
        return self.inclusions.get((table, name))

    def mirror(self, table: Table, name: str) -> tuple[str, float] | None:
        """Another column of the table that holds the same values, both ways, each of them often."""
        for other in self.beside.get((table, name), ()):
            counts, back = self.pairs[table, name, other], self.pairs.get((table, other, name))
            if back is not None and counts.telling:
                often = counts.left < counts.rows * 0.9 and counts.left >= ENOUGH
                if often and counts.shared >= 0.8 and back.shared >= 0.5 and not counts.one_to_one:
                    return other, counts.shared
        return None
