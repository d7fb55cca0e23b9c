"""Reads everything that an audit looks at: one transaction, which can write nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from nosender.errors import IncompleteError
from nosender.privacy_audit.result.limits import rights_of_reader
from nosender.privacy_audit.snapshot.nodes import is_worker, on_node
from nosender.privacy_audit.snapshot.probes import by_part
from nosender.privacy_audit.snapshot.snapshot import NOT_OURS, ON_COORDINATOR, Row, Snapshot, Unseen
from nosender.schema.observe.citus_own import without_own
from nosender.schema.observe.turned import values_of, with_values_of
from nosender.server.sqlstates import in_words

if TYPE_CHECKING:
    import psycopg

    from nosender.project.frozen import Frozen
    from nosender.schema.catalogue.model import Catalogue
    from nosender.server.target import Target

LOCK_MILLISECONDS = 5000


@dataclass(frozen=True, slots=True)
class Reading:
    """A snapshot, and what the reading of it gave besides."""

    snapshot: Snapshot
    role: str
    server: str
    revision: str | None
    started: datetime
    measured: Mapping[str, Any] = field(default_factory=dict)
    address: str = ""
    """Where the connection went, without the user and the password."""
    parts: Mapping[str, tuple[Row, ...] | Unseen] = field(default_factory=dict)
    """Of a node of a distributed database: what its own rows answer."""


def read_snapshot(
    connection: psycopg.Connection,
    schema: str,
    catalogue: Catalogue,
    started: datetime | None = None,
    lock_timeout: int = LOCK_MILLISECONDS,
    *,
    call_probes: bool | Collection[str] = True,
    frozen: Frozen | None = None,
    target: Target | None = None,
) -> Reading:
    """Read everything that the checks look at, in one transaction that can write nothing.

    `call_probes`: whether the probes are asked, too, or which of them. `target`: where `connection` leads,
    for a second session, in which half of them are asked meanwhile; None asks all in the one.
    """
    import psycopg

    from nosender.privacy_audit.snapshot import probes
    from nosender.privacy_audit.snapshot.probes.functions import LEDGER, probe_names
    from nosender.privacy_audit.snapshot.probes.second_session import SecondSession
    from nosender.schema.observe import reference
    from nosender.schema.observe.read.session import pin

    connection.rollback()
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    try:
        with connection.transaction():
            pin(connection, lock_timeout)  # for what is asked beside the catalogs, too
            snapshot = _catalogs(connection, schema, catalogue, lock_timeout, frozen)
            # of a worker too, which may have few of them
            names: tuple[str, ...] = (*probe_names(reference(schema)), *LEDGER) if call_probes else ()
            if not isinstance(call_probes, bool):
                names = tuple(each for each in names if each in call_probes)
            unasked = None if snapshot.has_ours else NOT_OURS
            unasked = ON_COORDINATOR if is_worker(snapshot.live) else unasked
            answers, seen = (
                probes.ask(connection, snapshot, names, SecondSession(target, connection, lock_timeout))
                if names and unasked is None
                else (dict.fromkeys(names, Unseen(unasked or "")), frozenset())
            )
            parts = by_part.ask(connection, snapshot) if call_probes is True else {}
        answers = probes.confirmed(connection, snapshot, answers, seen)
    except psycopg.errors.InsufficientPrivilege as error:
        message = error.diag.message_primary or "a catalog"
        raise IncompleteError(f"unreadable: {message}, so what surrounds the schema cannot be seen") from None
    except (psycopg.OperationalError, psycopg.errors.TransactionTimeout) as error:
        raise IncompleteError(f"the database could not be read to its end: {in_words(error)}") from None
    snapshot = replace(snapshot, probes=answers)
    return Reading(
        snapshot=snapshot,
        role=snapshot.live.database.reader,
        server="{}.{}".format(*divmod(connection.info.server_version, 10000)),
        revision=_revision(snapshot),
        started=started or datetime.now(UTC),
        measured=_measured(snapshot),
        address=f"{connection.info.host}:{connection.info.port}",
        parts=parts,
    )


def _catalogs(
    connection: psycopg.Connection,
    schema: str,
    catalogue: Catalogue,
    lock_timeout: int,
    frozen: Frozen | None,
) -> Snapshot:
    """What the catalogs say and what surrounds the schema, beside what is declared of it."""
    from nosender.privacy_audit.snapshot import surroundings
    from nosender.privacy_audit.snapshot.probes.declared import with_columns_of
    from nosender.schema.catalogue.aged import aged
    from nosender.schema.knobs import Knobs
    from nosender.schema.layouts.declared import declared_of
    from nosender.schema.layouts.standing import laid_out
    from nosender.schema.observe import observe, reference
    from nosender.schema.observe.parts import together

    live = without_own(observe(connection, schema, lock_timeout=lock_timeout))
    around = surroundings.read(connection, schema)  # waits no longer for a lock than observe does
    declared, catalogue = laid_out(reference(schema), live), declared_of(catalogue, live)
    if frozen is not None:  # a project's own
        declared = with_columns_of(together(declared, frozen.observation), catalogue)
    if live.distribution is not None:
        around = surroundings.spread(around, live.distribution)
        live, declared, catalogue = on_node(live, declared, catalogue)
    # whatever values stand in the declared form are the declared ones
    declared = with_values_of(declared, live)
    return Snapshot(live, declared, aged(catalogue, values_of(live) or Knobs()), around)


def _revision(snapshot: Snapshot) -> str | None:
    answer = snapshot.probes.get("audit_revision")
    if answer is None or isinstance(answer, Unseen) or not answer:
        return None
    value = answer[0].get("value")
    return str(value) if value is not None else None


def _measured(snapshot: Snapshot) -> dict[str, Any]:
    from nosender.privacy_audit.snapshot.surroundings import as_measured

    measured = {**as_measured(snapshot.surroundings), "rights": rights_of_reader(snapshot) or "an auditor"}
    for name in ("audit_overdue", "audit_order", "audit_sizes"):
        answer = snapshot.probes.get(name)
        if answer is not None and not isinstance(answer, Unseen):
            measured[name.removeprefix("audit_")] = [dict(row) for row in answer]
    return measured
