"""How much of a column a probe looked at, and what share of bad rows that would have found."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nosender.privacy_audit.snapshot.object_names import dotted, without_numbers
from nosender.schema.catalogue.places import place_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nosender.privacy_audit.snapshot.snapshot import Row

CERTAINTY = 0.95


@dataclass(frozen=True, slots=True)
class Sample:
    """What one probe read of one column or table."""

    object: str
    examined: int
    """Rows that were looked at; of an empty column none."""
    whole: bool
    """Whether that is all of them."""

    @property
    def finds(self) -> float | None:
        """The least share of bad rows that as many rows find with 95 %: 0.0003 for 10,000 rows.

        0 where all rows were read: one bad row is enough. None where there is more and nothing was read.
        Of n rows chosen at random all are good with the probability (1 - share) ** n.
        """
        if self.whole:
            return 0.0
        if not self.examined:
            return None
        share = 1 - (1 - CERTAINTY) ** (1 / self.examined)
        step: float = 10.0 ** (math.floor(math.log10(share)) - 1)
        return float(min(1.0, round(math.ceil(share / step) * step, 12)))

    @property
    def words(self) -> str:
        """The same as a sentence without its end."""
        if self.whole:
            return f"{self.object}: all rows, {self.examined:,}"
        if self.finds is None:
            return f"{self.object}: no row"
        return (
            f"{self.object}: {self.examined:,} rows, not all, which find a fault in "
            f"{self.finds * 100:g} % of them all or more with 95 %"
        )

    def as_data(self) -> Mapping[str, Any]:
        """As the JSON report has it."""
        return {
            "object": self.object,
            "examined": self.examined,
            "whole": self.whole,
            "finds": self.finds,
        }


def samples(schema: str, rows: Iterable[Row], *names: str, count: str = "examined") -> tuple[Sample, ...]:
    """The samples that the rows of a probe tell of, by object.

    `names` are the parts of the object where the rows do not name it, `count` is where they say how many
    were looked at. Of several rows about one object the one that looked at the least counts.
    """
    found: dict[str, Sample] = {}
    for row in rows:
        column = str(row.get("column_name", "")).partition("[")[0]
        where = row.get("schema_name", schema)
        table, *more = names or (row["table_name"], *([column] if column else []))
        place = place_of(table, where) if where == schema else (where, table)
        name = without_numbers(dotted(*place, *more))
        sample = Sample(name, int(row[count]), bool(row["whole"]))
        if name not in found or sample.examined < found[name].examined:
            found[name] = sample
    return tuple(found[name] for name in sorted(found))
