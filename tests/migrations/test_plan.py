"""A plan says what PostgreSQL really does: locks, rewrites, scans; and it goes stale."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest

from nosender.errors import NosenderError, UsageError
from nosender.migrations import runner
from nosender.migrations.plan import make_plan
from nosender.migrations.plan_text import as_json, as_text
from nosender.migrations.revisions import Chain
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from .extra import add

# statement, strongest lock by table, rewritten, read from end to end, part of a hazard
CLASSES = [
    ("alter table messages add column more text", {"messages": "ACCESS EXCLUSIVE"}, [], [], None),
    (
        "alter table messages add column more float default random()",
        {"messages": "ACCESS EXCLUSIVE"}, ["messages"], ["messages"], "writes every row",
    ),
    (
        "alter table users alter column id type bigint",
        {"users": "ACCESS EXCLUSIVE"}, ["users"], ["users"], "does not fit",
    ),
    (
        "alter table users add constraint c check (id > 0)",
        {"users": "ACCESS EXCLUSIVE"}, [], ["users"], "does not satisfy the check",
    ),
    (
        "alter table users add constraint d check (id > 0) not valid",
        {"users": "ACCESS EXCLUSIVE"}, [], [], None,
    ),
    ("create index more on users (created_at)", {"users": "SHARE"}, [], ["users"], "reads"),
    (
        "create table child (id bigint references messages)",
        {"messages": "SHARE ROW EXCLUSIVE"}, [], [], None,
    ),
    (
        "alter table ephemeral_keys add foreign key (id) references users not valid",
        {"ephemeral_keys": "SHARE ROW EXCLUSIVE", "users": "SHARE ROW EXCLUSIVE"}, [], [], None,
    ),
    (
        "alter table users alter column created_at set statistics 5",
        {"users": "SHARE UPDATE EXCLUSIVE"}, [], [], None,
    ),
    ("drop index idx_messages_expires_at", {"messages": "ACCESS EXCLUSIVE"}, [], [], None),
    (
        "create trigger t before insert on users execute function users_guard()",
        {"users": "SHARE ROW EXCLUSIVE"}, [], [], None,
    ),
    ("create function f() returns int language sql return 1", {}, [], [], None),
    ("update users set created_at = created_at", {"users": "ROW EXCLUSIVE"}, [], ["users"], "lasts as long"),
    (
        "truncate messages cascade",
        {"messages": "ACCESS EXCLUSIVE", "message_deliveries": "ACCESS EXCLUSIVE"},
        ["message_deliveries", "messages"], [], "deletes data",
    ),
]  # fmt: skip


def test_statement_classes(database: str, server: EmbeddedServer, versions: Path) -> None:
    """One plan over a revision for each class, so that the copy is made once."""
    target = Target(database)
    runner.upgrade(target)
    for number, (statement, *_) in enumerate(CLASSES):
        add(versions, f"09{number:02}", f"{statement};\n")
        undo = {
            "alter table messages add column more text": "alter table messages drop column more",
            CLASSES[1][0]: "alter table messages drop column more",
            "alter table users add constraint c check (id > 0)": "alter table users drop constraint c",
        }.get(statement)
        if undo:
            add(versions, f"09{number:02}u", f"{undo};\n")
    made = make_plan(target, versions=versions, scratch=server.conninfo())
    plans = {each.revision: each for each in made.revisions}
    for number, (statement, locks, rewrites, scans, hazard) in enumerate(CLASSES):
        found_statements = plans[f"09{number:02}"].statements
        assert len(found_statements) == 1, [each.seen.sql for each in found_statements]
        (planned,) = found_statements
        seen = planned.seen
        found = {lock.relation.removeprefix("public."): lock.mode for lock in seen.locks}
        assert {name: found.get(name) for name in locks} == locks, statement
        assert set(rewrites) <= {name.removeprefix("public.") for name in seen.rewrites}, statement
        assert rewrites or seen.rewrites == (), statement
        assert set(scans) <= {name.removeprefix("public.") for name in seen.scans}, statement
        if not scans:
            assert seen.scans == (), statement
        if hazard:
            assert any(hazard in text for text in planned.hazards), (statement, planned.hazards)
    with psycopg.connect(database) as connection:  # the target was only read
        assert connection.execute("select to_regclass('child')").fetchone() == (None,)


def test_text_and_json(database: str, server: EmbeddedServer, versions: Path, tmp_path: Path) -> None:
    target = Target(database)
    runner.upgrade(target)
    head = Chain.load(versions).head
    add(versions, "0900", "alter table messages add column more text;\n")
    step = "\n-- step: an index\ncreate index concurrently if not exists more_index on messages (more);\n"
    add(versions, "0901", step, transactional=False)
    made = make_plan(target, versions=versions, scratch=server.conninfo())
    text = as_text(made)
    assert text.startswith(f"{head} to 0901 in schema public\n")
    assert "ACCESS EXCLUSIVE on public.messages: blocks reads and writes" in text
    assert "in steps, outside transactions" in text
    assert "SHARE UPDATE EXCLUSIVE on public.messages" in text
    document = json.loads(as_json(made))
    assert document["format"] == "nosender.plan/1"
    statement = document["revisions"][1]["statements"][0]
    assert (statement["transactional"], statement["measured"], statement["lock_timeout"]) == (
        False,
        False,
        3600,
    )

    path = tmp_path / "plan.json"
    path.write_text(as_json(made))
    options = runner.Options(versions=versions, plan=path)
    with psycopg.connect(database) as connection:
        connection.execute("create table beside (a int)")
    with pytest.raises(NosenderError, match="the schema has changed since the plan"):
        runner.upgrade(target, options=options)
    with psycopg.connect(database) as connection:
        connection.execute("drop table beside")
    sql = versions / "0900_more.up.sql"
    sql.write_text("alter table messages add column more bytea;\n")
    with pytest.raises(NosenderError, match="is of other revisions than are pending"):
        runner.upgrade(target, options=options)
    sql.write_text("alter table messages add column more text;\n")
    assert runner.upgrade(target, options=options).applied == ("0900", "0901")
    path.write_text("{}")
    with pytest.raises(UsageError, match="cannot be read as a plan"):
        runner.upgrade(target, options=options)


def test_a_revision_that_fails_is_told_before_it_is_run(
    database: str, server: EmbeddedServer, versions: Path
) -> None:
    target = Target(database)
    runner.upgrade(target)
    add(versions, "0900", "alter table nowhere add column more text;\n")
    with pytest.raises(NosenderError, match=r"0900 fails in rehearsal: relation .nowhere. does not exist"):
        make_plan(target, versions=versions, scratch=server.conninfo())
