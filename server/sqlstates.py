"""What a server's error code says of the server, in words of ours: its own may carry a value of a row."""

from __future__ import annotations

_LOST = "the connection was lost"
_SHUT_DOWN = "the server was shut down or somebody ended the session"

_WORDS = {
    "08": _LOST,
    "0A000": "the server does not support what was asked of it",
    "25006": "it is read-only, a standby or set so by default_transaction_read_only",
    "25P03": "idle_in_transaction_session_timeout ended the session",
    "25P04": "transaction_timeout ended the transaction",
    "28": "it let the role in no longer",
    "40": "another transaction was in the way; run again",
    "42501": "the role has no right to something that was asked",
    "53100": "its disk is full",
    "53200": "its memory is full",
    "53300": "it has no connection free",
    "53400": "a limit of its configuration was reached: temp_file_limit, or one like it",
    "54": "a limit of the server was reached",
    "55P03": "something stayed locked for longer than lock_timeout",
    "57014": "the statement was cancelled, by statement_timeout or by somebody",
    "57P": _SHUT_DOWN,
    "57P03": "it is starting or stopping",
    "58": "an operation on its files failed",
    "XX": "it met an internal error or a broken page: its log says more",
}
"""By code, or by the beginning of one."""


def in_words(error: BaseException) -> str:
    """Why the server refused: `its disk is full (SQLSTATE 53100)`. Of SQLAlchemy's errors, what they wrap."""
    cause = getattr(error, "orig", None) or error
    state: str | None = getattr(cause, "sqlstate", None)
    if state is None:
        return _LOST
    return f"{_told(state) or type(cause).__name__} (SQLSTATE {state})"


def _told(state: str) -> str | None:
    return next((_WORDS[state[:size]] for size in (5, 3, 2) if state[:size] in _WORDS), None)


def is_of_the_server(error: BaseException) -> bool:
    """Whether the server is in such a state, and not our statement wrong."""
    state: str | None = getattr(getattr(error, "orig", None) or error, "sqlstate", None)
    return is_of_a_database(error) and (state is None or _told(state) is not None)


def is_of_a_database(error: BaseException) -> bool:
    """Whether a driver raised it."""
    cause = getattr(error, "orig", None) or error
    return hasattr(cause, "sqlstate") or type(cause).__module__.startswith("psycopg")
