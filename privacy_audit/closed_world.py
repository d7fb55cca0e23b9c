"""The two questions that most checks ask: what is there that nobody declared, and what is not as declared?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .check import Answer, NotTested
from .compare import differing, missing
from .coverage import undeclared

if TYPE_CHECKING:
    from .case import Case
    from .finding import Found


def closed(
    case: Case, kind: str, describe: Callable[[Any], Found], only: Callable[[Any], bool] = lambda _: True
) -> Answer:
    """A finding for everything of one kind in scope that nothing accounts for."""
    return Answer.of(
        filter(only, case.in_scope(kind)),
        (describe(each) for each in undeclared(case, kind) if only(each)),
    )


def compared(case: Case, kind: str, fields: tuple[str, ...], describe: Callable[[Any, Any], Found]) -> Answer:
    """A finding for everything declared of one kind that lives and differs in one of the fields."""
    pairs = differing(case, kind, *fields)
    return Answer(len(getattr(case.declared, kind)), tuple(describe(live, other) for live, other in pairs))


def absent(
    case: Case, kind: str, describe: Callable[[Any], Found], only: Callable[[Any], bool] = lambda _: True
) -> Answer:
    """A finding for everything declared of one kind that does not live.

    NotTested where none of our tables is there: then this is the wrong place to look for anything of ours.
    """
    if not case.has_ours:
        raise NotTested(f"schema {case.schema} holds none of our tables")
    return Answer.of(
        filter(only, getattr(case.declared, kind)),
        (describe(each) for each in missing(case, kind) if only(each)),
    )
