"""${message}

Say here why, for the DBA who reads the plan. The SQL stands beside this file, in NNNN_slug.up.sql and
NNNN_slug.down.sql, so that it can be linted, compared and run by hand. Let the canonical DDL
(schema/ddl) say the same, run `make generate` and commit all of it: a test compares the end of the chain with
the DDL. Once released, a revision is never edited.

A revision is one of two things, never both:
- transactional: all in one transaction. Take one strong lock, for the shortest time; put what scans a table
  (VALIDATE CONSTRAINT, a backfill) into a revision of its own.
- steps (`transactional = False`): each `-- step: what it does` of the .sql files is one statement, run
  outside a transaction, and idempotent (`if not exists`): CREATE INDEX CONCURRENTLY, a batch of a backfill.
  After a crash the next run goes on with the step that was not finished.
"""

from collections.abc import Sequence
from pathlib import Path

from alembic import op

revision: str = "${up_revision}"
down_revision: str | None = ${'"%s"' % down_revision if down_revision else None}
branch_labels: str | Sequence[str] | None = ${repr(branch_labels)}
depends_on: str | Sequence[str] | None = ${repr(depends_on)}

transactional: bool = True
# What a downgrade does: "lossless"; "loses data", of the tables that `loses` names; or "irreversible".
downgrade_is: str = "lossless"
loses: tuple[str, ...] = ()


def upgrade() -> None:
    _run("up")


def downgrade() -> None:
    _run("down")


def _run(direction: str) -> None:
    """The SQL beside this file, byte for byte: neither % nor : is a parameter."""
    text = Path(__file__).with_suffix(f".{direction}.sql").read_text(encoding="utf-8")
    if transactional:
        _execute(text)
        return
    with op.get_context().autocommit_block():
        for step in text.split("\n-- step: ")[1:]:
            _execute(step.partition("\n")[2])


def _execute(text: str) -> None:
    if op.get_context().as_sql:
        op.get_context().impl.static_output(text)
    else:
        op.get_bind().connection.cursor().execute(text)
