"""Ways to declare a link between two people as kindly as possible: the files of a catalogue that says so.

Ours refuses them when it reads them, as test_overlay.py holds. Version 0.1.0 took them: benchmarks/kindly.py
asks its program, which is in no later one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

KEPT = '[retention]\nrule = "kept"\nkept_because = "Until its owner removes it."\n'
KEY = """
[[foreign_keys]]
table = "{table}"
columns = ["{column}"]
parent = "{parent}"
parent_columns = ["{to}"]
purpose = "It belongs to a person."
"""
LEADS = {"users": "id", "webauthn_credentials": "id", "messages": "id", "messaging_public_keys": "id"}

Files = dict[str, str]


def table(name: str, /, **columns: str) -> str:
    """A table as a kind person would declare it."""
    told = "".join(
        f'\n[columns.{column}]\npurpose = "What the owner wants to remember."\nclass = "{kind}"\n'
        + ('resolution = "hour"\n' if kind in ("time", "expiry") else "")
        for column, kind in columns.items()
    )
    return f'table = "{name}"\npurpose = "Something useful."\n\n{KEPT}{told}'


def values_beside_an_owner(classes: Iterable[str]) -> Iterator[tuple[str, Files]]:
    """A value of every class beside every way to an owner, with the class."""
    for parent, kind in product(LEADS, classes):
        key = KEY.format(table="t", column="owner", parent=parent, to=LEADS[parent])
        yield kind, {"t.toml": table("t", owner="link", value=kind), "policy.toml": key}


def two_keys() -> Iterator[Files]:
    """Two keys in a row, each to somebody."""
    for one, other in product(LEADS, LEADS):
        keys = KEY.format(table="t", column="a", parent=one, to="id")
        keys += KEY.format(table="t", column="b", parent=other, to="id")
        yield {"t.toml": table("t", a="link", b="link"), "policy.toml": keys}


def two_tables() -> Files:
    """The second table leads to the first, and that to a person; a key of its own leads to another one."""
    keys = KEY.format(table="first", column="owner", parent="users", to="id")
    keys += KEY.format(table="second", column="entry", parent="first", to="id")
    keys += KEY.format(table="second", column="friend", parent="users", to="id")
    return {
        "first.toml": table("first", id="serial", owner="link"),
        "second.toml": table("second", entry="link", friend="link"),
        "policy.toml": keys,
    }


def group() -> Files:
    """People who share a row of a table that is about nobody."""
    keys = KEY.format(table="members", column="person", parent="users", to="id")
    keys += KEY.format(table="members", column="circle", parent="circles", to="id")
    return {
        "circles.toml": table("circles", id="serial", name="ciphertext"),
        "members.toml": table("members", person="link", circle="link"),
        "policy.toml": keys,
    }
