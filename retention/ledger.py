"""The ledger's chain, recomputed here from what the rows say and not from what the database says of them.

The encoding is documented in docs/retention.md, so that anybody can write this again in another language: for
each row the names and values of its fields in a fixed order, a line each, SHA-256 over the UTF-8 of that.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from nosender.errors import NosenderError, UsageError
from nosender.retention.failures import explain
from nosender.retention.session import refuse_replaced, statement
from nosender.schema.ledger_format import FORMAT, GENESIS

if TYPE_CHECKING:
    from nosender.server.target import Target

_MOMENT = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
_FIELDS = (
    *("id", "run_id", "phase", "table_name", "status", "error_class", "policy_hash"),
    *("cutoff", "clock_before", "clock_after"),
    *("deleted", "deactivated", "children", "batches", "blocked"),
    *("oldest_remaining", "anchor_id", "anchor_hash", "file_number", "dropped_columns"),
)
_SINCE_FORM_2 = ("version", "schema_name", "node", "settled", "settled_until")
_ALL = ("form", *_FIELDS, *_SINCE_FORM_2, "previous_hash", "row_hash")
_HASHES = ("policy_hash", "anchor_hash", "previous_hash", "row_hash")
_MOMENTS = ("cutoff", "clock_before", "clock_after", "oldest_remaining", "settled_until")
_COUNTS = ("deleted", "deactivated", "children", "batches", "blocked")
_PAGE = 5000

Entry = dict[str, str]
"""A row: every field, and row_hash, as the text that the encoding gives it; "" for a missing value."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a ledger ended when somebody looked."""

    length: int
    """The number of its last row; 0 of an empty one."""
    hash: str
    """The hash of that row, in hexadecimal digits; the genesis hash of an empty one."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a ledger's chain is worth."""

    problems: tuple[str, ...]
    """One sentence each, in order of the rows; empty where the chain holds."""
    unseen: tuple[str, ...]
    """What could not be looked at, one sentence each."""
    rows: int
    """How many rows were read."""
    head: Head
    runs: int
    """How many runs have started in them."""
    unfinished: int
    """How many of these have no end: a crash, or still at work."""


def row_text(entry: Entry) -> bytes:
    """What the hash of a row is taken of: rows of form 1, which 0.1.0 wrote, have fewer fields."""
    form = entry["form"] or "1"
    fields = (*_FIELDS, *(_SINCE_FORM_2 if form != "1" else ()), "previous_hash")
    return "".join([f"{FORMAT}{form}\n", *(f"{field}={entry[field]}\n" for field in fields)]).encode()


def verify(entries: Iterable[Entry], since: Head | None = None) -> Verdict:
    """Walk the chain once, in the order of the ids; flat in memory but for the runs under way.

    `since` is where it ended before: the row must still be there with its hash.
    """
    problems: list[str] = []
    unseen: list[str] = []
    head = Head(0, GENESIS)
    anchors: dict[str, str] = {}
    beginning: Entry | None = None
    rows = 0
    runs = _Runs()
    met: str | None = None
    for entry in entries:
        rows += 1
        number = int(entry["id"])
        if beginning is None:
            beginning = entry
        else:
            problems += _following(entry, head)
        if hashlib.sha256(row_text(entry)).hexdigest() != entry["row_hash"]:
            problems.append(f"row {number} is not what was written: its contents and its hash differ")
        if entry["anchor_id"]:
            anchors[entry["anchor_id"]] = entry["anchor_hash"]
        if since is not None and number == since.length:
            met = entry["row_hash"]
        problems += runs.read(entry)
        head = Head(number, entry["row_hash"])
    if beginning is not None:
        problems[:0] = _beginning(beginning, anchors)
    if since is not None and since.length:
        first = int(beginning["id"]) if beginning is not None else 1
        found = met if since.length >= first else anchors.get(str(since.length))
        if found is None and since.length < first:
            unseen.append(f"row {since.length}, which the report saw, is past its maximum age and gone")
        problems += _since(since, head, found)
    return Verdict(tuple(problems), tuple(unseen), rows, head, runs.started, runs.unfinished)


def _beginning(first: Entry, anchors: dict[str, str]) -> list[str]:
    """The first row is row 1, or follows what a later receipt says was taken off."""
    number = int(first["id"])
    expected = GENESIS if number == 1 else anchors.get(str(number - 1))
    if expected is None:
        return [f"the ledger begins with row {number}, and no receipt says that earlier ones were due to go"]
    if first["previous_hash"] != expected:
        return [f"row {number} does not follow what was before it"]
    return []


