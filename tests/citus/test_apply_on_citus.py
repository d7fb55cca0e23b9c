"""`db scale-out apply` and `back` on Citus itself: no row is lost, and the schema is what it was."""

from __future__ import annotations

import json

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from nosender.migrations import runner
from nosender.server.target import Target
from nosender.traffic.fill import fill

from ..conftest import RunNosender
from ..scale_out.test_apply import differing, rows, shape
from .conftest import empty
from .stand_in import run, seen

pytestmark = pytest.mark.citus

THEIRS = """
create table public."their ""table" (id bigint primary key, person integer references public.users (id));
comment on table public."their ""table" is 'theirs; it''s kept';
comment on column public."their ""table".person is 'whose';
insert into public."their ""table" select id, id from public.users;
create schema theirs;
create table theirs.plain (device integer references public.webauthn_credentials (id) on delete cascade);
create index on theirs.plain (device);
insert into theirs.plain select id from public.webauthn_credentials;
grant select on theirs.plain to nosender_auditor;
"""


@pytest.fixture
def moved(cluster: tuple[str, ...]) -> tuple[str, ...]:
    """Another database on the same servers, with rows and tables of somebody's."""
    urls = empty([make_conninfo(each, dbname="postgres") for each in cluster], "moved")
    runner.upgrade(Target(urls[0]))
    fill(Target(urls[0]), 40, 400, 1)
    run(urls[0], THEIRS)
    return urls


def test_there_and_back(moved: tuple[str, ...], run_nosender: RunNosender) -> None:
    before, held, dropped = shape(moved[0]), rows(moved[0]), seen(moved[0]).dropped_columns
    named = [word for group in (1, 2) for word in ("--node", f"{group}={moved[group]}")]
    answer = run_nosender("--url", moved[0], "db", "scale-out", "apply", "--format", "json", *named)
    document = json.loads(answer.stdout)
    assert (answer.returncode, document["differing"], document["rows"]["public.messages"]) == (0, [], 400)
    assert document["rows"]['public."their ""table"'] == 40
    assert "theirs.plain" in document["rows"]
    assert rows(moved[0]) == held
    assert differing(moved[0]) == []
    with psycopg.connect(moved[0]) as coordinator:
        left = coordinator.execute(
            "select sum(pg_relation_size(logicalrelid)) from pg_dist_partition"
        ).fetchone()
    assert left == (0,), "nothing stands under the tables' own names"
    for words in (("apply", *named), ("status", "--every-node", *named)):
        again = run_nosender("--url", moved[0], "db", "scale-out", *words)
        assert again.returncode == 0, again.stdout
    answer = run_nosender("--url", moved[0], "db", "scale-out", "back")
    assert answer.returncode == 0, answer.stderr
    assert (shape(moved[0]), rows(moved[0])) == (before, held)
    assert seen(moved[0]).dropped_columns == dropped, "no column is left in the files"
