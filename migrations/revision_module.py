"""Runs a revision's Python: upgrade() or downgrade(), as Alembic would, on a connection of ours."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nosender.errors import NosenderError
from nosender.migrations.revisions import RevisionError

if TYPE_CHECKING:
    import psycopg
    from alembic.runtime.migration import MigrationContext

    from nosender.migrations.revisions import Direction, Revision


def run_module(
    work: psycopg.Connection,
    schema: str,
    revision: Revision,
    direction: Direction,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Call the module's upgrade() or downgrade() on a connection that is lent to it, in its transaction.

    `ready` is called when SQLAlchemy has asked the server what it asks every server.
    """
    import psycopg
    import sqlalchemy
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy.pool import StaticPool

    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: work, poolclass=StaticPool, use_native_hstore=False
    )
    # The connection is only lent: its transaction and its session end where they began.
    for ending in ("do_begin", "do_commit", "do_rollback", "do_close", "do_terminate"):
        setattr(engine.dialect, ending, lambda *_: None)
    with engine.connect() as bound:
        module = load_module(
            revision, MigrationContext.configure(bound, opts={"version_table_schema": schema})
        )
        ready()
        try:
            (module.upgrade if direction == "up" else module.downgrade)()
        except sqlalchemy.exc.DBAPIError as error:
            # what the database said, as a statement sent without SQLAlchemy would have it
            raise error.orig or error from error
        except (psycopg.Error, NosenderError):
            raise
        except FileNotFoundError as error:
            name = Path(str(error.filename)).name
            raise NosenderError(
                f"revision {revision.revision} has no {name} beside it; nothing was changed"
            ) from error
        except Exception as error:  # without its text, which can carry a row
            what = f"{type(error).__name__} in {_line(error, revision)}"
            raise RevisionError(
                f"revision {revision.revision} fails with {what}; nothing of it was kept",
                revision.revision,
            ) from error


def _line(error: Exception, revision: Revision) -> str:
    """The last line of the revision that led to the error."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == str(revision.path)
    ]
    return f"{revision.path.name}, line {lines[-1]}" if lines else revision.path.name


def load_module(revision: Revision, context: MigrationContext) -> Any:
    """The revision's module, imported from its file, whose `op` works in `context` and nowhere else.

    RevisionError where it cannot be imported.
    """
    import alembic.op
    from alembic.operations import Operations

    name = f"nosender_revision_{revision.revision}"
    spec = importlib.util.spec_from_file_location(name, revision.path)
    if spec is None or spec.loader is None:
        raise RevisionError(f"the revision file {revision.path.name} cannot be loaded", revision.revision)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise RevisionError(
            f"the revision file {revision.path.name} cannot be loaded: {type(error).__name__}: {error}",
            revision.revision,
        ) from error
    # alembic.op is one for the process: where two threads migrate, the one that came last would get the
    # statements of both.
    operations = Operations(context)
    for given, value in list(vars(module).items()):
        if value is alembic.op:
            setattr(module, given, operations)
    return module
