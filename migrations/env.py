"""What plain `alembic` runs: finds the database as `nosender` does, and stands in our schema.

    alembic upgrade head                                  NOSENDER_URL, DATABASE_URL or libpq's variables
    alembic -x url=postgresql:///app -x schema=msg upgrade head
    alembic upgrade head --sql                            the same as a script

Alembic's own ways work too: `sqlalchemy.url` of its file, and a connection or engine that a program puts into
`attributes["connection"]`. What is named twice must be one database.

Plain Alembic takes no lock, sets no timeouts and verifies nothing: `nosender db upgrade` does. It keeps the
journal, and `alembic check` compares as `nosender db check` does.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, cast

import psycopg
import sqlalchemy
from alembic import context, util

from nosender.errors import NosenderError, UsageError
from nosender.migrations import journal, layout_step
from nosender.migrations.alembic_session import (
    COMMAND_LINE,
    FILE,
    AlembicSession,
    alembic_session,
    looking_up,
)
from nosender.migrations.promise import drift
from nosender.migrations.revisions import Chain, Direction, Revision
from nosender.migrations.strangers import guard, refuse_strangers, refuse_unplaced
from nosender.schema.ddl import PATH
from nosender.schema.observe.quoting import quoted
from nosender.server.names import require_schema

arguments = context.get_x_argument(as_dictionary=True)
schema = arguments.get("schema") or "public"
words = context.config.cmd_opts
by_program = not hasattr(words, "cmd")
chain = Chain.load()
known = {each.revision for each in chain.revisions}


def offline() -> None:
    """Write the statements as a script."""
    context.configure(
        dialect_name="postgresql",
        dialect_opts={"paramstyle": "named"},  # a percent sign stays one
        literal_binds=True,
        version_table_schema=schema,
        transaction_per_migration=True,
        on_version_apply=cast(Any, _note),
    )
    write = context.get_context().impl.static_output
    write(f"set search_path to {PATH};")
    applied, affected = _affected(context.get_starting_revision_argument())
    if affected is None or affected:
        write(guard(schema, applied, affected or ()))
    write(f"set search_path to {_path(affected)};")
    with context.begin_transaction():
        context.run_migrations()


def online() -> None:
    """Apply the revisions, each in a transaction of its own."""
    attributes = context.config.attributes
    urls = {COMMAND_LINE: arguments.get("url"), FILE: context.config.get_alembic_option(FILE)}
    with alembic_session(attributes.get("connection"), urls, schema) as session:
        context.configure(
            connection=session.bound,
            version_table_schema=schema,
            transaction_per_migration=True,
            on_version_apply=cast(Any, _note),
            # no second statement of the tables to compare: the whole schema is compared instead
            target_metadata=sqlalchemy.MetaData(),
            include_name=lambda *_: False,
            process_revision_directives=_compare,
        )
        _enter(session)
        with context.begin_transaction():
            context.run_migrations()


def _enter(session: AlembicSession) -> None:
    """Refuse a schema that is not there or not safe to migrate; look names up where the revisions do."""
    with session.driver.transaction():
        session.pin()
        query = "select 1 from pg_catalog.pg_namespace where nspname = %s"
        if session.driver.execute(query, (schema,)).fetchone() is None:
            raise UsageError(
                f"the schema {schema} does not exist: create it, or name another with -x schema="
            )
        applied, affected = _affected(journal.current(session.driver, schema))
        journal.refuse_code(session.driver, schema)
        if affected and layout_step.in_layout(session.driver, schema):
            layout_step.refuse_core_text(affected)
        if affected is None or affected:
            refuse_strangers(session.driver, schema, applied, affected or (), defaults=True)
    session.look_up(_path(affected))


def _affected(at: Any) -> tuple[Sequence[Revision], Sequence[Revision] | None]:
    """The revisions that are applied, and those that will be applied or reverted.

    None for them where a branch of somebody's own is on the way.
    """
    # Alembic's own name for what was asked, also by a program
    if context.get_context().opts["fn"].__name__ not in ("upgrade", "downgrade"):
        return (), ()
    goal = context.get_revision_argument()
    try:
        first = chain.position(at)
    except (KeyError, NosenderError):
        return (), None
    applied = chain.revisions[:first]
    try:
        # several heads are Alembic's name for the last one
        name = chain.head if isinstance(goal, tuple) else chain.resolve(goal or "base", at)
        last = chain.position(name)
    except (KeyError, NosenderError):
        return applied, None
    return applied, chain.revisions[min(first, last) : max(first, last)]


def _path(affected: Sequence[Revision] | None) -> str:
    """Where names are looked up: the revisions before 0006 name no schema."""
    if affected is None or any(each.written_for is None for each in affected):
        return f"{quoted(schema)}, pg_temp"
    return PATH


def _note(*, ctx: Any, step: Any, heads: set[str], **_: Any) -> None:
    """Write the step into the journal, in its own transaction."""
    if step.is_stamp:
        at = max((chain.position(each) for each in heads if each in known), default=0)
        _write(ctx, journal.stamped(schema, chain.revisions[:at], chain.revisions[at:]))
    elif step.up_revision_id in known:  # what is not in our folder is a branch of somebody's own
        revision = chain.get(step.up_revision_id)
        direction: Direction = "up" if step.is_upgrade else "down"
        gone = direction == "down" and journal.JOURNAL in revision.loses
        _write(ctx, "" if gone else journal.line(schema, revision, direction), revision.revision)


def _write(ctx: Any, statement: str, revision: str | None = None) -> None:
    if ctx.as_sql:
        ctx.impl.static_output(statement)
        return
    driver: psycopg.Connection[Any] = ctx.connection.connection.driver_connection
    with looking_up(driver, PATH):
        if revision is not None:
            refuse_unplaced(driver, revision)
        # never read or written through what somebody put in its place
        journal.refuse_code(driver, schema)
        if statement and journal.exists(driver, schema, journal.JOURNAL):
            driver.execute(statement.encode())


def _compare(ctx: Any, *_: Any) -> None:
    """What `alembic check` and `--autogenerate` find: any difference from what the revision promises."""
    if not getattr(words, "autogenerate", True):
        return
    driver = ctx.connection.connection.driver_connection
    at = journal.current(driver, schema)
    if at not in known:
        return
    found = [each for each in drift(driver, schema, chain.get(at)) if each.severity == "strict"]
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise NosenderError(
            f"the schema is not what revision {at} promises: {found[0].line}{more}: "
            "repair it by what nosender db check prints"
        )


try:
    require_schema(schema)
    if context.is_offline_mode():
        offline()
    else:
        online()
except NosenderError as error:
    if by_program:
        raise util.CommandError(str(error)) from error
    sys.exit(f"nosender: {error}")
except (psycopg.Error, sqlalchemy.exc.DBAPIError) as error:
    if by_program:
        raise
    diagnosis = getattr(getattr(error, "orig", error), "diag", None)
    sys.exit(f"nosender: {getattr(diagnosis, 'message_primary', None) or type(error).__name__}")
