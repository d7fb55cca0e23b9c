"""Whether identifiers are drawn at random, told from how many different letters and parts they have."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nosender.privacy_audit.snapshot.snapshot import Row

FEWEST = 20
"""Of fewer identifiers nothing is told."""
KINDS = 2048
"""Any four letters of an identifier drawn at random, and any part of one, have at least so many values: the
third part of a UUID has 4,096.
"""
BITS = 0.5
"""Two letters side by side that each tell so much less than the others are a mark of their own, and one alone
is, unless it has two, four, eight or sixteen values that are equally frequent, as the variant of a UUID and
the end of base64 and base32 have, or is the first, which tells less in any system of numbers, though it has
five values or more there.
"""
FIRST = 5
EVEN = 0.15
"""So many bits may values that are equally frequent seem to lack: five standard deviations."""
ENOUGH = 200
"""From so many identifiers on that is no chance: seven standard deviations for one letter in base 64."""


def marks(row: Row) -> dict[str, int]:
    """What of the identifiers of one column is no part of the drawing, each with how many it is about."""
    alike, split = int(row.get("alike") or 0), int(row.get("split") or 0)
    kinds = [int(each) for each in row.get("letter_kinds") or ()]
    found = {
        "have four letters of few values": _few(alike, _whole_windows(kinds, row.get("window_kinds") or ())),
        "have two letters that tell less than the others": _dull(alike, kinds, row.get("letter_pairs") or ()),
    }
    # A letter of the alphabet may be punctuation: then the number of parts differs from one to the next.
    if split * 10 >= int(row.get("chosen") or 0) * 9:
        found["have a part of few values"] = _few(split, row.get("part_kinds") or ())
    return {words: count for words, count in found.items() if count}


def _few(count: int, kinds: Sequence[int]) -> int:
    """How many, where any of these has far fewer values than as many draws give; one value is a format."""
    expected = KINDS * (1 - (1 - 1 / KINDS) ** count)
    return count if count >= FEWEST and any(1 < each < 0.8 * expected for each in kinds) else 0


def _whole_windows(letters: Sequence[int], windows: Sequence[int]) -> list[int]:
    """The values of four letters in a row, without those over a letter that is the same in all."""
    return [
        int(kinds)
        for place, kinds in enumerate(windows)
        if all(each > 1 for each in letters[place : place + 4])
    ]


def _dull(count: int, kinds: Sequence[int], pairs: Sequence[int]) -> int:
    """How many, where two letters side by side tell less than the median one; the same in all is a format."""
    if count < ENOUGH:
        return 0
    places = [
        (-math.log2(int(same) / (count * (count - 1))), int(different))
        for same, different in zip(pairs, kinds, strict=False)
        if different > 1 and same
    ]
    usual = sorted(bits for bits, _ in places)[len(places) // 2] if places else 0.0
    low = [bits < usual - BITS for bits, _ in places]
    alone = any(
        dull and not _is_even(*place) and (number > 0 or place[1] < FIRST)
        for number, (dull, place) in enumerate(zip(low, places, strict=True))
    )
    return count if alone or any(a and b for a, b in pairwise(low)) else 0


def _is_even(bits: float, kinds: int) -> bool:
    """Whether so many values, a power of two, are equally frequent."""
    return kinds in (2, 4, 8, 16) and bits > math.log2(kinds) - EVEN
