"""HTML and Markdown from templates; here alone it is decided how a value becomes text.

Whatever a template writes with `{{ … }}` goes through the escape of its language, which writes out what could
hide or reorder and makes the rest harmless. Only `Markup` passes as it is: what a template made, and what the
functions here made. A template that names what is not there is an error, never an empty place.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from nosender.terminal_text import to_paste, visible

if TYPE_CHECKING:
    from collections.abc import Callable

_SPECIAL = re.compile(r"([\\`*_\[\]()#!|~:])")


def html(value: object) -> Markup:
    """A value as text of an HTML or SVG element, or of an attribute in quotes."""
    if isinstance(value, Markup):
        return value
    return Markup(escape(visible(str(value)), quote=True))  # noqa: S704 (the one place that escapes)


def statement(text: str) -> Markup:
    """A statement as text of an HTML element, to be pasted from there."""
    return Markup(escape(to_paste(text), quote=True))  # noqa: S704 (and its like)


def markdown(value: object) -> Markup:
    """A value as Markdown that shows exactly that: no markup, no HTML, no link, nobody mentioned."""
    if isinstance(value, Markup):
        return value
    safe = escape(visible(str(value)), quote=False)
    return Markup(_SPECIAL.sub(r"\\\1", safe).replace("@", "@<!-- -->"))  # noqa: S704


def prose(value: object) -> Markup:
    """Text of our own files as Markdown, which it may use; it ends no cell of a table and begins no HTML."""
    return Markup(str(value).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;"))  # noqa: S704


def code(name: object) -> Markup:
    """A value as a code span of Markdown that it cannot end, also within a table."""
    return _span(visible(str(name)).replace("|", chr(92) + "|"))


def statement_code(text: str) -> Markup:
    """A statement as such a span, to be pasted from there; in a table its `|` would end the cell."""
    return _span(to_paste(text))


def _span(shown: str) -> Markup:
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return Markup(f"{fence}{pad}{shown}{pad}{fence}")  # noqa: S704


@cache
def templates(package: str, escape: Callable[[object], Markup] = html) -> Environment:
    """The templates in the folder `templates` of a package of ours, with the escape of their language."""
    made = Environment(
        loader=PackageLoader(package),
        autoescape=True,  # text that is no Markup by then is escaped all the same
        finalize=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["code"] = code
    made.filters["number"] = lambda value: f"{value:,}"
    made.filters["words"] = lambda value: value.replace("-", " ")
    return made
