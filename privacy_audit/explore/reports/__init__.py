"""The forms of an exploration. Each module is pure: `render(exploration) -> str`, and imports no driver."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from nosender.privacy_audit import reports

if TYPE_CHECKING:
    from nosender.privacy_audit.explore.model import Exploration

FORMATS = {
    form: file.replace("report", "explore") for form, file in reports.FORMATS.items() if form != "oscal"
}
"""As those of the audit; OSCAL speaks of controls, of which an exploration has none."""


def render(form: str, exploration: Exploration) -> str:
    """The exploration in one of the formats of the audit, without colours."""
    text: str = importlib.import_module(f"{__name__}.{form}").render(exploration)
    return text
