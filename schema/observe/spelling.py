"""PostgreSQL's text of an expression in one spelling: what it reads of its own text it can write anew."""

import re
from collections.abc import Mapping

_ELEMENT = re.compile(r"'(?:[^']|'')*'::character varying")
_CAST_ARRAY = re.compile(rf"\(ARRAY\[((?:{_ELEMENT.pattern}(?:, )?)+)\]\)::text\[\]")


def restored(text: str) -> str:
    """The text as a database has it that was restored from a dump.

    `x in ('a', 'b')` on a varchar is kept as an array with a cast; when that text is read again, the cast
    of the array becomes one of each element. Read once more it stays as it is.
    """
    if "::character varying" not in text:
        return text
    return _CAST_ARRAY.sub(
        lambda match: f"ARRAY[{', '.join(f'({item})::text' for item in _ELEMENT.findall(match[1]))}]", text
    )


def bare(definition: str) -> str:
    """A constraint's or an index's definition without what fields of their own say."""
    without = re.sub(r" WITH \([a-z_]+='?[^()]*\)", "", restored(definition))
    return without.replace(" NOT VALID", "").replace(" NOT ENFORCED", "")


def respelled(text: str, names: Mapping[str, str]) -> str:
    """The text with each of the names, where it stands whole, in the place of the other."""
    longest = sorted(names, key=len, reverse=True)
    pattern = "|".join(rf'(?<![\w."]){re.escape(name)}(?![\w"])' for name in longest)
    return re.sub(pattern, lambda match: names[match[0]], text) if names else text
