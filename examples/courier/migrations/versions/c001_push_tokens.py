"""Where a device is woken: one sealed token for each device."""

from alembic import op

revision = "c001"
down_revision = None
requires_nosender = "0009"


def upgrade():
    op.execute(
        """
        create table push_tokens (
          -- drawn at random: a number in the order of insertion would say when
          id bigint primary key
            default (('x' || translate(left(gen_random_uuid()::text, 13), '-', ''))::bit(48)::bigint),
          webauthn_credential_id integer not null unique
            references webauthn_credentials (id) on delete cascade,
          -- sealed by the app for the push gateway, which alone can open it
          sealed_token bytea not null check (octet_length(sealed_token) between 60 and 4096),
          expires_at timestamp without time zone not null check (expires_at = date_trunc('hour', expires_at))
        )
        """
    )
    # no sample of a token outlives its row
    op.execute("alter table push_tokens alter column sealed_token set statistics 0")
    op.execute("create index push_tokens_expires_at on push_tokens (expires_at, id)")
    op.execute("revoke all on table push_tokens from public")


def downgrade():
    op.execute("drop table push_tokens")
