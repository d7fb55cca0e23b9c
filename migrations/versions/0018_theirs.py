"""Tell, forget and settle a project's rows, too: functions anew. No table is touched."""

import re
from collections.abc import Sequence
from pathlib import Path

from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

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
