"""The probes as statements of ours over the tables themselves, made from the catalogue.

A declared table or column is probed for what its class promises; nobody writes SQL for it. All of them are
asked in one statement, in the audit's own snapshot, and answer with counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING

import psycopg
from psycopg.sql import SQL, Composed

from nosender.privacy_audit.snapshot.probes import content, flow, known_values, ledger, settling
from nosender.privacy_audit.snapshot.probes.asked import Asked, Refused
from nosender.privacy_audit.snapshot.probes.functions import without_values
from nosender.privacy_audit.snapshot.probes.parts import text
from nosender.privacy_audit.snapshot.snapshot import Row, Unseen

if TYPE_CHECKING:
    from nosender.privacy_audit.snapshot.probes.reading import Around
    from nosender.privacy_audit.snapshot.snapshot import Snapshot


PARTS = 200
"""So many parts are asked in one statement; a database of ours takes fewer than that."""


STATEMENTS: Mapping[str, Callable[[Asked], Composed | list[Composed]]] = {
    "audit_canaries": ledger.canaries,
    "audit_content": content.content,
    "audit_deliveries": flow.deliveries,
    "audit_identifiers": content.identifiers,
    "audit_kept": ledger.kept,
    "audit_ledger": ledger.ledger,
    "audit_ledger_chain": ledger.ledger_chain,
    "audit_lifetimes": flow.lifetimes,
    "audit_matching_values": known_values.matching_values,
    "audit_order": flow.order,
    "audit_overdue": ledger.overdue,
    "audit_public_keys": flow.public_keys,
    "audit_revision": ledger.revision,
    "audit_rewrites": ledger.rewrites,
    "audit_same_transaction": flow.same_transaction,
    "audit_sequence_ids": flow.sequence_ids,
    "audit_session_key_owners": flow.session_key_owners,
    "audit_shared_values": content.shared_values,
    "audit_settled_order": settling.order,
    "audit_settling": settling.settling,
    "audit_sizes": flow.sizes,
    "audit_statistics": ledger.statistics,
    "audit_times": content.times,
    "retention_ledger_tail": ledger.tail,
    "retention_overdue": ledger.due,
}
"""Each probe by the name of the function that a login without rights calls in its place."""


def ask(
    connection: psycopg.Connection, snapshot: Snapshot, around: Around, names: Iterable[str]
) -> dict[str, tuple[Row, ...] | Unseen]:
    """The rows of each probe of `names`, or why there are none."""
    asked = asked_of(snapshot, around)
    answers: dict[str, tuple[Row, ...] | Unseen] = {}
    made: dict[str, list[Composed]] = {}
    for name in names:
        try:
            parts = STATEMENTS[name](asked)
            made[name] = parts if isinstance(parts, list) else [parts]
        except Refused as reason:
            answers[name] = Unseen(str(reason))
    answers.update(run(connection, made))
    return answers


def asked_of(snapshot: Snapshot, around: Around) -> Asked:
    """What the statements are made from; the templates stand in the declared functions."""
    bodies = {each.name: each.body for each in snapshot.declared.functions}
    return Asked(snapshot.catalogue, snapshot.schema, around, bodies)


def run(
    connection: psycopg.Connection, made: Mapping[str, list[Composed]]
) -> dict[str, tuple[Row, ...] | Unseen]:
    """All of them at once, or each alone where one of them fails, so that it shows which."""

    def together(names: Iterable[str]) -> dict[str, tuple[Row, ...] | Unseen]:
        rows: dict[str, list[Row]] = {name: [] for name in names}
        parts = iter(
            [
                text("select {name}::text, pg_catalog.to_jsonb(a) from ({part}) as a", name=name, part=part)
                for name in rows
                for part in made[name]
            ]
        )
        with connection.transaction():
            while some := list(islice(parts, PARTS)):
                for name, row in connection.execute(SQL(" union all ").join(some)):
                    rows[name].append(row)
        return {name: tuple(found) for name, found in rows.items()}

    try:
        return together(made)
    except psycopg.Error:
        answers: dict[str, tuple[Row, ...] | Unseen] = {}
        for name in made:
            try:
                answers |= together([name])
            except psycopg.Error as error:
                if connection.closed:
                    answers[name] = Unseen("the connection was lost")
                else:
                    answers[name] = Unseen(f"what {name} asks failed: {without_values(error)}")
        return answers
