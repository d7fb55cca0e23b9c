"""The one way a command of ours fails: a sentence for the user and an exit code for scripts.

The codes are a contract that others script against: 0 passed, 1 findings, 2 wrong usage,
3 incomplete, 4 failed, 130 interrupted.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in cli.py: importing typing would cost more than --version does
if TYPE_CHECKING:
    from collections.abc import Iterable


class NosenderError(Exception):
    """A failure to be told in one sentence that names the thing and what to do; never a traceback."""

    exit_code = 4


class UsageError(NosenderError):
    """The command, or a file it was given, is not of the form that it must have."""

    exit_code = 2


class IncompleteError(NosenderError):
    """Something could not be looked at, so there is no answer to give."""

    exit_code = 3


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The question that follows a word which is none of the known ones; empty where none is near."""
    from difflib import get_close_matches

    near = get_close_matches(word, sorted(known), n=3)
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
