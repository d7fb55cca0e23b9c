"""The exploration as JSON, `nosender.explore/1`: everything that is known, and the same bytes for the same answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nosender.privacy_audit.explore.reports.sentences import LIMITS, QUESTION, answer, fingerprint

if TYPE_CHECKING:
    from nosender.privacy_audit.explore.model import Exploration, Place

FORMAT = "nosender.explore/1"


def render(exploration: Exploration) -> str:
    """The exploration as one JSON object."""
    return json.dumps(as_data(exploration), indent=1, ensure_ascii=False) + "\n"


def as_data(exploration: Exploration) -> dict[str, Any]:
    """The same as plain data."""
    bound = exploration.bound
    return {
        "format": FORMAT,
        "question": QUESTION,
        "answer": answer(exploration),
        "verdict": {0: "nothing", 1: "found", 3: "not seen"}[exploration.exit_code],
        "run": {"tool": exploration.tool, "role": exploration.role},
        "target": {"database": exploration.database, "server": exploration.server},
        "places": [_place(rank, place) for rank, place in enumerate(exploration.places, start=1)],
        "people": [{"schema": table[0], "table": table[1], "why": why} for table, why in exploration.people],
        "traits": [
            {
                "what": trait.what,
                "schema": trait.table[0],
                "table": trait.table[1],
                "column": trait.column,
                "told": trait.told,
                "measured": trait.measured,
                "beside_person": trait.beside_person,
            }
            for trait in exploration.traits
        ],
        "columns": [
            {
                "schema": table[0],
                "table": table[1],
                "column": each.column,
                "kind": each.kind.value,
                "role": each.role.value if each.role else None,
                "confidence": each.confidence.value,
                "why": each.why,
            }
            for table, some in exploration.guesses
            for each in some
        ],
        "notes": list(exploration.notes),
        "unseen": list(exploration.unseen),
        "coverage": {"tables": exploration.tables, "columns": exploration.columns, "sampled": bound.sampled},
        "bound": {
            "rows": bound.rows,
            "tables": bound.tables,
            "timeout_ms": bound.timeout,
            "seconds": bound.seconds,
            "statements": bound.statements,
        },
        "limits": list(LIMITS),
    }


def _place(rank: int, place: Place) -> dict[str, Any]:
    return {
        "rank": rank,
        "kind": place.kind.value,
        "schema": place.table[0],
        "table": place.table[1],
        "people": list(place.people),
        "through": list(place.through),
        "sentence": place.sentence,
        "confidence": place.confidence.value,
        "why": place.why,
        "query": place.query,
        "fingerprint": fingerprint(place),
    }
