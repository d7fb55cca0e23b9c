"""Untrusted text for a terminal: what could move the cursor, colour, hide or reorder is written out.

Names and comments come from the database that is examined, so whoever may create a table chooses them.
"""

from __future__ import annotations

import unicodedata

# Cc control, Cf invisible format (bidirectional marks, zero width), Cs lone surrogate, Co private use,
# Zl and Zp line and paragraph separators.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text: str) -> str:
    r"""`text` with every such character as \xNN, \uNNNN or \UNNNNNNNN, and a backslash as two."""
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return "".join(map(_character, text))


def _character(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if unicodedata.category(character) not in _HIDDEN:
        return character
    point = ord(character)
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
