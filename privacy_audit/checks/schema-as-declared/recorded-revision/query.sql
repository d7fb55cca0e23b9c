-- One row where the version table holds a row beyond the first, or one that is no revision; no text is shown.
-- Asked through ts_stat, which takes its question as text, because the table is not there where the DDL was
-- loaded without Alembic.
select pg_catalog.current_schema() || '.alembic_version' as subject
from
  pg_catalog.ts_stat(
    case
      when pg_catalog.to_regclass('alembic_version') is null then 'select null::tsvector where false'
      else 'select array_to_tsvector(array[version_num::text]) from only alembic_version'
    end
  ) as v
having pg_catalog.count(*) > 1 or pg_catalog.bool_or(v.word !~ '^[0-9]{4}$')
