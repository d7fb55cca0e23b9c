"""The forms of a report. Each module is pure: `render(audit) -> str`, and imports no driver.

A module that can do more takes it by keyword, under the name of one of the options below.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from nosender.terminal_text import PIPE, Terminal

if TYPE_CHECKING:
    from nosender.privacy_audit.result.audit import Audit

FORMATS = {
    "text": "report.txt",
    "json": "report.json",
    "html": "report.html",
    "markdown": "report.md",
    "sarif": "report.sarif",
    "junit": "report.junit.xml",
    "github": "report.github.txt",
    "gitlab": "report.gitlab.json",
    "oscal": "report.oscal.json",
}
"""Each format is the module of its name; beside it the file that it is written to when several are asked for."""


Profile = Literal["github", "full"]


@dataclass(frozen=True, slots=True)
class Options:
    """How to render, beyond the format."""

    shown_on: Terminal = PIPE
    """Where text is shown: its width, and whether it takes colours."""
    profile: Profile = "github"
    """What SARIF holds: what GitHub takes, or all that the standard can say."""


TAKEN: dict[str, tuple[str, ...]] = {"text": ("shown_on",), "sarif": ("profile",)}
"""The options that a format takes; any other format takes none."""


def render(form: str, audit: Audit, options: Options | None = None) -> str:
    """The audit in one of the formats above."""
    taken: dict[str, Any] = {name: getattr(options or Options(), name) for name in TAKEN.get(form, ())}
    text: str = importlib.import_module(f"{__name__}.{form}").render(audit, **taken)
    return text
