"""What an owner put on the version table or the journal is refused before the first write, and never runs."""

from __future__ import annotations

import psycopg
import pytest

from nosender.errors import NosenderError
from nosender.migrations import runner
from nosender.migrations.revisions import Chain
from nosender.server.target import Target

HEAD = Chain.load().head
BEFORE = Chain.load().revisions[-2].revision
CODE = """
  create schema planted;
  create table planted.ran (who text);
  create function planted.note(text) returns boolean language plpgsql as
    $$ begin insert into planted.ran values (current_user); return true; end $$;
  create function planted.word(text) returns text language plpgsql as
    $$ begin insert into planted.ran values (current_user); return $1; end $$;
  create function planted.fired() returns trigger language plpgsql as
    $$ begin insert into planted.ran values (current_user); return new; end $$;
"""
PLANTED = {
    "trigger": "create trigger t before insert or update on {} for each row execute function planted.fired()",
    "statement's trigger": "create trigger t after insert on {} execute function planted.fired()",
    "check": "alter table {} add constraint c check (planted.note('x')) not valid",
    "rule": "create rule r as on insert to {} do also insert into planted.ran values ('rule')",
    "default": "alter table {} alter {column} set default planted.word('x')",
    "new column's default": "alter table {} add extra text default planted.word('x')",
    "policy": "alter table {0} enable row level security; alter table {0} force row level security; "
    "create policy p on {0} with check (planted.note('x'))",
}
TABLES = {"alembic_version": "version_num", "migration_journal": "checksum"}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("kind", PLANTED)
def test_nothing_planted_runs(migrated: str, kind: str, table: str) -> None:
    target = Target(migrated)
    with psycopg.connect(migrated, autocommit=True) as owner:
        if owner.execute("select count(*) from migration_journal").fetchone() == (0,):  # loaded from the DDL
            with owner.transaction():
                from nosender.migrations import journal

                journal.stamp(owner, "public", HEAD)
        owner.execute(CODE.encode())
        owner.execute(PLANTED[kind].format(table, column=TABLES[table]).encode())
        owner.execute("truncate planted.ran")
    without = runner.Options(verify=False)
    for act in (
        lambda: runner.accept(target, HEAD),
        lambda: runner.downgrade(target, BEFORE),
        lambda: runner.downgrade(target, BEFORE, without),
    ):
        with pytest.raises(NosenderError, match=r"would run what somebody wrote|is no ordinary table"):
            act()
    with psycopg.connect(migrated) as owner:
        assert owner.execute("select * from planted.ran").fetchall() == []
