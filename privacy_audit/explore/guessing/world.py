"""All tables of a database with what their rows and columns are taken for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nosender.privacy_audit.explore.model import Kind
from nosender.privacy_audit.explore.tables import family
from nosender.privacy_audit.finding import Confidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nosender.privacy_audit.explore.model import Guess, Table
    from nosender.privacy_audit.explore.tables import TableShape
    from nosender.schema.observe.model import Column

CERTAIN, LIKELY, HINT = Confidence.CERTAIN, Confidence.LIKELY, Confidence.HINT
MOST = 0.8
"""The share of values from which on they are taken for what they look like."""
FEWEST = 5
"""Values below this number say nothing."""
PERSON_FORMS = {"mxid": "a Matrix user", "address": "a mail address or JID", "phone": "a phone number"}


@dataclass(frozen=True, slots=True)
class World:
    """All tables, what their rows are, and what each column is taken for."""

    shapes: Mapping[Table, TableShape]
    entities: Mapping[Table, Kind]
    reasons: Mapping[Table, str]
    """Why the rows of a table are people."""
    guesses: Mapping[Table, tuple[Guess, ...]] = field(default_factory=dict)

    known: Mapping[tuple[Kind, str], frozenset[str]] = field(default_factory=dict)
    """For the last word of each table's name the types of its keys, and their names."""
    hanging: Mapping[Table, tuple[Kind, Table]] = field(default_factory=dict)
    owned: Mapping[Table, Table] = field(default_factory=dict)
    natural: Mapping[str, tuple[Table, str]] = field(default_factory=dict)
    """The name that the key of people has in no other table of people; the table, and the type."""
    natural_groups: Mapping[str, tuple[Table, str]] = field(default_factory=dict)
    """The same of groups."""
    heads: frozenset[str] = frozenset()
    """The last words of the names of all tables."""
    has_messages: bool = False
    """Whether people share groups or stand beside messages in any table."""
    has_people: bool = False
    """Whether anything beyond weak words says that people are in the database."""

    def of(self, table: Table, kind: Kind) -> list[Guess]:
        """The guesses of one kind about the columns of a table."""
        return [each for each in self.guesses.get(table, ()) if each.kind is kind]

    @property
    def people(self) -> frozenset[str]:
        """The types of the keys of people; empty where no table has people."""
        return self.known.get((Kind.PERSON, ""), frozenset())

    def like_a_person(self, column: Column) -> bool:
        """Whether the type is one in which the database numbers its people; any, where it has none."""
        types = self.people
        return not types or family(column) in types or family(column) == "text"
