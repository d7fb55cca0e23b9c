"""The one way a command of ours fails: a sentence for the user and an exit code for scripts.

The codes are a contract that others script against: 0 passed, 1 findings, 2 wrong usage,
3 incomplete, 4 failed, 130 interrupted.
"""


class NosenderError(Exception):
    """A failure to be told in one sentence that names the thing and what to do; never a traceback."""

    exit_code = 4


class UsageError(NosenderError):
    """The command, or a file it was given, is not of the form that it must have."""

    exit_code = 2


class IncompleteError(NosenderError):
    """Something could not be looked at, so there is no answer to give."""

    exit_code = 3
