"""A project's catalogue only adds: what it may not say is refused by line, however kindly it is said."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from nosender.errors import UsageError
from nosender.privacy_audit.runner import Options, chosen, judge, read_snapshot
from nosender.project import find
from nosender.project.declared import catalogue_of, digest_of
from nosender.schema.catalogue import Catalogue, Overlay, load, people
from nosender.schema.catalogue.overlay import merged

from .kindly import KEY, group, table, two_keys, two_tables, values_beside_an_owner

CORE = load()


def declared(folder: Path, files: dict[str, str]) -> Catalogue:
    """The catalogue with these files of a project's; UsageError where one is refused."""
    privacy = folder / "privacy"
    privacy.mkdir(exist_ok=True)
    for old in privacy.iterdir():
        old.unlink()
    for name, text in files.items():
        (privacy / name).write_text(text)
    catalogue = merged(CORE, Overlay("shop", folder, privacy, "shop_version"))
    people.refuse(catalogue)
    return catalogue


INNOCENT = {"ciphertext", "wrapped-key", "signature", "random-id", "serial", "time", "expiry", "counter",
            "state", "bookkeeping"}  # fmt: skip
"""Classes that say of a value that it leads to nobody; the audit holds the rows against that."""


def test_whoever_declares_two_people_in_a_row_is_refused_when_read(tmp_path: Path) -> None:
    """Every class of a value beside every way to an owner: only those that say of nobody are read."""
    taken = set()
    for kind, files in values_beside_an_owner(each.name for each in CORE.classes):
        with suppress(UsageError):
            declared(tmp_path, files)
            taken.add(kind)
    assert taken == INNOCENT


def test_without_the_rule_a_reader_takes_them_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: nothing else is wrong with what the generators declare. What 0.1.0 says of them is told by
    benchmarks/kindly.py, for its program is in no later one.
    """
    monkeypatch.setattr(people, "refuse", lambda _: None)
    refused = set()
    for kind, files in values_beside_an_owner(each.name for each in CORE.classes):
        try:
            declared(tmp_path, files)
        except UsageError:
            refused.add(kind)
    assert refused == {"destination-phone"}  # which stands beside nobody else, and never did
    for files in (*two_keys(), two_tables(), group()):
        declared(tmp_path, files)


def test_two_ways_to_people_are_refused_whatever_leads_there(tmp_path: Path) -> None:
    for files in (*two_keys(), two_tables()):
        with pytest.raises(UsageError, match="singles out two people"):
            declared(tmp_path, files)


def test_groups_of_people_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="puts people into"):
        declared(tmp_path, group())


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("users.toml", table("users", id="serial"), "table 'users' is one of ours"),
        ("vocabulary.toml", "[classes.link]\nmeans = 'x'\npersonal = false\n", "class 'link' is one of ours"),
        ("vocabulary.toml", "[resolutions.day]\nmeans = 'x'\nseconds = 86400\n", "unknown key 'resolutions'"),
        ("policy.toml", "[sweep]\ninterval = '1 day'\n", "unknown key 'sweep'"),
        (
            "policy.toml",
            KEY.format(table="messages", column="id", parent="users", to="id"),
            "not the project",
        ),
        ("policy.toml", "[roles.nosender_app]\npurpose = 'x'\n", "role 'nosender_app' is one of ours"),
        ("policy.toml", "[extensions.btree_gist]\npurpose = 'x'\n", "extension 'btree_gist' is one of ours"),
        ("t.toml", table("t", id="serial").replace("purpose", "made_by = 'alembic'\npurpose", 1), "made_by"),
        ("shop_version.toml", table("shop_version", version_num="bookkeeping"), "is declared at"),
    ],
)
def test_what_is_ours_is_not_said_again(tmp_path: Path, name: str, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        declared(tmp_path, {name: text})


def test_a_class_of_theirs_that_is_personal_leads_to_a_person(tmp_path: Path) -> None:
    word = "[classes.handle]\nmeans = 'How one is called.'\npersonal = {}\nsampled = false\n"
    files = {
        "t.toml": table("t", owner="link", handle="handle"),
        "policy.toml": KEY.format(table="t", column="owner", parent="users", to="id"),
    }
    with pytest.raises(UsageError, match="singles out two people"):
        declared(tmp_path, files | {"vocabulary.toml": word.format("true")})
    plain = declared(tmp_path, files | {"vocabulary.toml": word.format("false")})
    assert {each.name: each.whose for each in plain.tables if each.whose} == {
        "t": "shop",
        "shop_version": "shop",
    }


def test_a_second_person_in_the_rows_is_found(connection: psycopg.Connection, tmp_path: Path) -> None:
    """What the declaration calls innocent, and holds another's number all the same."""
    kinds = [each for each in sorted(INNOCENT) if each not in ("time", "expiry")]
    files, keys = {}, ""
    for kind in kinds:
        name = "notes_" + kind.replace("-", "_")
        files[f"{name}.toml"] = table(name, owner="link", value=kind)
        keys += KEY.format(table=name, column="owner", parent="users", to="id")
        connection.execute(
            f"create table {name} (owner integer not null references users on delete cascade, value text)"
        )
    connection.commit()
    for number in range(10):
        connection.execute("select register_user(%s)", (f"+4915112345{number:02}",))
        connection.commit()
    for kind in kinds:
        name = "notes_" + kind.replace("-", "_")
        connection.execute(
            f"insert into {name} select u.id, o.phone_number from users as u"
            " inner join users as o on o.id = u.id % 10 + 1"
        )
    connection.commit()
    catalogue = declared(tmp_path, {**files, "policy.toml": keys})
    reading = read_snapshot(connection, "public", catalogue)
    audit = judge(reading, chosen(["matching-value"]), Options(checks=("matching-value",)))
    found = {each.object for each in audit.findings if each.check == "matching-value"}
    assert found >= {f"public.notes_{kind.replace('-', '_')}.value" for kind in kinds}


