"""What the audit counts in the rows themselves, in two forms that answer alike.

Who may read the tables reads them, by statements of ours made from the catalogue, and calls no function of
the database: a function planted there would run with the reader's rights, and giving rights up with SET ROLE
holds nobody back, for RESET ROLE takes them up again. Who may read none of them, as the auditor's login,
calls the counting functions that the DDL installs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nosender.privacy_audit.snapshot.snapshot import Row, Unseen

if TYPE_CHECKING:
    import psycopg

    from nosender.privacy_audit.snapshot.probes.second_session import SecondSession
    from nosender.privacy_audit.snapshot.snapshot import Snapshot


def ask(
    connection: psycopg.Connection,
    snapshot: Snapshot,
    names: Iterable[str],
    second: SecondSession | None = None,
) -> tuple[dict[str, tuple[Row, ...] | Unseen], frozenset[tuple[Any, ...]]]:
    """The rows of each probe of `names`, or why there are none, in the caller's transaction; and the versions
    of the functions that were called, for `confirmed`. Half of them are asked in a `second` session.
    """
    import psycopg

    from nosender.privacy_audit.snapshot.probes import functions, statements
    from nosender.privacy_audit.snapshot.probes.reading import look_around, pinned

    names = tuple(names)
    with pinned(connection):
        try:
            with connection.transaction():
                around = look_around(connection, snapshot)
        except psycopg.errors.LockNotAvailable:  # the size of a table waits for whoever holds it
            locked = Unseen("a table is held under an exclusive lock, so how large it is was not told")
            return dict.fromkeys(names, locked), frozenset()
        seen = frozenset() if around.privileged else functions.versions(connection, snapshot.declared)

        def asking(session: psycopg.Connection, some: Collection[str]) -> dict[str, tuple[Row, ...] | Unseen]:
            if around.privileged:
                return statements.ask(session, snapshot, around, some)
            live, declared = snapshot.live, snapshot.declared
            return functions.ask(session, live, declared, snapshot.catalogue.grace, some)

        return second.share(connection, names, asking) if second else asking(connection, names), seen


def confirmed(
    connection: psycopg.Connection,
    snapshot: Snapshot,
    answers: Mapping[str, tuple[Row, ...] | Unseen],
    seen: frozenset[tuple[Any, ...]],
) -> dict[str, tuple[Row, ...] | Unseen]:
    """The answers, if the functions that gave them are still the same in a later transaction; else none."""
    from nosender.privacy_audit.snapshot.probes import functions
    from nosender.privacy_audit.snapshot.probes.reading import pin

    if not seen:
        return dict(answers)
    with connection.transaction():
        pin(connection)
        changed = functions.versions(connection, snapshot.declared) ^ seen
    if not changed:
        return dict(answers)
    name = min(each[1] for each in changed)
    return dict.fromkeys(answers, Unseen(f"the function {name} was replaced while functions were called"))
