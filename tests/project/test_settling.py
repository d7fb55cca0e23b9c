"""Rows of a project's are written anew in random order as ours are, by what its catalogue says."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from nosender.errors import NosenderError, UsageError
from nosender.migrations import runner
from nosender.privacy_audit.result.limits import unsettled_tables
from nosender.privacy_audit.runner import read_snapshot
from nosender.project import Project, find
from nosender.project.declared import catalogue_of, frozen_of
from nosender.retention.ledger import verify_target
from nosender.retention.project_policy import missing
from nosender.retention.sweep import FAST, sweep
from nosender.retention.unsettled import read_unsettled
from nosender.schema.observe import observe
from nosender.server.target import Target

from ..retention import settling
from ..retention.settling import at, do
from .kindly import KEY

NOTES = """
create schema desk;
create table desk.notes (
  id bigint primary key
    default (('x' || translate(left(gen_random_uuid()::text, 13), '-', ''))::bit(48)::bigint),
  user_id integer not null references users (id) on delete cascade,
  sealed bytea not null,
  created_at timestamp not null default date_trunc('hour', now() at time zone 'utc')
);
alter table desk.notes alter column sealed set storage external;
"""
DECLARED = """\
table = "desk.notes"
purpose = "What somebody writes down for himself, sealed."

[retention]
rule = "follows"
parents = ["users"]
settled_by = "created_at"
raised = ["created_at"]

[columns.id]
purpose = "The number of the row, drawn at random."
class = "serial"

[columns.user_id]
purpose = "Whose it is."
class = "link"

[columns.sealed]
purpose = "The note, sealed by its owner."
class = "ciphertext"

