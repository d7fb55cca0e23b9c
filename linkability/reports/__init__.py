"""The answer as text, JSON or a page: pure functions of the outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from nosender.linkability.outcome import Outcome


def render(form: Literal["text", "json", "html"], outcome: Outcome) -> str:
    """The whole answer in one format, with a newline at its end."""
    from nosender.linkability.reports import document, page, table

    return {"text": table.render, "json": document.render, "html": page.render}[form](outcome)
