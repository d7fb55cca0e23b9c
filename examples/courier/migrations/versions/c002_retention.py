"""Let the sweep delete tokens that have expired and settle the others, and the auditor's login count in them.

Both files are what `nosender project freeze` wrote.
"""

from pathlib import Path

from alembic import op

revision = "c002"
down_revision = "c001"
requires_nosender = "0018"


def upgrade():
    for name in ("c002_retention.sql", "c002_columns.sql"):
        op.execute(Path(__file__).with_name(name).read_text())


def downgrade():
    op.execute(
        """
        create or replace function public.retention_project_policy()
        returns table (
          table_name text, expires_column text, action text, flag text, at_once text,
          max_age interval, max_age_column text, children text[]
        )
        language sql immutable
        set search_path = pg_catalog, pg_temp
        as $$
  select
    null::text, null::text, null::text, null::text, null::text, null::interval, null::text, null::text[]
  where false
$$;
        create or replace function public.audit_project_declared()
        returns table (table_name text, column_name text, class text, resolution interval, leads_to text)
        language sql immutable
        set search_path = pg_catalog, pg_temp
        as $$
  select null::text, null::text, null::text, null::interval, null::text
  where false
$$;
        """
    )
