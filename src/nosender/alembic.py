"""What the env.py of a project's own chain imports: our tables stay ours beside its revisions.

    from nosender.alembic import run
    run(target_metadata=metadata)

An env.py that configures Alembic by itself takes `beside` instead:

    context.configure(connection=connection, target_metadata=metadata, **beside(connection, metadata))
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy
from alembic import context, util

from nosender.errors import NosenderError, UsageError
from nosender.migrations import journal
from nosender.migrations.alembic_session import COMMAND_LINE, FILE, alembic_session, looking_up
from nosender.migrations.project_chain import ENGINE, ProjectChain
from nosender.migrations.strangers import refuse_strangers
from nosender.project import Project, find
from nosender.schema.ddl import PATH
from nosender.schema.observe.quoting import quoted

__all__ = ["OURS", "beside", "run", "stubs"]

OURS = "nosender"
"""The mark in `Table.info` of a table that is ours: autogenerate leaves it alone."""

_TYPES: dict[str, Callable[[], Any]] = {
    "bigint": sqlalchemy.BigInteger,
    "boolean": sqlalchemy.Boolean,
    "bytea": sqlalchemy.LargeBinary,
    "integer": sqlalchemy.Integer,
    "smallint": sqlalchemy.SmallInteger,
    "timestamp without time zone": sqlalchemy.DateTime,
}


def run(target_metadata: sqlalchemy.MetaData | None = None) -> None:
    """All that an env.py does: find the database as `nosender` does, and apply the project's revisions there.

    `-x url=` and `-x schema=` name another database and schema, as for our own chain.
    """
    by_program = not hasattr(context.config.cmd_opts, "cmd")
    try:
        _run(target_metadata)
    except NosenderError as error:
        if by_program:
            raise
        sys.exit(f"nosender: {error}")
    except (psycopg.Error, sqlalchemy.exc.DBAPIError) as error:
        if by_program:
            raise
        diagnosis = getattr(getattr(error, "orig", error), "diag", None)
        sys.exit(f"nosender: {getattr(diagnosis, 'message_primary', None) or type(error).__name__}")


def _run(target_metadata: sqlalchemy.MetaData | None) -> None:
    if context.is_offline_mode():
        raise UsageError("a project's chain is applied to a database that is there: leave --sql away")
    arguments = context.get_x_argument(as_dictionary=True)
    project, attributes = _project(), context.config.attributes
    schema = str(arguments.get("schema") or attributes.get("schema") or project.own.schema or "public")
    urls = {COMMAND_LINE: arguments.get("url"), FILE: context.config.get_alembic_option(FILE)}
    if attributes.get(ENGINE) is not None:  # a program says where
        urls = {COMMAND_LINE: None, FILE: None}
    with alembic_session(attributes.get(ENGINE), urls, schema) as session:
        session.version_tables = (journal.VERSION_TABLE, str(project.own.version_table))
        context.configure(
            connection=session.bound,
            target_metadata=target_metadata,
            transaction_per_migration=True,
            **beside(session.bound, target_metadata, schema=schema),
        )
        session.look_up(f"{quoted(schema)}, pg_temp")
        with context.begin_transaction():
            context.run_migrations()


def beside(
    connection: sqlalchemy.Connection,
    target_metadata: sqlalchemy.MetaData | None = None,
    *,
    schema: str | None = None,
) -> dict[str, Any]:
    """The arguments of `context.configure` that keep a project's chain beside ours.

    Its version table, who is left alone by autogenerate, and a line of our journal for each revision.
    UsageError where a revision needs one of ours that does not stand.
    """
    project = _project()
    chain = ProjectChain.load(project)
    if chain is None:
        raise UsageError(f"{project.file} names no chain: say where its alembic.ini is.")
    schema = schema or project.own.schema or "public"
    if target_metadata is not None:
        stubs(target_metadata)
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    with driver.transaction():
        at = journal.current(driver, schema)
        chain.require_one_column(driver, schema)
        if at is None:
            raise UsageError(
                f"schema {schema} holds none of our tables yet: run nosender db upgrade before the project's "
                "own revisions"
            )
        if (goal := _goal(chain)) is not None:
            chain.refuse_early(goal, at)
            refuse_strangers(driver, schema, (), (), defaults=True)
    left_alone = {*_our_tables(), journal.VERSION_TABLE, chain.version_table}

    def include_name(name: str | None, type_: str, _parents: Any) -> bool:
        return type_ != "table" or name not in left_alone

    def include_object(thing: Any, _name: str | None, type_: str, *_: Any) -> bool:
        return type_ != "table" or OURS not in thing.info

    def note(*, ctx: Any, step: Any, **_: Any) -> None:
        if step.is_stamp or not step.up_revision_id:
            return
        line = chain.record(schema, step.up_revision_id, "up" if step.is_upgrade else "down")
        raw: psycopg.Connection[Any] = ctx.connection.connection.driver_connection
        with looking_up(raw, PATH):
            if journal.exists(raw, schema, journal.JOURNAL):
                raw.execute(line.encode())

    return {
        "version_table": chain.version_table,
        "version_table_schema": schema,
        "include_name": include_name,
        "include_object": include_object,
        "on_version_apply": note,
    }


def stubs(metadata: sqlalchemy.MetaData) -> None:
    """Add our tables to a project's metadata, marked ours, so that its foreign keys find them.

    UsageError where it has a table of such a name of its own.
    """
    from nosender.schema.observe import reference

    columns = reference().columns
    for name in _our_tables():
        known = metadata.tables.get(name)
        if known is not None:
            if OURS not in known.info:
                raise UsageError(
                    f"the metadata has a table {name} of its own, which is one of ours: take it out, and "
                    "nosender.alembic.stubs puts ours in its place"
                )
            continue
        own = [each for each in columns if each.table == name]
        sqlalchemy.Table(
            name,
            metadata,
            *(sqlalchemy.Column(each.name, _type(each.type), primary_key=each.name == "id") for each in own),
            info={OURS: True},
        )


def _type(name: str) -> Any:
    return _TYPES.get(name, sqlalchemy.Text)()


def _our_tables() -> list[str]:
    from nosender.schema.catalogue import load

    return [table.name for table in load().tables if table.made_by == "nosender"]


def _project() -> Project:
    file = context.config.config_file_name
    if file is None:
        raise UsageError("the project's chain has no alembic.ini, so nobody knows where its nosender.toml is")
    for folder in Path(file).resolve().parents:
        if (folder / "nosender.toml").is_file() or (folder / "pyproject.toml").is_file():
            try:
                return find(folder)
            except UsageError as error:
                if "holds no" not in str(error):
                    raise
    raise UsageError(f"no nosender.toml stands beside {file} or above it")


def _goal(chain: ProjectChain) -> Any:
    """Where the command leads to, a name that is relative for all there is; None where it leads nowhere."""
    try:
        found: Any = context.get_revision_argument()
    except KeyError:  # check, revision --autogenerate and their like
        return None
    try:
        chain.scripts.get_revisions(found)
    except util.CommandError:
        return chain.head
    return found