def test_a_link_beside_what_is_declared_is_found_whatever_holds_it(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    """A view in a declared table's place, another schema, a function that answers with pairs."""
    connection.execute(
        "create view notes as select a.id as owner, b.phone_number as value from users as a, users as b;"
        "create schema aside; create table aside.circle (a integer references users, b integer);"
        "create function pairs() returns table (a integer, b integer) language sql as"
        " 'select a.id, b.id from public.users as a, public.users as b'"
    )
    connection.commit()
    files = {"notes.toml": table("notes", owner="serial", value="state")}
    slugs = ("undeclared-view", "undeclared-table", "undeclared-schema", "undeclared-function")
    known = {each.check.slug for each in chosen(())}
    checks = tuple(each for each in slugs if each in known)
    audit = judge(
        read_snapshot(connection, "public", declared(tmp_path, files), call_probes=False),
        chosen(checks),
        Options(checks=checks),
    )
    text = " ".join(each.object for each in audit.findings)
    assert "public.notes" in text
    assert "aside" in text
    assert "public.pairs" in text


def test_the_digest_is_of_all_that_is_declared(courier: Path) -> None:
    def digest() -> str | None:
        return digest_of(find(courier))

    seen = {digest()}
    for name in ("privacy/push_tokens.toml", "privacy/policy.toml"):
        path = courier / name
        path.write_text(path.read_text().replace("device", "phone", 1))
        seen.add(digest())
    frozen = courier / "privacy" / "frozen.json"
    frozen.write_text(frozen.read_text() + "\n")
    seen.add(digest())
    toml = courier / "nosender.toml"
    toml.write_text(toml.read_text().replace('name = "courier"', 'name = "other"'))
    seen.add(digest())
    assert len(seen) == 5
    assert catalogue_of(find(courier)).table("push_tokens") is not None
