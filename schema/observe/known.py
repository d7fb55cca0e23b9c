"""What OIDs stand for, so that only one answer has to say it."""

from typing import Any, NamedTuple

from nosender.schema.observe.names import qualified, quoted

Place = tuple[str, str]
"""Schema and name."""


class Known(NamedTuple):
    """Relations and sequences by OID."""

    places: dict[int, Place]
    """Schema and name."""
    kinds: dict[int, str]
    """What they are."""
    names: "Names"
    """Schema and name as SQL would write them."""
    live: dict[int, list[Any]]
    """The columns of a relation in order. Dropped ones are here too (None): column 1 stands first."""

    def column(self, table: int, number: int) -> str:
        """A column as SQL would write it, with its table."""
        return f"{self.names[table]}.{quoted(self.live[table][number - 1].name)}"


class Names(dict[int, str]):
    """Names as SQL would write them, by OID, each written when it is first wanted."""

    def __init__(self, places: dict[int, Place]) -> None:
        self.places = places

    def __missing__(self, oid: int) -> str:
        self[oid] = name = qualified(*self.places[oid])
        return name
