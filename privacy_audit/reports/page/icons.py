"""Small pictures that say an outcome by shape as well as by colour."""

from __future__ import annotations

_PATHS = {
    "pass": '<path d="M7 12.5l3.4 3.4L17.2 9" fill="none" stroke="currentColor" stroke-width="2.2"/>',
    "fail": '<path d="M8 8l8 8M16 8l-8 8" fill="none" stroke="currentColor" stroke-width="2.2"/>',
    "error": '<path d="M12 6.5v7M12 16v1.8" fill="none" stroke="currentColor" stroke-width="2.4"/>',
    "incomplete": (
        '<path d="M9 9.6a3 3 0 1 1 4.3 2.7c-.9.4-1.3 1-1.3 1.9M12 16.4v1.4" fill="none" '
        'stroke="currentColor" stroke-width="2"/>'
    ),
    "waived": '<path d="M7 12h10" fill="none" stroke="currentColor" stroke-width="2.4"/>',
}
_PATHS["not-tested"] = _PATHS["incomplete"]


def icon(name: str) -> str:
    """The picture of a verdict or outcome, hidden from screen readers: the word stands beside it."""
    return (
        '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="10" fill="none" '
        f'stroke="currentColor" stroke-width="1.6"/>{_PATHS[name]}</svg>'
    )
