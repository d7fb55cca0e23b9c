"""The forms of a report. Each module is pure: `render(audit) -> str`, and imports no driver."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

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
}
"""Each format is the module of its name; beside it the file that it is written to when several are asked for."""


def render(form: str, audit: Audit) -> str:
    """The audit in one of the formats above, without colours."""
    text: str = importlib.import_module(f"{__name__}.{form}").render(audit)
    return text
