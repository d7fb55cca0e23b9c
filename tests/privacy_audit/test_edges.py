"""A row that joins two people is found whatever the catalogue allows, unless a key proves them to be one."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from nosender.privacy_audit.check import discover
from nosender.privacy_audit.runner import ask, read_snapshot
from nosender.schema import catalogue
from nosender.schema.catalogue import Catalogue, ForeignKey
from nosender.toml_reader import Place

(EDGE,) = (each for each in discover() if each.check.slug == "edge-table")
HERE = Place("policy.toml", 1)

DEVICES = "alter table webauthn_credentials add unique (id, user_id);"
PROVED = """
create table t (
  user_id integer not null references users,
  device_id integer not null references webauthn_credentials,
  foreign key (device_id, user_id) references webauthn_credentials (id, user_id)
);
"""


def allowing(*keys: tuple[str, str, str]) -> Catalogue:
    """The catalogue with foreign keys that its reader would refuse."""
    whole = catalogue.load()
    more = (ForeignKey(table, (column,), parent, ("id",), "", HERE) for table, column, parent in keys)
    return replace(whole, foreign_keys=(*whole.foreign_keys, *more))


def edges(conninfo: str, text: str, declared: Catalogue) -> list[str]:
    with psycopg.connect(conninfo, options="-c TimeZone=UTC", autocommit=True) as owner:
        owner.execute(text.encode())
    with psycopg.connect(conninfo) as connection:
        snapshot = read_snapshot(connection, "public", declared, call_probes=False).snapshot
    return [found.object for found in ask(EDGE, snapshot)[1]]


def test_a_contact_list_that_a_catalogue_allows_is_found(migrated: str) -> None:
    text = "create table contacts (a int references users, b int references users, primary key (a, b))"
    declared = allowing(("contacts", "a", "users"), ("contacts", "b", "users"))
    assert edges(migrated, text, declared) == ["public.contacts"]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("", "", []),
        ("device_id integer not null", "device_id integer", ["public.t"]),
        ("(id, user_id)\n", "(id, user_id) match full\n", []),
        ("device_id, user_id", "user_id, device_id", ["public.t"]),
    ],
)
def test_one_key_proves_that_two_ways_lead_to_one_person(
    any_migrated: str, old: str, new: str, found: list[str]
) -> None:
    assert edges(any_migrated, DEVICES + PROVED.replace(old, new), catalogue.load()) == found


def test_a_proof_that_is_switched_off_is_none(any_migrated: str) -> None:
    off = DEVICES + PROVED + "alter table t disable trigger all;"
    assert edges(any_migrated, off, catalogue.load()) == ["public.t"]


def test_a_proof_that_is_not_enforced_is_none(any_migrated: str) -> None:
    with psycopg.connect(any_migrated) as connection:
        major = connection.info.server_version // 10000
    state = "not enforced" if major >= 18 else "not valid"
    text = PROVED.split(",\n  foreign key")[0] + "\n);"
    text += (
        "alter table t add foreign key (device_id, user_id) references webauthn_credentials (id, user_id)"
        f" {state};"
    )
    assert edges(any_migrated, DEVICES + text, catalogue.load()) == ["public.t"]
