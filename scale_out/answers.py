"""What a move did, as text for a person and as JSON for a program, and its statements as a script."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from nosender.migrations import journal
from nosender.scale_out.move import STEP, first_words
from nosender.terminal_text import visible

if TYPE_CHECKING:
    from nosender.scale_out.apply import Applied
    from nosender.scale_out.back import Returned
    from nosender.scale_out.move import Move, Moved

FORMAT = "nosender.scale-out-move/1"


def applied_lines(found: Applied) -> list[str]:
    """The answer of `apply` for a person."""
    if found.moved is None and (found.refused or found.unseen):
        lines = ["nothing was changed"]
    elif found.moved is None:
        lines = ["distributed already, nothing to do"]
    else:
        lines = [f"distributed: {_told(found.moved)}"]
    lines += [f"! {each}" for each in (*found.refused, *found.differing)]
    return lines + [
        each if each.startswith("not looked at") else f"not looked at: {each}" for each in found.unseen
    ]


def returned_lines(found: Returned) -> list[str]:
    """The answer of `back` for a person."""
    if found.moved is None:
        return ["on one server already, nothing to do"]
    return [f"on one server: {_told(found.moved)}", *found.still]


def _told(moved: Moved) -> str:
    rows = ", ".join(f"{visible(table)} {count:,}" for table, count in moved.rows.items())
    return f"as many rows as before ({rows}), in {moved.seconds:.1f} s in which nobody else wrote"


def applied_json(found: Applied) -> str:
    """The answer of `apply` for a program."""
    return _json(
        "distributed" if not (found.refused or (found.unseen and found.moved is None)) else "refused",
        found.moved,
        refused=list(found.refused),
        unseen=list(found.unseen),
        differing=list(found.differing),
    )


def returned_json(found: Returned) -> str:
    """The answer of `back` for a program."""
    return _json("on one server", found.moved, still=list(found.still))


def _json(stands: str, moved: Moved | None, **more: list[str]) -> str:
    document = {
        "format": FORMAT,
        "stands": stands,
        "changed": moved is not None,
        "rows": moved.rows if moved is not None else {},
        "statements": [
            {"statement": words, "seconds": round(seconds, 3)}
            for words, seconds in (moved.statements if moved is not None else ())
        ],
        **more,
    }
    return json.dumps(document, indent=2) + "\n"


def as_script(schema: str, move: Move) -> str:
    """The statements of a move, for psql -v ON_ERROR_STOP=1: without the looks before and after."""
    lines = [
        f"-- {move.what}: nothing is asked before and compared after, as the command does",
        "begin;",
        "set local search_path = pg_catalog, pg_temp;",
    ]
    for number, statement in enumerate(move.statements, start=1):
        lines += [f"\n-- {number}: {first_words(statement)}", statement]
    lines += ["", journal.step_line(schema, STEP, "\n".join(move.statements), move.direction), "commit;"]
    return "\n".join(lines) + "\n"
