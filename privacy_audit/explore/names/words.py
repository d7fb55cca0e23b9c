"""Names split into words, also those without marks: `rosterusers`, `userid`; and what the words say.

Names are support only: they say what to measure, and what to expect where there is nothing to measure.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from nosender.privacy_audit.explore.model import Kind, Role
from nosender.privacy_audit.explore.names.vocabulary import (
    ADDRESS,
    AMOUNTS,
    BESIDE_USER,
    DEVICE,
    FOR_WHOM,
    GROUP,
    HANDED,
    IDENTIFIER,
    KNOWN,
    LOCATORS,
    LOGINS,
    MESSAGE,
    NOT_PEOPLE,
    NOT_STEMS,
    ORDINALS,
    OTHER,
    QUALIFIERS,
    RECIPIENT,
    RELATING,
    SELF,
    SENDER,
    SENT,
    SETTING,
)

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_VERBS = {
    "sent": "sender",
    "posted": "poster",
    "written": "writer",
    "authored": "author",
    "created": "creator",
}
_MOVES = frozenset((word, way) for word in NOT_STEMS - {"reply", "in"} for way in ("from", "to"))
_MANY = frozenset(("follower", "following"))
_SHORTEST = 2
_TAIL = 4
_NOUNS = frozenset(word for word in SELF | GROUP | MESSAGE | SENDER | RECIPIENT if len(word) >= _TAIL)


@lru_cache(maxsize=1 << 16)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, lower and singular: `rosterUsers` and `rosterusers` are roster, user.

    A name without a Latin letter or a digit has one, which says nothing.
    """
    found: list[str] = []
    for part in _PARTS.findall(name):
        word = part.lower()
        known = word.isdigit() or _singular(word) in KNOWN
        found += [word] if known else _squashed(word) or _tailed(word)
    return tuple(map(_singular, found)) or ("",)


def _singular(word: str) -> str:
    if word in KNOWN or len(word) <= _SHORTEST or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith("es") and word[:-2] in KNOWN:
        return word[:-2]
    return word[:-1]


def _squashed(word: str) -> list[str] | None:
    """The fewest known words that make up `word`, the longer first; None where there are none."""
    best: dict[int, list[str]] = {0: []}
    for end in range(1, min(len(word), 48) + 1):
        ways = [
            [*best[start], word[start:end]]
            for start in range(end)
            if start in best and end - start >= _SHORTEST and _singular(word[start:end]) in KNOWN
        ]
        if ways:
            best[end] = min(ways, key=len)
    return best.get(len(word))


def _tailed(word: str) -> list[str]:
    """A name of somebody's own before a word that is known: `prosodyarchive`."""
    for start in range(3, len(word) - _TAIL + 1):
        if _singular(word[start:]) in _NOUNS:
            return [word[:start], word[start:]]
    return [word]


@lru_cache(maxsize=1 << 16)
def reading(name: str) -> tuple[Kind, Role | None, str] | None:
    """What the name of an identifier says that it singles out; None where it says nothing."""
    words = list(words_of(name))
    addresses = [word for word in words if word in ADDRESS]
    done = words[words.index("by") - 1] if "by" in words[1:] else ""
    after = set(words[words.index("by") + 1 :]) if done else set()
    if done and not after <= SELF | OTHER | SENDER | IDENTIFIER | QUALIFIERS:
        return None  # blocked_by_count
    if done.endswith("ed") or done in SENT | MESSAGE:  # created_by, invited_by_user_id, comment_by
        return Kind.PERSON, (Role.SENDER if done in SENT | MESSAGE else Role.OTHER), _VERBS.get(done, done)
    if words[-1:] in (["username"], ["user"]) and set(words[:-1]) & LOGINS:
        return None
    if words in (["address"], ["addr"], ["aor"]):
        return Kind.PERSON, Role.ADDRESS, "address"
    if set(words[:-1]) & SETTING or set(pairwise(words)) & _MOVES:
        return None  # default_recipient_id, type_of_user, moved_to_profile_id
    located = len(words) > 1 and words[-1] in LOCATORS
    if located and words[-2] in _MANY:  # where somebody's followers are listed
        return None
    if located:
        words.pop()
    found = _singled_out(words, addresses)
    people = found is not None and found[0] is Kind.PERSON
    # an address of a user may be that of a house; what has a group's or a message's is no person
    return found if not located or (people and (addresses or words[-1] not in SELF)) else None


