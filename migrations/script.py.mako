<%!
from nosender.migrations.new_revision import refuse_installed_package
refuse_installed_package()
%>\
"""${message}

Say here why, for the DBA who reads the plan. The SQL stands beside this file, in NNNN_slug.up.sql and
NNNN_slug.down.sql, so that it can be linted, compared and run by hand. Let the canonical DDL
(schema/ddl) say the same, run `make generate` and commit all of it: a test compares the end of the chain with
the DDL. Once released, a revision is never edited.

Every object of ours is named with its schema, `public.messages`, as a constant 'public.messages'::regclass, and
the first statement of a transaction is `set local search_path = pg_catalog, pg_temp;`: no name is looked up
where somebody else may create. Functions carry `set search_path = pg_catalog, pg_temp`. For another schema the
SQL is rendered; the revisions 0001 to 0005 name none and stay as they are.

A revision is one of two things, never both:
- transactional: all in one transaction. Take one strong lock, for the shortest time; put what scans a table
  (VALIDATE CONSTRAINT, a backfill) into a revision of its own.
- steps (`transactional = False`): each `-- step: what it does` of the .sql files is one statement, run
  outside a transaction, and idempotent (`if not exists`): CREATE INDEX CONCURRENTLY, a batch of a backfill.
  After a crash the next run goes on with the step that was not finished.
"""

import re
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
# The schema that the SQL names; it is written anew for the one at work.
written_for: str = "public"


def upgrade() -> None:
    _run("up")


def downgrade() -> None:
    _run("down")


def _run(direction: str) -> None:
    """The SQL beside this file: neither % nor : is a parameter."""
    text = _in_place(Path(__file__).with_suffix(f".{direction}.sql").read_text(encoding="utf-8"))
    if transactional:
        _execute(text)
        return
    with op.get_context().autocommit_block():
        _execute("set search_path = pg_catalog, pg_temp;")
        for step in text.split("\n-- step: ")[1:]:
            _execute(step.partition("\n")[2])


def _in_place(text: str) -> str:
    """The SQL, with the schema at work where public is named."""
    schema = op.get_context().version_table_schema or written_for
    if schema == written_for:
        return text
    name = '"' + schema.replace('"', '""') + '"'
    constant = "'" + name.replace("'", "''")
    places = r"('public)(?=\.|'::)|(?<![\w$.'])public(?=\.)|(?<=\bschema )public\b"
    return re.sub(places, lambda found: constant if found[1] else name, text)


def _execute(text: str) -> None:
    if op.get_context().as_sql:
        op.get_context().impl.static_output(text)
    else:
        op.get_bind().connection.cursor().execute(text)
