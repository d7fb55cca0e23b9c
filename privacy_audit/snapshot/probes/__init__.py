"""What the audit counts in the rows themselves, in two forms that answer alike.

Who may read the tables reads them, by statements of ours made from the catalogue, and calls no function of
the database: a function planted there would run with the reader's rights, and giving rights up with SET ROLE
holds nobody back, for RESET ROLE takes them up again. Who may read none of them, as the auditor's login,
calls the counting functions that the DDL installs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from nosender.privacy_audit.snapshot.snapshot import Row, Unseen

if TYPE_CHECKING:
    import psycopg

    from nosender.privacy_audit.snapshot.snapshot import Snapshot


def ask(
    connection: psycopg.Connection[Any], snapshot: Snapshot, names: Iterable[str]
) -> dict[str, tuple[Row, ...] | Unseen]:
    """The rows of each probe of `names`, or why there are none; in the caller's transaction."""
    from nosender.privacy_audit.snapshot.probes import functions, statements
    from nosender.privacy_audit.snapshot.probes.reading import look_around, pinned

    names = tuple(names)
    with pinned(connection):
        around = look_around(connection, snapshot)
        if not around.privileged:
            return functions.ask(
                connection, snapshot.live, snapshot.declared, snapshot.catalogue.grace, names
            )
        return statements.ask(connection, snapshot, around, names)
