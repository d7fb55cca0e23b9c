"""Say in the database what every table and column is for."""

from collections.abc import Sequence
from pathlib import Path

from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

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
