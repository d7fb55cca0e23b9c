"""What plain `alembic` runs: finds the database as `nosender` does, and stands in our schema.

    alembic upgrade head                                  NOSENDER_URL, DATABASE_URL or libpq's variables
    alembic -x url=postgresql:///app -x schema=msg upgrade head
    alembic upgrade head --sql                            the same as a script

Plain Alembic takes no lock, sets no timeouts and verifies nothing: `nosender db upgrade` does.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any, cast

import psycopg
import sqlalchemy
from alembic import context
from sqlalchemy.pool import NullPool

from nosender.errors import NosenderError, UsageError
from nosender.migrations import journal
from nosender.migrations.revisions import Chain, Direction
from nosender.migrations.strangers import guard, refuse_strangers, refuse_unplaced
from nosender.schema.ddl import PATH
from nosender.schema.observe.quoting import quoted
from nosender.server.pinned_connection import PinnedConnection
from nosender.server.target import Target, resolve

arguments = context.get_x_argument(as_dictionary=True)
schema = arguments.get("schema") or "public"


def offline() -> None:
    """Write the statements as a script."""
    context.configure(
        dialect_name="postgresql",
        dialect_opts={"paramstyle": "named"},  # a percent sign stays one
        literal_binds=True,
        version_table_schema=schema,
        transaction_per_migration=True,
    )
    write = context.get_context().impl.static_output
    write(f"set search_path to {PATH};")
    write(guard(schema, (), Chain.load().revisions))
    # The functions before 0006 keep this very setting.
    write(f"set search_path to {quoted(schema)}, pg_temp;")
    with context.begin_transaction():
        context.run_migrations()


def online() -> None:
    """Apply the revisions, each in a transaction of its own."""
    connection = _connect(resolve(arguments.get("url"), schema))
    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: connection, poolclass=NullPool)
    with engine.connect() as bound:
        context.configure(
            connection=bound,
            version_table_schema=schema,
            transaction_per_migration=True,
            on_version_apply=cast(Any, _note),
        )
        with context.begin_transaction():
            context.run_migrations()


def _connect(target: Target) -> PinnedConnection:
    """A session that stands in the schema, with no transaction open: Alembic would not end one."""
    connection = target.connect("alembic")
    query = "select 1 from pg_catalog.pg_namespace where nspname = %s"
    if connection.execute(query, (target.schema,)).fetchone() is None:
        raise UsageError(f"the schema {schema} does not exist: create it, or name another with -x schema=")
    connection.commit()
    _refuse(connection)
    connection.commit()
    path = f"{quoted(schema)}, pg_temp"  # revisions name no schema
    if connection.lent:
        connection.add_to_begin({"search_path": path})
    else:
        connection.set_for_session("search_path", path)
    return connection


def _refuse(connection: psycopg.Connection) -> None:
    """Refuse a schema that is not safe to migrate, where Alembic was asked to upgrade it."""
    command = getattr(context.config.cmd_opts, "cmd", None)
    if command is not None and command[0].__name__ != "upgrade":
        return
    chain = Chain.load()
    try:
        at = chain.position(journal.current(connection, schema))
        applied, pending = chain.revisions[:at], chain.revisions[at:]
    except (KeyError, NosenderError):  # branches of somebody's own
        applied, pending = (), ()
    connection.commit()
    refuse_strangers(connection, schema, applied, pending)


def _note(*, ctx: Any, step: Any, **_: Any) -> None:
    """Write the revision's checksum into the journal, in its own transaction."""
    driver = ctx.connection.connection.driver_connection
    direction: Direction = "up" if step.is_upgrade else "down"
    # what is not in our folder is a branch of somebody's own
    with suppress(KeyError):
        for revision in step.up_revision_ids if step.is_upgrade else step.down_revision_ids or ():
            found = Chain.load().get(revision)
            refuse_unplaced(driver, revision)
            journal.write(driver, schema, found, direction)


try:
    if context.is_offline_mode():
        offline()
    else:
        online()
except NosenderError as error:
    sys.exit(f"nosender: {error}")
except (psycopg.Error, sqlalchemy.exc.DBAPIError) as error:
    diagnosis = getattr(getattr(error, "orig", error), "diag", None)
    sys.exit(f"nosender: {getattr(diagnosis, 'message_primary', None) or type(error).__name__}")