def _following(entry: Entry, before: Head) -> list[str]:
    """A row has the number after the one before it, and holds its hash."""
    number, expected = int(entry["id"]), before.length + 1
    if number != expected:
        gone = f"row {expected}" if number == expected + 1 else f"rows {expected} to {number - 1}"
        return [f"{gone} of retention_runs are missing: somebody removed them"]
    if entry["previous_hash"] != before.hash:
        return [f"row {number} does not follow row {before.length}: one of them was put there later"]
    return []


def _since(since: Head, head: Head, found: str | None) -> list[str]:
    """The row that a report saw last is still there, with its hash; `found` is the hash that it has now."""
    if head.length < since.length:
        return [
            f"the ledger ends at row {head.length}, but the report saw {since.length}: its end is cut off"
        ]
    if found is not None and found != since.hash:
        return [f"row {since.length} is not the one that the report saw: the chain was rewritten"]
    return []


class _Runs:
    """Adds up what the tables of a run tell, and compares it with what its end tells."""

    def __init__(self) -> None:
        self.started = 0
        self._open: dict[str, list[int]] = {}

    @property
    def unfinished(self) -> int:
        return len(self._open)

    def read(self, entry: Entry) -> list[str]:
        run = entry["run_id"]
        counts = [int(entry[name] or 0) for name in (*_COUNTS, "settled")]
        if entry["phase"] == "started":
            self.started += 1
            self._open[run] = [0] * len(counts)
        elif run not in self._open:
            return []  # its beginning was taken off with the oldest rows
        elif entry["phase"] == "swept" and entry["table_name"] != "retention_runs":
            self._open[run] = [a + b for a, b in zip(self._open[run], counts, strict=True)]
        elif entry["phase"] == "settled":
            self._open[run][-1] += counts[-1]
        elif entry["phase"] == "finished":
            told = self._open.pop(run)
            if told != counts:
                return [f"row {entry['id']} tells other counts than the tables of its run"]
        return []


def read(connection: psycopg.Connection, schema: str) -> Iterator[Entry]:
    """Every row of the ledger in order, a page at a time."""
    last = 0
    while True:
        page = connection.execute(statement(schema, _QUERY), [last, _PAGE]).fetchall()
        for row in page:
            yield dict(zip(_ALL, row, strict=True))
        if len(page) < _PAGE:
            return
        last = int(page[-1][_ALL.index("id")])


def _column(name: str) -> str:
    if name in _HASHES:
        return f"coalesce(pg_catalog.encode({name}, 'hex'), '')"
    if name in _MOMENTS:
        return f"coalesce(pg_catalog.to_char({name}, '{_MOMENT}'), '')"
    return f"coalesce({name}::text, '')"


_QUERY = "select {} from {{}}.retention_ledger(%s::bigint, %s::integer)".format(  # noqa: S608  # names of ours
    ", ".join(_column(name) for name in _ALL)
)


def verify_target(target: Target, since: Head | None = None) -> Verdict:
    """Verify the ledger of a database, in one snapshot."""

    with target.connect("nosender retention", reading=True) as connection:
        try:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            refuse_replaced(connection, target.schema)
            return verify(read(connection, target.schema), since)
        except psycopg.Error as error:
            raise explain(error, target) from None


def head_of_report(path: Path) -> Head:
    """Where the ledger ended by a report of `audit run --format json`, signed or not, or by our own JSON.

    A signature is not tested here; `nosender audit verify` does that.
    """
    try:
        found = json.loads(path.read_bytes())
        if isinstance(found, dict) and isinstance(found.get("payload"), str):
            found = json.loads(base64.b64decode(found["payload"], validate=True))
    except OSError as error:
        raise NosenderError(f"the report {path} cannot be read: {error.strerror}") from None
    except (ValueError, binascii.Error, RecursionError):
        raise UsageError(
            f"{path} is not a report: give what `nosender audit run --format json` wrote"
        ) from None
    for way in (("run", "ledger"), ("predicate", "ledger"), ("ledger",)):
        head = _head(_at(found, way))
        if head is not None:
            return head
    raise UsageError(f"the report {path} says nothing of the ledger, so there is nothing to hold it against")


def _at(value: Any, way: Sequence[str]) -> Any:
    for step in way:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _head(value: Any) -> Head | None:
    if not isinstance(value, dict) or type(value.get("length")) is not int:
        return None
    if value["length"] == 0:
        return Head(0, GENESIS)
    digits = str(value.get("head")).removeprefix("sha256:")
    if len(digits) != 64 or not set(digits) <= set("0123456789abcdef"):
        return None
    return Head(value["length"], digits)
