"""How objects are called in findings, and what their names may give away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nosender.schema.observe.model import Function

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")

# E.164 with its plus, or 9 to 15 digits that are no part of a longer run and no date with a time of day.
_NUMBER = re.compile(
    r"\+[1-9][0-9]{6,14}(?![0-9])|(?<![0-9])(?!20[0-9]{12}(?![0-9]))[1-9][0-9]{8,14}(?![0-9A-Za-z])"
)


def dotted(*names: str) -> str:
    """`public.messages.sender`; a name that is not letters, digits and underscores is quoted as in SQL.

    Words of the language are not quoted: which they are differs from major to major, and a finding has to
    keep its fingerprint through an upgrade.
    """
    return ".".join(name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"' for name in names)


_SEVEN = re.compile(r"[0-9]{7}")
_LONG = 1 << 12  # from here on, a search by expression takes longer
_DIGITS = bytes(ord("0") if chr(code) in "0123456789" else ord(" ") for code in range(256))


def may_hold_numbers(text: str) -> bool:
    """Whether there are seven digits in a row, as every phone number has; quickly told of any length."""
    if len(text) < _LONG:
        return _SEVEN.search(text) is not None
    return b"0" * 7 in text.encode(errors="replace").translate(_DIGITS)


def phone_numbers(text: str) -> list[str]:
    """What reads like a phone number in `text`: a plus and 7 to 15 digits, or 9 to 15 alone."""
    return _NUMBER.findall(text) if may_hold_numbers(text) else []


def without_numbers(text: str) -> str:
    """`text` with every such number as `[number]`: what a report may show of a name that holds one."""
    return _NUMBER.sub("[number]", text)


def words_of(text: str) -> set[str]:
    """The words of a text of SQL, in lower case, quotes and punctuation taken off."""
    return set("".join(c if c.isalnum() or c == "_" else " " for c in text.lower()).split())


def schema_of(qualified: str) -> str:
    """The schema of a name that PostgreSQL qualified and quoted: `"odd one".f(integer)`."""
    if not qualified.startswith('"'):
        return qualified.split(".", 1)[0]
    end = 1
    while qualified[end : end + 1] != '"' or qualified[end + 1 : end + 2] == '"':
        end += 2 if qualified[end] == '"' else 1
    return qualified[1:end].replace('""', '"')


def function_name(function: Function) -> str:
    """`public.f(integer)`: with the arguments that tell it from its namesakes."""
    return f"{dotted(function.schema, function.name)}({function.identity})"