[columns.created_at]
purpose = "The hour in which it came."
class = "time"
resolution = "hour"
"""
SEALED = "(select string_agg(sha256(gen_random_uuid()::text::bytea), '') from generate_series(1, 100))"


def tokens(conninfo: str, time: str, first: int, last: int) -> None:
    """A token for each of these devices, in the order of their numbers, a transaction each."""
    do(
        conninfo,
        time,
        *(
            "insert into push_tokens (webauthn_credential_id, sealed_token, expires_at)"
            f" values ({n}, sha256('{n}') || sha256('{n}'), '2032-01-01')"
            for n in range(first, last + 1)
        ),
    )


def order(target: Target) -> list[int]:
    """The devices of the tokens, in the order of their places in the file."""
    with psycopg.connect(target.conninfo) as connection:
        rows = connection.execute("select webauthn_credential_id from push_tokens order by ctid").fetchall()
    return [number for (number,) in rows]


def sets(target: Target, table: str) -> list[tuple[str, str, int]]:
    """Status, end and size of each settled set."""
    with psycopg.connect(target.conninfo) as connection:
        return connection.execute(
            "select status, to_char(settled_until, 'DD HH24:MI'), settled from retention_runs"
            " where phase = 'settled' and table_name = %s and settled > 0 order by id",
            [table],
        ).fetchall()


def unsettled(target: Target, time: str) -> set[str]:
    """The tables of which the audit would say so, with a grace of an hour."""
    with psycopg.connect(at(target.conninfo, time).conninfo) as connection:
        rows = connection.execute(
            "select table_name from audit_settling('1 hour') where unsettled > 0"
        ).fetchall()
    return {name for (name,) in rows}


def test_tokens_settle_with_a_receipt_and_are_found_where_they_do_not(both: Target, project: Project) -> None:
    with psycopg.connect(both.conninfo, autocommit=True) as owner:
        settling.set_back(owner)
    settling.people(both.conninfo, 40)
    sweep(at(both.conninfo, "01:01"), pace=FAST, project=project)
    tokens(both.conninfo, "01:10", 1, 20)
    tokens(both.conninfo, "01:50", 21, 40)
    assert order(both) == list(range(1, 41))
    assert {each.table: each.rows for each in read_unsettled(at(both.conninfo, "02:01"))}["push_tokens"] == 40
    receipt = sweep(at(both.conninfo, "02:01"), pace=FAST, project=project)
    assert receipt.settled >= 40
    assert sets(both, "push_tokens") == [("done", "06 02:00", 40)]
    assert order(both) != list(range(1, 41))
    assert sorted(order(both)) == list(range(1, 41))
    with psycopg.connect(both.conninfo) as connection:
        assert connection.execute("select count(distinct xmin::text) from push_tokens").fetchone() == (1,)
    assert unsettled(both, "05:30") == set()
    # by the procedure, which knows nothing but what stands in the database
    do(
        both.conninfo,
        "02:30",
        "update push_tokens set expires_at = '2032-01-02' where webauthn_credential_id < 9",
    )
    do(both.conninfo, "03:01", "call retention_sweep()")
    assert sets(both, "push_tokens")[1:] == [("done", "06 03:00", 8)]
    do(
        both.conninfo,
        "03:10",
        "update push_tokens set expires_at = '2032-01-03' where id in (select min(id) from push_tokens)",
    )
    with psycopg.connect(at(both.conninfo, "03:30").conninfo) as holder:  # passed over, and not told again
        holder.execute("select from push_tokens for update")
        sweep(at(both.conninfo, "04:01"), pace=FAST, project=project)
    assert unsettled(both, "04:30") == set()
    assert unsettled(both, "09:30") == {"push_tokens"}
    sweep(at(both.conninfo, "09:31"), pace=FAST, project=project)
    assert unsettled(both, "14:00") == set()
    assert not verify_target(both).problems


def declared(both: Target, courier: Path, text: str = DECLARED, *, clock: bool = True) -> Project:
    """The example with a table of notes, in a schema of its own, and what a revision of it would install."""
    (courier / "privacy" / "desk.notes.toml").write_text(text)
    with (courier / "privacy" / "policy.toml").open("a") as policy:
        policy.write(KEY.format(table="desk.notes", column="user_id", parent="users", to="id"))
    project = find(courier)
    with psycopg.connect(both.conninfo, autocommit=True) as owner:
        if clock:
            settling.set_back(owner)
        owner.execute(NOTES.encode())
        sql = missing(catalogue_of(project), observe(owner, "public"))
        assert (sql is None) is (text is not DECLARED)
        if sql is not None:
            owner.execute(sql.encode())
        assert missing(catalogue_of(project), observe(owner, "public")) is None
    return project


def test_a_time_says_when_and_rises_and_what_lies_out_of_line_is_stored_anew(
    both: Target, courier: Path
) -> None:
    project = declared(both, courier)
    settling.people(both.conninfo, 30)

    def write(time: str, first: int) -> None:
        rows = (
            f"insert into desk.notes (user_id, sealed) values ({n}, {SEALED})"
            for n in range(first, first + 10)
        )
        do(both.conninfo, time, *rows)

    def stored() -> tuple[set[int], set[int], int]:
        """The people, the hours, and the lowest number of a value out of line."""
        with psycopg.connect(both.conninfo) as connection:
            rows = connection.execute("select user_id, created_at from desk.notes").fetchall()
            found = connection.execute(
                "select reltoastrelid::regclass::text from pg_class where oid = 'desk.notes'::regclass"
            ).fetchone()
            assert found is not None
            lowest = connection.execute(f"select min(chunk_id)::bigint from {found[0]}".encode()).fetchone()
        assert lowest is not None
        return {user for user, _ in rows}, {created.hour for _, created in rows}, lowest[0]

    write("07:10", 1)
    write("08:10", 11)
    assert unsettled(both, "09:50") == set()
    assert unsettled(both, "12:00") == {"desk.notes"}
    sweep(at(both.conninfo, "12:01"), pace=FAST, project=project)
    assert sets(both, "desk.notes") == [("done", "06 12:00", 20)]
    assert stored()[:2] == (set(range(1, 21)), {6})
    assert unsettled(both, "16:00") == set()
    before = stored()[2]
    sweep(at(both.conninfo, "00:01", "2031-05-07"), pace=FAST, project=project)
    assert sets(both, "desk.notes")[1:] == [("done", "07 00:00", 20)]
    assert stored()[:2] == (set(range(1, 21)), {0})
    assert stored()[2] > before  # the old ones are vacuumed


def test_ours_does_not_go_back_below_it(both: Target) -> None:
    with pytest.raises(NosenderError, match="cannot go back: a project's tables settle"):
        runner.downgrade(both, "0017")


def test_what_nothing_settles_is_named_in_the_limits(both: Target, courier: Path) -> None:
    text = DECLARED.replace('settled_by = "created_at"\nraised = ["created_at"]\n', "")
    project = declared(both, courier, text, clock=False)
    with psycopg.connect(both.conninfo) as connection:
        frozen = frozen_of(project, "public")
        reading = read_snapshot(connection, "public", catalogue_of(project), frozen=frozen)
    (told,) = unsettled_tables(reading.snapshot)
    assert told.startswith("Order, of tables beside ours: no sweep settles desk.notes, so their rows keep")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            'settled_by = "created_at"',
            'settled_by = "sealed"',
            "7: settled_by is 'sealed': it is a column of",
        ),
        ('settled_by = "created_at"', "", "8: times rise as their rows settle"),
        ('raised = ["created_at"]', 'raised = ["id"]', "names 'id', which is no column of the class time"),
        ('raised = ["created_at"]', 'raised = "created_at"', "must be a list of texts"),
    ],
)
def test_what_cannot_be_declared_so_is_refused_by_line(courier: Path, old: str, new: str, says: str) -> None:
    assert old in DECLARED
    (courier / "privacy" / "desk.notes.toml").write_text(DECLARED.replace(old, new))
    with pytest.raises(UsageError, match=says) as refused:
        catalogue_of(find(courier))
    assert str(refused.value).startswith("privacy/desk.notes.toml:")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("drop constraint notes_pkey", "an id, an integer or bigint with which a unique index begins"),
        ("alter id drop default, alter id add generated always as identity", "their id is generated always"),
        ("add more jsonb", "a value of jsonb keeps its number out of line"),
    ],
)
def test_what_cannot_settle_is_refused_by_the_freeze(
    both: Target, courier: Path, change: str, says: str
) -> None:
    project = declared(both, courier)
    with psycopg.connect(both.conninfo) as connection:
        connection.execute(f"alter table desk.notes {change}".encode())
        with pytest.raises(UsageError, match=says):
            missing(catalogue_of(project), observe(connection, "public"))
