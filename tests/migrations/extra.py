"""Revisions that tests put at the end of our chain."""

from __future__ import annotations

from pathlib import Path

from nosender.migrations.revisions import Chain

MODULE = '''"""{summary}"""

from pathlib import Path

from alembic import op

revision: str = {revision!r}
down_revision: str | None = {below!r}
transactional: bool = {transactional!r}
downgrade_is: str = "lossless"
loses: tuple[str, ...] = ()
{pinned}


def upgrade() -> None:
    _run("up")


def downgrade() -> None:
    _run("down")


def _run(direction: str) -> None:
    text = Path(__file__).with_suffix(f".{{direction}}.sql").read_text()
    if op.get_context().as_sql:
        op.get_context().impl.static_output(text)
        return
    if transactional:
        op.get_bind().connection.cursor().execute(text)
        return
    with op.get_context().autocommit_block():
        for step in text.split("\\n-- step: ")[1:]:
            op.get_bind().connection.cursor().execute(step.partition("\\n")[2])
'''


def add(
    folder: Path, revision: str, up: str, down: str = "select 1;\n", *, below: str | None = None,
    transactional: bool = True, pinned: bool = False,
) -> None:  # fmt: skip
    """Put one more revision at the end of the folder's chain."""
    below = below or Chain.load(folder).head
    if not transactional and "-- step: " in up:
        down = f"\n-- step: nothing\n{down}"
    name = f"{revision}_more"
    text = MODULE.format(summary="One more.", revision=revision, below=below, transactional=transactional,
                         pinned='written_for: str = "public"' * pinned)  # fmt: skip
    (folder / f"{name}.py").write_text(text)
    (folder / f"{name}.up.sql").write_text(up)
    (folder / f"{name}.down.sql").write_text(down)
