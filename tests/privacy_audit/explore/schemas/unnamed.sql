-- Names that say nothing: who is a person, and which columns name two of them, is in the values alone.
-- finds with rows: t2.f1
-- finds with rows: t2.f2
-- finds with rows: t3.f1
-- finds with rows: t3.f2
create table t1 (k uuid primary key, p text unique, x text);
create table t2 (k bigserial primary key, f1 uuid, f2 uuid, f3 bytea, f4 bigint);
create table t3 (f1 uuid, f2 uuid);
create table t4 (k bigserial primary key, f1 text, f2 text, f3 integer);
-- rows
insert into t1 select md5('u' || i)::uuid, '+4915' || (10000000 + i), 'x' from generate_series(1, 100) as i;
insert into t2 (f1, f2, f3, f4)
select
    md5('u' || (1 + i * 7 % 100))::uuid, md5('u' || (1 + i * 11 % 97))::uuid, sha256(i::text::bytea),
    1700000000000 + i * 1001
from generate_series(1, 400) as i;
insert into t3
select md5('u' || (1 + i * 7 % 100))::uuid, md5('u' || (1 + i * 13 % 97))::uuid from generate_series(1, 300) as i;
insert into t4 (f1, f2, f3) select 'c' || (i % 7), 'd' || (i % 9), i from generate_series(1, 300) as i;
