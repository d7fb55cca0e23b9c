"""Kinds of places, each with invented names where a name should not matter: found by structure, empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nosender.privacy_audit.explore.guessing.guesses import guess
from nosender.privacy_audit.explore.names.vocabulary import KNOWN
from nosender.privacy_audit.explore.names.words import reading, words_of
from nosender.privacy_audit.explore.places import places_of
from nosender.privacy_audit.explore.tables import Link, TableShape
from nosender.schema.observe.model import Column

if TYPE_CHECKING:
    from nosender.privacy_audit.explore.model import Table

USERS = "users (id* int, email text)"

KINDS = {
    "members who log in, and keys under their own names": (
        "members (id_member* int, passwd text, buddy_list text);"
        "personal_messages (id_{x}* int, id_member_from int, body text, sent_at time);"
        "{x}_{y} (id_{x} int, id_member int, unique id_{x} id_member)",
        "members.buddy_list personal_messages.id_member_from {x}_{y}.id_member",
    ),
    "deeds behind a person": (
        f"{USERS}; {{x}} (id* int, id_user int, id_user_started int)",
        "{x}.id_user {x}.id_user_started",
    ),
    "who invited which address": (
        f"{USERS}; {{x}}_invites (id* int, email text, created_by_id int > users)",
        "{x}_invites.email {x}_invites.created_by_id",
    ),
    "what is commented on is somebody's": (
        f"{USERS}; {{x}} (id* int, user_id int > users);"
        "{x}_comments (id* int, {x}_id int > {x}, user_id int > users, body text);"
        "{x}_{y} ({x}_id int > {x}, subscriber_id int > users, unique {x}_id subscriber_id)",
        "{x}.user_id {x}_comments.user_id {x}_{y}.subscriber_id",
    ),
    "messages that are signed": (
        "{x}_events (id* bytea, {y}_pubkey bytea, event_pubkey bytea, content text, created_at time)",
        "{x}_events.event_pubkey",
    ),
    "what people and messages share, whatever it is called": (
        f"{USERS}; {{x}} (id* int, label text);"
        "{y}_posts (id* int, {x}_id int > {x}, user_id int > users, body text);"
        "{x}_{y} (id* int, user_id int > users, {x}_id int > {x}, unique user_id {x}_id)",
        "{y}_posts.user_id {x}_{y}.user_id",
    ),
    "lists in one value": (
        f"{USERS}; {{x}}_posts (id* int, user_id int > users, body text, mentions jsonb);"
        "{y} (id* int, user_id int > users, viewers text)",
        "{x}_posts.user_id {x}_posts.mentions {y}.user_id {y}.viewers",
    ),
    "who is above whom": (
        "users (id* int, email text, {x}_parent_id int > users, merged_into_id int > users)",
        "users.{x}_parent_id",
    ),
    "who is tied to whom by a word of its own": (
        f"{USERS}; {{x}}ships (id* int, user_id int, {{x}}_id int)",
        "{x}ships.user_id {x}ships.{x}_id",
    ),
    "members by way of others": (
        f"{USERS}; {{x}}_members (id* int, user_id int > users, via int > {{x}}_members)",
        "{x}_members.user_id",
    ),
    "who is in what a table is named by": (
        f"{USERS}; {{x}} (id* int, label text); {{x}}_users (id* int, {{x}}_id int, user_id int)",
        "{x}_users.user_id",
    ),
    "kin": (f"{USERS}; {{x}} (id* int, user_id int, parent_user_id int)", "{x}.user_id {x}.parent_user_id"),
    "who follows what": (
        f"{USERS}; {{x}}_follow (user_id int > users, {{y}}_id int, unique user_id {{y}}_id)",
        "{x}_follow.user_id",
    ),
    "a sender under another key": (
        f"{USERS}; {{x}} (id* int, owner int > users);"
        "{y}_messages (id* int, sender_{x} int > {x}, message bytea, sent_at time)",
        "{y}_messages.sender_{x}",
    ),
    "a sender as a document": (
        "{x}_messages (id* int, author jsonb, body text, sent_at time)",
        "{x}_messages.author",
    ),
    "one family for each": (
        f"{USERS}; {{x}}_memberships (id* int, user_id* int > users, {{x}}_id int)",
        "{x}_memberships.user_id",
    ),
    "with whom a discussion is": (
        f"{USERS}; {{x}}_discussions (id* int, {{y}}_id int > users, finished_by int)",
        "{x}_discussions.{y}_id",
    ),
    "whoever does what no table is called by": (
        f"{USERS}; {{x}} (id* int, user_id int, {{y}}er_id int)",
        "{x}.user_id {x}.{y}er_id",
    ),
    "two agents of one row": (
        f"{USERS}; {{x}} (id* int, {{x}}or_id int, {{y}}er_id int)",
        "{x}.{x}or_id {x}.{y}er_id",
    ),
    "a message whose text stands elsewhere": (
        f"{USERS}; replies (id* int, user_id int > users, {{x}}_id int, {{y}} text)",
        "replies.user_id",
    ),
    "to whom it was done": (
        f"{USERS}; {{x}}s (id* int, {{x}}er_id int, {{x}}ee_id int)",
        "{x}s.{x}er_id {x}s.{x}ee_id",
    ),
    "people who are known by a handle": (
        "actor (did* text, handle text); {x}_block (uri* text, creator text, {y}Did text)",
        "{x}_block.creator {x}_block.{y}Did",
    ),
    "people of any name who log in": (
        "{x}s (id* int, email* text, encrypted_password text);"
        "{y} (id* int, post_id int > posts, {x}_id int > {x}s);"
        "posts (id* int, body text, {x}_id int > {x}s)",
        "{y}.{x}_id posts.{x}_id",
    ),
    "whole messages in a group": (
        f"{USERS}; rooms (id* int); {{x}} (room_id int > rooms, id text, xml text)",
        "{x}.xml",
    ),
    "which way a message went": (
        f"{USERS}; {{x}} (id* int, user_id int, sms_to text); {{y}} (id* int, call_from text, call_to text)",
        "{x}.user_id {x}.sms_to {y}.call_from {y}.call_to",
    ),
}
"""A schema and what has to be found in it; `*` marks a key, `>` what a foreign key refers to."""

HARMLESS = {
    "marks and counts": f"{USERS}; {{x}} (id* int, user_id int > users, flag_sender int, mentioned int)",
    "a thing that a maker points at": f"{USERS}; {{x}} (id* int, creator int, target text, {{y}}target int)",
    "an account that is somebody's twin": "users (id* int, email text, merged_into_user_id int > users)",
    "passwords of machines": "{x} (id* int, host text, password text); {y} (id* int, {x}_id int > {x})",
    "a table that bears a word for people": (
        f"{USERS}; sources (id* int, user_id int > users);"
        f"{{x}} (id* int, user_id int > users, source_id int);"
        "{y}ers (id* int, title text); {y} (id* int, user_id int > users, {y}er_id int)"
    ),
    "places of somebody's things": (
        f"{USERS}; {{x}} (id* int, user_id int > users, title text);"
        "{y} (id* int, {x}_id int > {x}, creator_id int)"
    ),
    "keys of one name in every table": (
        "users (ref* text, email text); {x} (ref* text); {y} (ref* text);"
        "{x}_{y} (ref* text, {x}_ref text > {x}, {y}_ref text > {y})"
    ),
    "which worker has it": f"{USERS}; queued_messages (id* int, message_id int, body text, locked_by text)",
    "another address of one's own": "users (id* int, email text, blocked_email text)",
    "rates and what none of the choices names": (
        f"{USERS}; {{x}} (id* int, from text, to text, rate int);"
        "{y} (id* int, user_id int > users, {x}_other text)"
    ),
    "how many people": f"{USERS}; {{x}}_statistic (id* int, users jsonb, emails jsonb)",
    "keys of people": f"{USERS}; {{x}} (id* int, user_id int > users, public_key bytea)",
}


def shapes(text: str) -> dict[Table, TableShape]:
    """Tables from one line each."""
    found = {}
    for line in text.split(";"):
        name, _, rest = line.strip().partition(" (")
        columns: list[Column] = []
        unique: set[frozenset[str]] = set()
        links, primary = [], ()
        for number, part in enumerate(rest.removesuffix(")").split(", "), 1):
            words = part.split()
            if words[0] == "unique":
                unique.add(frozenset(words[1:]))
                continue
            column = words[0].removesuffix("*")
            if words[0].endswith("*"):
                unique.add(frozenset((column,)))
                primary = primary or (column,)
            if ">" in words:
                links.append(Link((column,), ("public", words[-1]), ("id",)))
            columns.append(_column(name, number, column, words[1]))
        found["public", name] = TableShape(
            id=("public", name),
            words=words_of(name),
            kind="table",
            columns=tuple(columns),
            unique=tuple(sorted(unique, key=sorted)),
            primary=primary,
            links=tuple(links),
        )
    return found


def _column(table: str, position: int, name: str, kind: str) -> Column:
    types = {"int": "integer", "time": "timestamp with time zone"}
    return Column(
        schema="public",
        table=table,
        position=position,
        name=name,
        type=types.get(kind, kind),
        base_type=None,
        element_type=None,
        collation=None,
        not_null=True,
        default=None,
        identity=None,
        generated=None,
        storage="plain",
        compression=None,
        statistics_target=None,
        options=(),
        foreign_options=(),
        inherited=False,
        has_missing_value=False,
    )


def found_in(text: str) -> set[str]:
    places = places_of(guess(shapes(text)), None)
    return {
        f"{place.table[1]}.{each}"
        for place in places
        for each in place.people
        if place.confidence.value != "hint"
    }


INVENTED = st.lists(
    st.sampled_from([a + b for a in "bdfgklmnprstvz" for b in "aiou"]), min_size=3, max_size=3
).map(lambda some: "".join(some) + "k")
"""Words that no vocabulary has."""


def _unknown(word: str) -> bool:
    return words_of(word) == (word,) and word not in KNOWN and reading(word) is None


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=8)
@given(x=INVENTED.filter(_unknown), y=INVENTED.filter(_unknown))
def test_a_kind_is_found_whatever_it_is_called(kind: str, x: str, y: str) -> None:
    if x != y:
        schema, finds = (text.format(x=x, y=y) for text in KINDS[kind])
        assert found_in(schema) == set(finds.split())


@pytest.mark.parametrize("kind", HARMLESS)
@settings(max_examples=8)
@given(x=INVENTED.filter(_unknown), y=INVENTED.filter(_unknown))
def test_what_only_looks_like_it_is_not(kind: str, x: str, y: str) -> None:
    if x != y:
        assert found_in(HARMLESS[kind].format(x=x, y=y)) == set()


@pytest.mark.parametrize("name", ["..", "''", "сообщения"])
def test_a_name_without_a_latin_letter_says_nothing_and_ends_nothing(name: str) -> None:
    assert words_of(name) == ("",)
    assert found_in(f"users (id* int, name text)\n{name} (a int > users, b int > users, кому int, at time)")
