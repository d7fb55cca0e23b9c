"""The rehearsal reports of each class of statement what PostgreSQL was measured to do, on every major.

Triggers by row do not fire on a copy without rows: that a DELETE locks rows of the tables that refer to it
is told as a hazard.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from nosender.migrations.rehearsal import Rehearsal
from nosender.migrations.revisions import Chain
from nosender.server.embedded import EmbeddedServer

from ..conftest import clone
from .extra import add

BEFORE = """
create type mood as enum ('good');
create table parent (
  id int primary key, name varchar(10), code varchar(10), note text,
  amount numeric(8, 2), at timestamp, flag boolean,
  constraint named check (name <> '')
);
create table child (id int primary key, parent_id int constraint child_parent references parent, v int);
alter table child add constraint v_positive check (v > 0) not valid;
alter table child add constraint has_parent check (parent_id is not null);
create index parent_name on parent (name);
create unique index parent_note on parent (note);
create table visits (at date not null, who int) partition by range (at);
create table visits_2025 partition of visits for values from ('2025-01-01') to ('2026-01-01');
create table visits_2026 (at date not null, who int);
create view names as select flag from parent;
create materialized view totals as select id, flag from parent;
create unique index totals_id on totals (id);
create function f() returns trigger language plpgsql as 'begin return new; end';
create trigger t before insert on parent for each row execute function f();
create policy p on parent using (true);
create rule r as on delete to child do also select 1;
create statistics s on name, note from parent;
create sequence numbers;
"""

AS, RS, RE = "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE"
SUE, S, SRE, E, AE = "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"


@dataclass(frozen=True)
class Fact:
    """One statement, and what it was measured to do."""

    sql: str
    locks: dict[str, str]
    rewrites: tuple[str, ...] = ()
    scans: tuple[str, ...] = ()
    until: int = 99
    """The last major on which it is so."""
    since: int = 15


def _parent(sql: str, mode: str = AE, *, rewrites: bool = False, scans: bool = False) -> Fact:
    both = ("parent",)
    return Fact(
        f"alter table parent {sql}", {"parent": mode}, both if rewrites else (), both if scans else ()
    )


FACTS = (
    # columns
    _parent("add column more text"),
    _parent("add column more int default 1"),
    _parent("add column more timestamptz default now()"),
    _parent("add column more int not null default 1"),
    _parent("add column more int check (more > 0)", scans=True),
    _parent("add column more timestamptz default clock_timestamp()", rewrites=True, scans=True),
    _parent("add column more uuid default gen_random_uuid()", rewrites=True, scans=True),
    _parent("add column more serial", rewrites=True, scans=True),
    _parent("add column more int generated always as identity", rewrites=True, scans=True),
    _parent("add column more int generated always as (id + 1) stored", rewrites=True, scans=True),
    Fact("alter table child add column more int references parent", {"child": AE, "parent": SRE}),
    Fact("alter table parent drop column flag cascade", {"parent": AE, "names": AE, "totals": AE}),
    _parent("rename column flag to marked"),
    _parent("rename to parents"),
    _parent("alter column flag set default true"),
    _parent("alter column flag drop default"),
    _parent("alter column flag set not null", scans=True),
    Fact("alter table child alter column parent_id set not null", {"child": AE}),
    _parent("alter column name drop not null"),
    _parent("alter column flag set storage plain"),
    _parent("alter column note set storage external"),
    _parent("alter column name set statistics 10", SUE),
    _parent("alter column name set (n_distinct = 5)", SUE),
    # types
    Fact("alter table child alter column v type bigint", {"child": AE}, ("child",), ("child",)),
    _parent("alter column at type date", rewrites=True, scans=True),
    _parent("alter column amount type numeric(10, 2)"),
    _parent("alter column note type varchar"),
    _parent("alter column at type timestamptz"),
    _parent("alter column code type varchar(5)", rewrites=True, scans=True),
    _parent("alter column code type varchar(20)"),
    _parent("alter column name type varchar(20)", scans=True),  # for its CHECK
    _parent("alter column code type text"),
    # constraints
    _parent("add constraint c check (id > 0)", scans=True),
    _parent("add constraint c check (id > 0) not valid"),
    _parent("add constraint c unique (name)", scans=True),
    _parent("add constraint c unique using index parent_note"),
    _parent("add constraint c exclude using btree (name with =)", scans=True),
    _parent("drop constraint named"),
    _parent("rename constraint named to called"),
    Fact("alter table child validate constraint v_positive", {"child": SUE}, scans=("child",)),
    Fact(
        "alter table child add constraint c foreign key (v) references parent",
        {"child": SRE, "parent": SRE},
        scans=("child",),
    ),
    Fact(
        "alter table child add constraint c foreign key (v) references parent not valid",
        {"child": SRE, "parent": SRE},
    ),
    Fact("alter table child drop constraint child_parent", {"child": AE, "parent": AE}),
    Fact("alter table child alter constraint child_parent deferrable", {"child": AE}),
    Fact("create table more (id int references parent)", {"parent": SRE}),
    Fact("create table more (like parent)", {"parent": AS}),
    Fact("create table more () inherits (child)", {"child": SUE}),
    # indexes
    Fact("create index more on parent (flag)", {"parent": S}, scans=("parent",)),
    Fact("create index concurrently if not exists more on parent (flag)", {"parent": SUE}),
    Fact("drop index parent_name", {"parent": AE}),
    Fact("drop index concurrently if exists parent_name", {"parent": SUE}),
    Fact("reindex index parent_name", {"parent": S, "parent_name": AE}, scans=("parent",)),
    Fact(
        "reindex table parent",
        {"parent": S, "parent_name": AE, "parent_note": AE, "parent_pkey": AE},
        scans=("parent",),
    ),
    Fact("reindex index concurrently parent_name", {"parent": SUE}),
    Fact("reindex table concurrently parent", {"parent": SUE}),
    Fact("alter index parent_name rename to more", {"parent_name": SUE}),
    Fact("alter index parent_name set (fillfactor = 80)", {"parent_name": SUE}),
    _parent("cluster on parent_name", SUE),
    Fact("cluster parent using parent_name", {"parent": AE}, ("parent",), ("parent",)),
    # storage
    _parent("set (fillfactor = 80)", SUE),
    _parent("set (autovacuum_enabled = off)", SUE),
    Fact("alter table child set unlogged", {"child": AE}, ("child",), ("child",)),
    _parent("set logged"),
    _parent("set tablespace pg_default"),
    Fact("vacuum parent", {"parent": SUE}),
    Fact("vacuum full parent", {"parent": AE}, ("parent",), ("parent",)),
    Fact("analyze parent", {"parent": SUE}),
    Fact("truncate child", {"child": AE}, ("child",)),
    Fact("truncate parent cascade", {"parent": AE, "child": AE}, ("child", "parent")),
    # partitions
    Fact(
        "alter table visits attach partition visits_2026 for values from ('2026-01-01') to ('2027-01-01')",
        {"visits": SUE, "visits_2026": AE},
        scans=("visits_2026",),
    ),
    Fact("alter table visits detach partition visits_2025", {"visits": AE, "visits_2025": AE}),
    Fact("alter table visits detach partition visits_2025 concurrently", {"visits": SUE, "visits_2025": AE}),
    Fact(
        "create table more partition of visits for values from ('2027-01-01') to ('2028-01-01')",
        {"visits": AE},
    ),
    # triggers, policies, rules
    Fact("create trigger more before insert on parent for each row execute function f()", {"parent": SRE}),
    Fact("drop trigger t on parent", {"parent": AE}),
    _parent("disable trigger t", SRE),
    _parent("enable row level security"),
    _parent("force row level security"),
    Fact("create policy more on parent using (true)", {"parent": AE}),
    Fact("alter policy p on parent using (false)", {"parent": AE}),
    Fact("drop policy p on parent", {"parent": AE}),
    Fact("create rule more as on insert to child do also select 1", {"child": AE}),
    Fact("drop rule r on child", {"child": AE}),
    # views and the rest
    Fact("create or replace view names as select flag from parent", {"names": AE, "parent": AS}),
    Fact("create view more as select id from parent", {"parent": AS}),
    Fact("drop view names", {"names": AE}),
    Fact("refresh materialized view totals", {"totals": AE, "parent": AS}, ("totals",), ("parent", "totals")),
    Fact(
        "refresh materialized view concurrently totals",
        {"totals": E, "parent": AS},
        scans=("parent", "totals"),
    ),
    Fact("drop materialized view totals", {"totals": AE}),
    Fact("drop table child", {"child": AE, "parent": AE}),
    _parent("owner to postgres"),
    Fact("comment on table parent is 'x'", {"parent": SUE}),
    Fact("create statistics more on name, at from parent", {"parent": SUE}),
    Fact("drop statistics s", {"parent": SUE}),
    Fact("grant select on parent to public", {}, until=17),
    Fact("grant select on parent to public", {"parent": AS}, since=18),
    Fact("alter type mood add value 'bad'", {}),
    Fact("create or replace function f() returns trigger language plpgsql as 'begin return null; end'", {}),
    Fact("alter sequence numbers restart", {"numbers": SRE}),
    Fact("drop sequence numbers", {"numbers": AE}),
    # rows
    Fact("update parent set flag = true", {"parent": RE}, scans=("parent",)),
    Fact("delete from parent", {"parent": RE}, scans=("parent",)),
    Fact("insert into child select 1, 1, 1 where false", {"child": RE}),
    Fact("select 1 from parent for update", {"parent": RS}, scans=("parent",)),
    Fact("select count(*) from parent", {"parent": AS}, scans=("parent",)),
    Fact("lock table parent in exclusive mode", {"parent": E}),
)


def test_every_class_of_statement(any_server: EmbeddedServer, tmp_path: Path) -> None:
    facts = [fact for fact in FACTS if fact.since <= any_server.binaries.major <= fact.until]
    for number, fact in enumerate(facts):
        outside = fact.sql.startswith(("vacuum", "reindex schema")) or " concurrently" in fact.sql
        step = f"\n-- step: it\n{fact.sql};\n" if outside else f"{fact.sql};\n"
        add(tmp_path, f"{number:04}", step, transactional=not outside)
    wrong = []
    with clone(any_server) as template:
        name = conninfo_to_dict(template)["dbname"]
        with psycopg.connect(template) as connection:
            connection.execute(BEFORE)
        for fact, revision in zip(facts, Chain.load(tmp_path).revisions, strict=True):
            with clone(any_server, str(name)) as conninfo, psycopg.connect(conninfo) as connection:
                (seen,) = Rehearsal(connection, "public").run(revision)
            found = replace(
                fact,
                locks={lock.relation.removeprefix("public."): lock.mode for lock in seen.locks},
                rewrites=tuple(relation.removeprefix("public.") for relation in seen.rewrites),
                scans=tuple(relation.removeprefix("public.") for relation in seen.scans),
            )
            if found != fact:
                wrong.append((found, fact))
    assert wrong == []
    assert len(facts) >= 75
