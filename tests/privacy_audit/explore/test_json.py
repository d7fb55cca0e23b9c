"""The JSON of an exploration: its schema, the whole text of one answer, and what its queries need to run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import psycopg
import pytest
from psycopg import sql

from nosender.privacy_audit.explore.explore import BOUND, look
from nosender.privacy_audit.explore.model import (
    Exploration,
    Guess,
    Kind,
    Place,
    PlaceKind,
    Role,
    Trait,
)
from nosender.privacy_audit.explore.queries import query_of
from nosender.privacy_audit.explore.reports import html, render
from nosender.privacy_audit.finding import Confidence

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
SCHEMAS = sorted((HERE / "schemas").glob("*.sql"))
USERS, LETTERS = ("public", "users"), ("public", "letters")
GOLDEN = ("explore.json", "explore.txt", "explore.html")


@pytest.fixture
def answer() -> Exploration:
    """An answer that has one of everything."""
    columns = ("sender_id", "recipient_id")
    said = Place(
        PlaceKind.SENDER_AND_RECIPIENT,
        LETTERS,
        columns,
        ("room_id",),
        "who wrote to whom: sender_id beside recipient_id, to the second",
        Confidence.CERTAIN,
        "sender_id: its foreign key refers to public.users",
        query_of(LETTERS, PlaceKind.SENDER_AND_RECIPIENT, columns, ("room_id",)),
    )
    owner = replace(
        said, kind=PlaceKind.OWNER, people=("owner",), confidence=Confidence.HINT, why="by its name"
    )
    guesses = (
        Guess("sender_id", Kind.PERSON, Role.SENDER, "sender", Confidence.CERTAIN, "a foreign key", USERS),
        Guess("room_id", Kind.GROUP, None, "room", Confidence.LIKELY, "by its name, room"),
    )
    return Exploration(
        database="chat",
        server="18.6",
        role="reader",
        tool="nosender 0.0.0",
        tables=2,
        columns=9,
        places=(said, owner),
        traits=(Trait(LETTERS, "sent_at", "time", "to the second", measured=True, beside_person=True),),
        guesses=((LETTERS, guesses),),
        entities=((USERS, Kind.PERSON),),
        people=((USERS, "each row is a person by its name and email"),),
        notes=("A note.",),
        unseen=("rows of public.vault: this role may not read them",),
        bound=replace(BOUND, statements=7, sampled=2),
    )


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The schema of version 1, as it is shipped."""
    file = resources.files("nosender.privacy_audit.explore.reports").joinpath("explore-1.schema.json")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(found)
    return found


@pytest.mark.parametrize("name", GOLDEN)
def test_the_whole_text(answer: Exploration, name: str) -> None:
    """Golden files; NOSENDER_GOLDEN=write renews them. Read them before you commit them."""
    form = {"json": "json", "txt": "text", "html": "html"}[name.rpartition(".")[2]]
    rendered, file = render(form, answer), HERE / "golden" / name
    if os.environ.get("NOSENDER_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(rendered, encoding="utf-8")
    assert rendered == file.read_text(encoding="utf-8")


def closed(part: Any) -> Any:
    """The schema, with nothing beside what it names: a field that no reader was told of is found."""
    if isinstance(part, dict):
        more = {"additionalProperties": False} if "properties" in part else {}
        return {**{key: closed(each) for key, each in part.items()}, **more}
    return [closed(each) for each in part] if isinstance(part, list) else part


def test_every_field_is_told_and_every_told_one_is_there(answer: Exploration, schema: dict[str, Any]) -> None:
    data = json.loads(render("json", answer))
    jsonschema.validate(data, closed(schema))
    assert set(data) == set(schema["required"])


def test_the_kinds_of_the_schema_are_those_of_the_program(schema: dict[str, Any]) -> None:
    properties = schema["properties"]
    place, column = (properties[each]["items"]["properties"] for each in ("places", "columns"))
    assert place["kind"]["enum"] == [each.value for each in PlaceKind]
    assert place["confidence"]["enum"] == [each.value for each in Confidence]
    assert column["kind"]["enum"] == [each.value for each in Kind]
    assert column["role"]["enum"] == [*(each.value for each in Role), None]


def test_the_page_draws_as_the_page_of_the_audit(answer: Exploration) -> None:
    """One drawing for both: people on the left, messages on the right, what joins them in red."""
    page = render("html", answer)
    assert html.drawing(answer) in page
    assert 'class="edge bridge bad"' in page or 'class="edge bad"' in page
    assert page.index("People") < page.index("What joins people")


@pytest.fixture(scope="module")
def psql() -> str:
    found = shutil.which("psql")
    if found is None:
        pytest.skip("no psql on this machine")
    return found


def hostile(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Every table and column of the schemas, under a name that no query may trip over."""
    evil = "\":;\\!%\n\\{}$$'"  # no letter: the words of the name stay
    rows = connection.execute(
        b"select n.nspname, c.relname, a.attname"
        b" from pg_class as c join pg_namespace as n on n.oid = c.relnamespace"
        b" join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
        b" where c.relkind = 'r' and n.nspname in ('public', 'relay') order by 1, 2, a.attnum"
    ).fetchall()
    for schema, table, column in rows:
        connection.execute(
            sql.SQL("alter table {} rename column {} to {}").format(
                sql.Identifier(schema, table), sql.Identifier(column), sql.Identifier(f"{column} {evil}")
            )
        )
    for schema, table in dict.fromkeys(row[:2] for row in rows):
        connection.execute(
            sql.SQL("alter table {} rename to {}").format(
                sql.Identifier(schema, table), sql.Identifier(f"{table} {evil}"[:60])
            )
        )
        yield


@pytest.mark.parametrize("evil", [False, True], ids=["plain", "hostile"])
def test_every_query_runs_as_printed_in_psql(
    database: str, psql: str, schema: dict[str, Any], evil: bool, tmp_path: Path
) -> None:
    """Of every schema of these tests all queries, in one psql each, which stops at an error."""
    printed: list[str] = []
    for file in SCHEMAS:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(b"drop schema if exists public, relay cascade; create schema public")
            connection.execute(file.read_text().split("-- rows")[0].encode())
            if evil:
                list(hostile(connection))
        with psycopg.connect(database) as connection:
            data = json.loads(render("json", look(connection, "public", replace(BOUND, rows=0))))
        jsonschema.validate(data, closed(schema))
        queries = [place["query"] for place in data["places"]]
        printed += queries
        script = tmp_path / "queries.sql"
        script.write_text("set search_path = '';\n" + "\n".join(queries) + "\n", encoding="utf-8")
        ran = subprocess.run(  # psql, and what we printed
            [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", str(script)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PGCLIENTENCODING": "UTF8"},
        )
        assert ran.returncode == 0, f"{file.stem}: {ran.stderr}"
        assert ran.stdout.count("(1 row)") == len(queries)
    assert len(printed) > len(SCHEMAS)