def _singled_out(words: list[str], addresses: list[str]) -> tuple[Kind, Role | None, str] | None:
    """What the words say without what they end in: numbers, names, marks."""
    named = False
    tailed = _is_tail(words[-1])
    words = [_author(word) for word in words]
    while len(words) > 1 and _is_tail(words[-1]):
        named |= words.pop() in ("name", "number")
    head = words[-1] if words else ""
    if named and (head not in SELF | GROUP | SENDER | RECIPIENT | {"phone"} or head in ("from", "to")):
        return None
    if AMOUNTS & set(words[:-1]) or any(word.endswith("per") for word in words[:-1]):  # limit_per_user
        return None
    if named and head == "profile":  # what a person is shown as
        return None
    if head == "agent" and "user" in words:  # the name of a program
        return None
    if head.endswith("ed") and set(words[-2:-1]) & SELF and (tailed or words[0] in IDENTIFIER):
        return Kind.PERSON, (Role.SENDER if head in SENT else Role.OTHER), head  # id_member_started
    if head == "other" and len(words) > 1 and not tailed and words[-2] not in SELF | ADDRESS:
        return None  # manufacturer_other: what none of the choices names
    if head == "for" and len(words) > 1:  # deleted_for, but no valid_for
        return (Kind.PERSON, Role.OTHER, "for") if words[-2] in FOR_WHOM else None
    if head in ("from", "to", "with") and len(words) > 1:
        if words[-2] in HANDED and head == "to":
            return Kind.PERSON, Role.RECIPIENT, "assignee"
        whose = SELF | ADDRESS | {"rcpt", "sender", "call"} | MESSAGE - NOT_STEMS
        if words[-2] in whose and head != "with":  # jid_from, mailto, sms_to
            return Kind.PERSON, (Role.SENDER if head == "from" else Role.RECIPIENT), f"{words[-2]} {head}"
        return None  # reply_to, upgraded_from
    if head in SELF and len(words) > 1 and words[-2] in NOT_PEOPLE:  # a device's profile
        return None
    if head in SELF:  # other_user_id, target_user_id, from_user: the word before says who
        before = words[-2] if len(words) > 1 else ""
        if before == "origin":
            return Kind.PERSON, Role.SENDER, before
        for as_whom, some in ((Role.SENDER, SENDER), (Role.RECIPIENT, RECIPIENT), (Role.OTHER, OTHER)):
            if before in some:
                return Kind.PERSON, as_whom, f"{before} {head}"
        if before in BESIDE_USER:
            return Kind.PERSON, Role.OTHER, before
        return Kind.PERSON, Role.SELF, head
    for kind, role, some in (
        (Kind.PERSON, Role.SENDER, SENDER),
        (Kind.PERSON, Role.RECIPIENT, RECIPIENT),
        (Kind.PERSON, Role.OTHER, OTHER),
        (Kind.GROUP, None, GROUP),
        (Kind.MESSAGE, None, MESSAGE),
        (Kind.DEVICE, None, DEVICE),
    ):
        if head in some:
            return kind, role, head
    if words[0] == "their" and tailed:  # their_service_id, which no word of ours covers
        return Kind.PERSON, Role.OTHER, "their"
    if addresses and (head in ADDRESS or head in QUALIFIERS):
        return Kind.PERSON, Role.ADDRESS, addresses[-1]
    return None


def _author(word: str) -> str:
    """The word without what Rails adds where the row beside it may be of several tables: `authorable`."""
    bare = word.removesuffix("able")
    return bare if bare in SENDER | RECIPIENT | OTHER | SELF else word


def lists_people(name: str) -> bool:
    """Whether a value of that name holds several people, as `buddy_list`, `to_list` and `mentions`."""
    words = words_of(name)
    if words[-1:] == ("mention",):
        return name.lower().endswith("s")
    return words[-1:] == ("list",) and bool(set(words[:-1]) & (RELATING | SELF | OTHER | RECIPIENT))


def _is_tail(word: str) -> bool:
    """Whether the word before it says what the column is."""
    return word in IDENTIFIER | ADDRESS | ORDINALS | {"localpart", "remote", "local"} or word.isdigit()


def stem(name: str) -> tuple[tuple[str, ...], str] | None:
    """What stands before from or to, and which; None for other names, and where no people are meant."""
    words = list(words_of(name))
    while len(words) > 1 and words[-1] in IDENTIFIER | LOCATORS:
        words.pop()
    before = tuple(words[:-1])
    return (before, words[-1]) if words[-1:] in (["from"], ["to"]) and not set(before) & NOT_STEMS else None


def apart(one: str, other: str) -> bool:
    """Whether two names with one word for a person mean two: c_owner and f_owner, user_a and user_b."""
    first, second = marks(one), marks(other)
    return first != second and bool(first) and bool(second)


def marks(name: str) -> tuple[str, ...]:
    """What a name says beyond that it is a person's."""
    people = SELF | SENDER | RECIPIENT | OTHER
    return tuple(
        word
        for word in words_of(name)
        if word not in people and word not in IDENTIFIER | ADDRESS | QUALIFIERS
    )
