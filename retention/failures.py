"""Turns what PostgreSQL refuses into one sentence: the thing, the consequence, what to do.

The server's own text is passed on only where our functions wrote it: any other may carry a value of a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from nosender.errors import NosenderError
from nosender.server.sqlstates import in_words

if TYPE_CHECKING:
    from nosender.server.target import Target

_OURS = {"lock_not_available": "55P03", "undefined_table": "42P01", "invalid_parameter_value": "22023"}
_FULL = ("53100", "58030")
_GONE = ("57P01", "57P02", "57P03")


def explain(error: psycopg.Error, target: Target) -> NosenderError:
    """The failure of a retention command as a sentence."""
    state = error.sqlstate
    where = target.describe()
    if state == "42501":
        return NosenderError(
            f"the role on {where} may not run the retention functions of schema {target.schema}: "
            "grant nosender_sweeper to it, or connect as a role that has it"
        )
    unknown = state == "42883" and "retention_" in (error.diag.message_primary or "")
    if unknown or state == "3F000":
        return NosenderError(
            f"schema {target.schema} of {where} has no retention functions: run `nosender db upgrade` first"
        )
    if state == "25006":
        return NosenderError(
            f"{where} is read-only, a standby or set so by default_transaction_read_only: "
            "sweep its primary, and what is deleted there goes here too"
        )
    if state in _FULL:
        return NosenderError(
            f"the disk of {where} is full, and even a delete has to write: make room and sweep again"
        )
    if state in _OURS.values() and error.diag.message_primary and _raised_by_us(error):
        return NosenderError(f"{error.diag.message_primary}; the sweep of {where} did not end")
    if state == "42P01":
        return NosenderError(
            f"a table of the retention policy is missing in schema {target.schema} of {where}: "
            "run `nosender db check` to see what differs"
        )
    if state == "55P03":
        return NosenderError(f"a table is locked by another session on {where}: sweep again when it is free")
    if state is None or state in _GONE or state.startswith("08"):
        return NosenderError(
            f"the connection to {where} broke: batches that were committed stay deleted, and the next sweep "
            "does the rest"
        )
    return NosenderError(f"the server of {where} refused: {in_words(error)}")


def _raised_by_us(error: psycopg.Error) -> bool:
    """Whether a RAISE of a function wrote the message, not PostgreSQL itself."""
    return (error.diag.source_function or "") == "exec_stmt_raise"
