"""The revisions as one SQL script, for a DBA who runs it by hand."""

from __future__ import annotations

import io
from pathlib import Path

from nosender.errors import UsageError
from nosender.migrations import journal, knob_step
from nosender.migrations.lint import require_sound
from nosender.migrations.revision_module import load_module
from nosender.migrations.revisions import VERSIONS, Chain, Revision, Step
from nosender.migrations.strangers import guard
from nosender.schema.ddl import PATH
from nosender.schema.knobs import FUNCTION, Knobs
from nosender.schema.observe.quoting import literal, qualified


def render(
    schema: str, start: str, goal: str, *, versions: Path = VERSIONS, knobs: Knobs | None = None
) -> str:
    """The script that takes `schema` from one revision up to another; empty where nothing is to do.

    Each revision is a transaction that records itself, as `db upgrade` would; so are the knobs, which come
    last where the goal has them. UsageError: a revision that does not exist or lies behind.
    """
    chain = Chain.load(versions)
    require_sound(chain)
    begin, end = chain.resolve(start, None), chain.resolve(goal, start)
    first, last = chain.position(begin), chain.position(end)
    if last < first:
        raise UsageError(f"{end or 'base'} lies behind {begin}: a script only goes up")
    parts = [_revision(schema, each) for each in chain.revisions[first:last]]
    if knobs is not None and knob_step.has_knobs(chain, end):
        turn = knob_step.statement(schema, knobs)
        line = journal.step_line(schema, FUNCTION, turn)
        parts.append(f"\n-- knobs, as nosender.toml declares them\nbegin;\n{turn}\n{line}\ncommit;\n")
    if not parts:
        return ""
    head = [
        f"-- {begin or 'base'} to {end}, made by nosender. Run with: psql -v ON_ERROR_STOP=1 -f FILE",
        "set timezone to 'UTC';",
        "set lock_timeout to '2s';",
        f"set search_path to {PATH};",
        guard(schema, chain.revisions[:first], chain.revisions[first:last]),
    ]
    return "\n".join([*head, *parts])


def _revision(schema: str, revision: Revision) -> str:
    version = qualified(schema, journal.VERSION_TABLE)
    stamp = [
        f"create table if not exists {version} (version_num varchar(32) not null,"
        " constraint alembic_version_pkc primary key (version_num));",
        f"delete from {version};",  # noqa: S608 (names quoted, values of our own)
        f"insert into {version} values ({literal(revision.revision)});",  # noqa: S608
        journal.line(schema, revision, "up"),
    ]
    text = _text(schema, revision)
    path = f"search_path to {revision.search_path(schema)};"
    if revision.transactional:
        body = ["begin;", f"set local {path}", text, f"set local search_path to {PATH};", *stamp, "commit;"]
    else:
        # outside a transaction: CONCURRENTLY may wait for older snapshots, and blocks nobody meanwhile
        steps = ["set lock_timeout to 0;", f"set {path}", text, "set lock_timeout to '2s';"]
        body = [*steps, f"set search_path to {PATH};", "begin;", *stamp, "commit;"]
    return "\n".join([f"\n-- {revision.revision}: {revision.summary}", *body]) + "\n"


def _whole(schema: str, step: Step) -> str:
    """What refuses an index that an attempt before left invalid, which IF NOT EXISTS passes over."""
    if step.index_name is None:
        return ""
    index = qualified(schema, step.index_name)
    sentence = literal(f"the index {index} is invalid: run drop index concurrently {index}; and this again")
    valid = f"(select indisvalid from pg_index where indexrelid = {literal(index)}::regclass)"  # noqa: S608
    stop = f"raise exception using message = {sentence}"
    return f"\ndo $whole$ begin if not {valid} then {stop}; end if; end $whole$;"


def _text(schema: str, revision: Revision) -> str:
    """What the module's upgrade() would send, whether it stands in SQL or in Python."""
    if not revision.transactional:
        return "\n".join(
            f"-- {step.what}\n{revision.rendered(step.sql, schema).rstrip(';')};{_whole(schema, step)}"
            for step in revision.steps("up")
        )
    from alembic.runtime.migration import MigrationContext

    buffer = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql",
        dialect_opts={"paramstyle": "named"},
        opts={
            "as_sql": True,
            "output_buffer": buffer,
            "literal_binds": True,
            "version_table_schema": schema,
        },
    )
    load_module(revision, context).upgrade()
    return buffer.getvalue().strip()
