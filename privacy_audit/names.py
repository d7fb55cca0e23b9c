"""How objects are called in findings, and what their names may give away."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")

# A number in E.164 or written without its plus, not part of a longer run of letters and digits.
_NUMBER = re.compile(r"(?<![0-9A-Za-z])\+?[0-9]{8,15}(?![0-9])|\+[1-9][0-9]{6,14}|(?<=_)[0-9]{8,15}(?![0-9])")


def dotted(*names: str) -> str:
    """`public.messages.sender`; a name that is not letters, digits and underscores is quoted as in SQL."""
    return ".".join(name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"' for name in names)


def phone_numbers(text: str) -> list[str]:
    """What reads like a phone number in `text`: a plus and 7 to 15 digits, or 8 to 15 alone."""
    return _NUMBER.findall(text)


def without_numbers(text: str) -> str:
    """`text` with every such number as `[number]`: what a report may show of a name that holds one."""
    return _NUMBER.sub("[number]", text)
