"""Let the sweep delete tokens that have expired, as `nosender project freeze` wrote it."""

from pathlib import Path

from alembic import op

revision = "c002"
down_revision = "c001"
requires_nosender = "0013"


def upgrade():
    op.execute(Path(__file__).with_suffix(".sql").read_text())


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
$$
        """
    )
