"""Definitions that are written down from names are those that PostgreSQL writes, on every major."""

from __future__ import annotations

import psycopg

from nosender.schema.observe import observe

ODD = r"""
create schema "we ird";
set search_path to "we ird";
create type mood as enum ('a', 'b');
create table "T one" (id int primary key, "User" text not null, v varchar(9), c text collate "C", m mood,
  gone int, flag boolean, r regclass, unique ("User", v) deferrable initially deferred);
alter table "T one" drop column gone;
create table two (id int, "User" text, v varchar(9), flag boolean, parent int references "T one"
  on update cascade on delete set null deferrable, unique nulls not distinct (v), unique (id) include (v),
  constraint "odd ""name" primary key ("User", id));
alter table two add constraint late foreign key (id) references "T one" not valid;
alter table two add constraint own foreign key ("User", id) references two on delete set default ("User");
alter table two add constraint whole foreign key ("User", id) references two match full;
alter table two add constraint renamed_not_null check (v is not null);
create index on "T one" ("User");
create index on two ("User");
create index on two ("User" desc nulls last, v);
create index on "T one" (v);
create index on "T one" (v text_pattern_ops);
create index on two (v);
create index on "T one" (c);
create index on "T one" (c collate "POSIX");
create index on "T one" (r);
create index on "T one" (m) include (v);
create index on "T one" using hash (v);
create index on "T one" (v) with (fillfactor = 50);
create index on "T one" (v) where flag;
create index on two (v) where flag;
create index on two (v) where flag and "User" <> ' WHERE ';
create index on two (v) where two is not null;
create index on "T one" (v) where case when flag then v > 'a' else m = 'b' end;
create index on two (lower(v)) where flag;
create table parts (k int primary key, v text) partition by range (k);
create table part partition of parts for values from (0) to (9);
create index on parts (v);
create temporary table passing (id int primary key, v text);
create temporary table by (id int references passing);
create index on passing (v);
alter table two rename v to "new name";
reset search_path;
"""


def test_definitions_are_those_that_postgresql_writes(any_database: str) -> None:
    with psycopg.connect(any_database, autocommit=True) as connection:
        connection.execute(ODD.encode())
        seen = observe(connection, "we ird")
        connection.execute("set search_path to ''")
        indexes = connection.execute(
            """
            select n.nspname, c.relname, pg_get_indexdef(c.oid)
            from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid
            inner join pg_index as i on c.oid = i.indexrelid
            inner join pg_class as t on i.indrelid = t.oid
            where c.oid >= 16384 and t.relkind <> 't'
            """
        ).fetchall()
        constraints = connection.execute(
            """
            select n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid)
            from pg_constraint as k inner join pg_class as c on k.conrelid = c.oid
            inner join pg_namespace as n on c.relnamespace = n.oid
            where k.oid >= 16384 and k.contype in ('p', 'u', 'f', 'c', 'x')
            """
        ).fetchall()
    assert len(indexes) > 25
    assert {(i.schema, i.name, i.definition) for i in seen.indexes} == set(indexes)
    kinds = {"primary key", "unique", "foreign key", "check", "exclusion"}
    found = {(c.schema, c.table, c.name, c.definition) for c in seen.constraints if c.kind in kinds}
    assert found == set(constraints)
