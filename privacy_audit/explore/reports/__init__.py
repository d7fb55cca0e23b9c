"""The forms of an exploration. Each module is pure: `render(exploration) -> str`, and imports no driver."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nosender.privacy_audit.explore.model import Exploration


def render(form: str, exploration: Exploration) -> str:
    """The exploration in one of the formats of the audit, without colours."""
    text: str = importlib.import_module(f"{__name__}.{form}").render(exploration)
    return text
