"""The flow tests of version 0.1.0, word for word but for what is declared here, against what stands now.

A caller of 0.1.0 sees these differences and no other; `docs/upgrading.md` says what to do about each.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest


class Difference(NamedTuple):
    """What a test of 0.1.0 says, what it says now, and why."""

    was: str
    now: str
    why: str


DIFFERENCES = (
    Difference(
        """
    now = datetime.now(UTC).replace(tzinfo=None)
    assert (number, message, content, kind) == (1, "m1", b"\\x00\\xff" * 20, "media")
""",
        """
    now = datetime.now(UTC)
    assert number >> 39 >= (now.date() - datetime(2020, 1, 1).date()).days - 1
    assert (message, content, kind) == ("m1", b"\\x00\\xff" * 20, "media")
""",
        "Ids say the day and no more; instants are returned with their time zone.",
    ),
    Difference(
        """
    assert seen == [f"m{number}" for number in range(5)]
""",
        """
    assert sorted(seen) == [f"m{number}" for number in range(5)]
""",
        "The messages of one hour come in no order.",
    ),
    Difference(
        """
    assert session.waiting(kept) == ["m1", "m2", "m3"]
""",
        """
    assert sorted(session.waiting(kept)) == ["m1", "m2", "m3"]
""",
        "The messages of one hour come in no order.",
    ),
    Difference(
        """
    assert session.waiting(first) == ["before", "after"]
""",
        """
    assert sorted(session.waiting(first)) == ["after", "before"]
""",
        "The messages of one hour come in no order.",
    ),
    Difference(
        """
    assert session.rows("active_public_key", ANNA) == [(2, OTHER_KEY, SIGNATURE, IDENTITY)]
""",
        """
    assert session.rows("active_public_key", ANNA) == [(2, OTHER_KEY, SIGNATURE, IDENTITY, 1)]
""",
        "A fifth column says since which version the identity stands.",
    ),
    Difference(
        """
    assert session.call("rotate_session_key", user, None, "s1", devices, sealed) == 0
    assert session.call("rotate_session_key", user, None, "other session", devices, sealed) == 0
    assert session.call("rotate_session_key", user, "s1", "s2", devices, sealed) == 1
    assert session.call("rotate_session_key", user, "s2", "s3", devices, sealed, timedelta(days=7)) == 2
""",
        """
    start = session.call("rotate_session_key", user, None, "s1", devices, sealed)
    other = session.call("rotate_session_key", user, None, "other session", devices, sealed)
    assert session.call("rotate_session_key", user, "s1", "s2", devices, sealed) == start + 1
    third = session.call("rotate_session_key", user, "s2", "s3", devices, sealed, timedelta(days=7))
    assert third == start + 2
""",
        "A session begins at a random counter.",
    ),
    Difference(
        """
        assert found == [
            ("s1", key, 0, False),
            ("other session", key, 0, True),
            ("s2", key, 1, False),
            ("s3", key, 2, True),
        ]
""",
        """
        assert sorted(found) == [
            ("other session", key, other, True),
            ("s1", key, start, False),
            ("s2", key, start + 1, False),
            ("s3", key, start + 2, True),
        ]
""",
        "The same; and keys of several sessions come in no order among each other.",
    ),
    Difference(
        """
    rotate(None, "s1")
    rotate("s1", "s2")
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="replaced already"):
""",
        """
    start = rotate(None, "s1")
    rotate("s1", "s2")
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="replaced already"):
""",
        "A session begins at a random counter.",
    ),
    Difference(
        """
    assert rotate("s2", "s3") == 2  # a sweep made it inactive, nobody replaced it
""",
        """
    assert rotate("s2", "s3") == start + 2  # a sweep made it inactive, nobody replaced it
""",
        "The same.",
    ),
)


def _as_it_is_now() -> str:
    text = (Path(__file__).parent / "flow_of_0_1_0.txt").read_text(encoding="utf-8")
    for each in DIFFERENCES:
        assert text.count(each.was) == 1, each.was
        text = text.replace(each.was, each.now)
    return text


exec(compile(_as_it_is_now(), "flow_of_0_1_0.txt", "exec"), globals())  # noqa: S102 (our own tests)


@pytest.fixture
def any_migrated(migrated: str) -> str:
    """One major is enough: on the others the flow is tested as it is now."""
    return migrated


def test_differences_are_told() -> None:
    told = (Path(__file__).parents[2] / "docs" / "upgrading.md").read_text(encoding="utf-8")
    for words in ("Ids say the day", "Times are instants", "in no order within their hour", "identity_since"):
        assert words in told
    assert "begins at a random counter" in " ".join(told.split())
