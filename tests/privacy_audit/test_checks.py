"""Every check, by its own examples: clean finds nothing, bad exactly what it says, fixed and good nothing.

And the reviewer's query, which is a second statement of the same question, finds the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

import psycopg
import pytest

from nosender.privacy_audit.check import Loaded, discover
from nosender.privacy_audit.checks.refresh_queries import refreshed
from nosender.privacy_audit.runner import ask, read_snapshot
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.schema.catalogue import load
from nosender.schema.observe import reference
from nosender.server.embedded import EmbeddedServer

from ..conftest import clone, migrated_template
from .auditor import as_auditor

CATALOGUE = load()
NO_SWEEP_YET = "no sweep has run to its end yet"
"""The one thing that a clean database cannot answer."""


FORMS = ("functions", "statements")
"""Who asks: a login that calls the counting functions, and one that reads the tables."""


def asks_probes(loaded: Loaded) -> frozenset[str]:
    """The probes whose answers a check looks at."""
    text = (loaded.folder / "check.py").read_text()
    return frozenset(re.findall(r'"(audit_\w+)"', text)) if "snapshot.probe" in text else frozenset()


CASES = [
    pytest.param(loaded, form, id=f"{loaded.check.slug}-{form}")
    for loaded in discover()
    for form in FORMS
    if form == "functions" or asks_probes(loaded)
]


Case = Callable[[Loaded, str], Snapshot]


def read(conninfo: str, form: str, *, call_probes: frozenset[str]) -> Snapshot:
    with psycopg.connect(as_auditor(conninfo) if form == "functions" else conninfo) as connection:
        return read_snapshot(connection, "public", CATALOGUE, call_probes=call_probes).snapshot


def case_of(conninfo: str, loaded: Loaded, form: str) -> Snapshot:
    """What the check is about, with the answers that it looks at."""
    return read(conninfo, form, call_probes=asks_probes(loaded))


@pytest.fixture(scope="module")
def clean(server: EmbeddedServer) -> Iterator[Case]:
    """What `case_of` says of a database that nobody touches, so that it is read once for all checks."""
    with clone(server, migrated_template(server)) as conninfo:
        once = cache(lambda form, probes: read(conninfo, form, call_probes=probes))
        yield lambda loaded, form: once(form, asks_probes(loaded))


def apply(conninfo: str, text: str) -> None:
    """Run an example as the owner of the database, its schema first in the search_path."""
    with psycopg.connect(conninfo, options="-c TimeZone=UTC -c search_path=public", autocommit=True) as owner:
        owner.execute(text.encode())


def by_query(conninfo: str, loaded: Loaded) -> tuple[str, ...]:
    with psycopg.connect(conninfo, options="-c search_path=public") as reviewer:
        return tuple(row[0] for row in reviewer.execute(loaded.example("query.sql").encode()))


def by_function(conninfo: str, loaded: Loaded, form: str) -> tuple[str, ...]:
    return found_in(loaded, case_of(conninfo, loaded, form))


def found_in(loaded: Loaded, case: Snapshot) -> tuple[str, ...]:
    result, findings = ask(loaded, case)
    assert result.reason is None or result.reason.startswith(NO_SWEEP_YET), result.reason
    return tuple(sorted(finding.object for finding in findings))


@pytest.mark.parametrize(("loaded", "form"), CASES)
def test_bad_is_found_and_fixed(migrated: str, clean: Case, loaded: Loaded, form: str) -> None:
    expected = loaded.expected()
    assert expected, "bad.sql says nothing about what is to be found"
    assert found_in(loaded, clean(loaded, form)) == by_query(migrated, loaded) == ()
    apply(migrated, loaded.example("bad.sql"))
    assert by_function(migrated, loaded, form) == expected
    assert by_query(migrated, loaded) == expected
    apply(migrated, loaded.example("fix.sql"))
    assert by_function(migrated, loaded, form) == by_query(migrated, loaded) == ()


@pytest.mark.parametrize(("loaded", "form"), CASES)
def test_the_nearest_innocent_thing_is_not_found(migrated: str, loaded: Loaded, form: str) -> None:
    apply(migrated, loaded.example("good.sql"))
    assert by_function(migrated, loaded, form) == by_query(migrated, loaded) == ()


@pytest.mark.parametrize("loaded", discover(), ids=lambda loaded: loaded.check.slug)
def test_the_lists_in_the_query_are_fresh(loaded: Loaded) -> None:
    text = loaded.example("query.sql")
    assert text == refreshed(text, CATALOGUE, reference("public")), (
        "run `python -m nosender.privacy_audit.checks.refresh_queries`"
    )


@pytest.mark.parametrize("loaded", discover(), ids=lambda loaded: loaded.check.slug)
def test_a_check_says_what_it_is(loaded: Loaded) -> None:
    check = loaded.check
    assert len(check.title) <= 100
    assert check.title.endswith(".")
    assert check.remedy.endswith(".")
    assert len(loaded.explanation.splitlines()) >= 3
    assert {path.name for path in loaded.folder.iterdir() if path.is_file()} == {
        "check.py",
        "query.sql",
        "bad.sql",
        "fix.sql",
        "good.sql",
    }
