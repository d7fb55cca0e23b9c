-- What is attached to a column: which default, and from 18 on which name of its NOT NULL?
-- The text of a generated column opens the table (ACCESS SHARE), so an exclusive lock makes this question
-- wait; a default holds no column and is written down without the table, at a third of the cost.
select
  ad.adrelid,
  ad.adnum,
  'default' as kind,
  case
    -- whether it reads a column, as PostgreSQL parsed it; the bytes of a string stand there as numbers
    when pg_catalog.strpos(ad.adbin::text, '{VAR ') > 0 then pg_catalog.pg_get_expr(ad.adbin, ad.adrelid)
    else pg_catalog.pg_get_expr(ad.adbin, 0)
  end as text
from pg_catalog.pg_attrdef as ad
where ad.adrelid >= 16384
union all
-- One that says no more than its column does: inherited or not, it is left to Column.not_null, unless its
-- name is not the one that PostgreSQL gives. Others are among the constraints.
select
  con.conrelid,
  con.conkey[1] as adnum,
  'not null' as kind,
  con.conname::text as text
from pg_catalog.pg_constraint as con
where
  con.contype = 'n'
  and con.conrelid >= 16384
  and con.oid >= 16384
  and con.convalidated
  and not con.connoinherit
  and con.coninhcount = 0
