"""The counting functions, which a login calls that may read no table itself.

They run with their owner's rights, so a replaced body would be a false all-clear and somebody else's code at
once. They are compared with the declared ones first, called only when nothing about them differs, and
compared again when all have answered: a call runs the newest function, whatever the transaction sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from nosender.privacy_audit.snapshot.probes.reading import disguise, tables_of
from nosender.privacy_audit.snapshot.snapshot import Row, Unseen

if TYPE_CHECKING:
    import psycopg

    from nosender.schema.observe import Observation
    from nosender.schema.observe.model import Function

HELPERS = (
    "audit_columns",
    "audit_declared",
    "audit_known_values",
    "audit_other_columns",
    "audit_own_values",
    "audit_project_declared",
    "audit_rows",
    "audit_tables",
    "audit_text",
    "audit_type",
    "audit_whole",
    "retention_knobs",
    "retention_place",
    "retention_policy",
    "retention_project_policy",
    "retention_oldest",
    "retention_row_text",
)
"""Called by the functions below in their rights; never by the auditor."""
PREFIX = "audit_"
LEDGER = {"retention_ledger_tail": "400", "retention_overdue": "10000"}
"""The retention's own functions that a report shows the answers of, and how many rows are asked for."""


def probe_names(declared: Observation) -> tuple[str, ...]:
    """The counting functions that the DDL declares, by name."""
    return tuple(
        sorted(
            each.name
            for each in declared.functions
            if each.schema == declared.schema and each.name.startswith(PREFIX) and each.name not in HELPERS
        )
    )


def called(declared: Observation) -> tuple[str, ...]:
    """Every function that runs when the auditor asks, by name."""
    return (*probe_names(declared), *HELPERS, *LEDGER)


def differences(live: Observation, declared: Observation) -> Mapping[str, str]:
    """What is wrong with each counting function or helper that differs from the declared one, in words."""
    from nosender.schema.observe import Observation, within

    # in which the owner of the tables has the same name as in the declared
    parts = Observation(
        live.schema, live.database, relations=live.relations, functions=live.functions, grants=live.grants
    )
    live = within(parts, live.schema)
    wrong = {}
    for name in called(declared):
        if not _all(declared, name):  # a worker of a distributed database need not have it
            continue
        expected = _only(declared, name)
        found = _all(live, name)
        if not found:
            wrong[name] = "does not exist"
        elif len(found) > 1:
            wrong[name] = "has a namesake with other arguments"
        elif what := _difference(found[0], expected):
            wrong[name] = f"has another {what} than declared"
        elif found[0].owner != expected.owner:
            wrong[name] = "does not belong to the owner of the tables"
        elif _rights(live, found[0]) != _rights(declared, expected):
            wrong[name] = "may be called by others than declared"
    return wrong


def ask(
    connection: psycopg.Connection,
    live: Observation,
    declared: Observation,
    grace: timedelta,
    names: Iterable[str],
) -> dict[str, tuple[Row, ...] | Unseen]:
    """The rows of each counting function of `names`, or why it was not called or did not answer."""
    import psycopg
    from psycopg import sql

    wrong = differences(live, declared)
    answers: dict[str, tuple[Row, ...] | Unseen] = {}
    asked = []
    refused = _refused(connection, live, declared)
    replaced = _replaced(connection, live.schema, called(declared))
    for name in names:
        bad = name if name in wrong else next((helper for helper in HELPERS if helper in wrong), None)
        if refused is not None:
            answers[name] = Unseen(f"{refused}, so no function was called that reads it")
        elif replaced:
            answers[name] = Unseen(f"the function {replaced} was replaced meanwhile, so none was called")
        elif bad is not None:
            answers[name] = Unseen(f"the function {bad} {wrong[bad]}, so it was not called")
        else:
            asked.append(name)

    def call(names: list[str]) -> None:
        parts = [
            sql.SQL("select {}, pg_catalog.to_jsonb(r) from {}({}) as r").format(
                sql.Literal(name),
                sql.Identifier(live.schema, name),
                sql.SQL("{}::interval").format(sql.Literal(grace))
                if name in ("audit_kept", "audit_overdue", "audit_settling")
                else sql.SQL(LEDGER.get(name, "")),
            )
            for name in names
        ]
        rows: dict[str, list[Row]] = {name: [] for name in names}
        with connection.transaction():
            for name, row in connection.execute(sql.SQL(" union all ").join(parts)):
                rows[name].append(row if isinstance(row, dict) else {"value": row})
        answers.update((name, tuple(found)) for name, found in rows.items())

    try:
        if asked:
            call(asked)
    except psycopg.Error:
        # One of them failed: which, and with what, shows when each is asked alone.
        for name in asked:
            try:
                call([name])
            except psycopg.Error as error:
                if connection.closed:
                    answers[name] = Unseen("the connection was lost")
                else:
                    answers[name] = Unseen(f"the function {name} failed: {without_values(error)}")
    return answers


def _refused(connection: psycopg.Connection, live: Observation, declared: Observation) -> str | None:
    """What is no table in the place of one, or a table whose planner would run a function of somebody."""
    places = {(each.schema, each.name) for each in declared.relations}
    for place in sorted(places):
        if found := disguise(live.relations, *place):
            return found
    for schema, name, _, runs_code, _ in connection.execute(tables_of(declared).encode()):
        if runs_code and (schema, name) in places:
            return f"table {name} has an index or statistics over a function of the database"
    return None


def _replaced(connection: psycopg.Connection, schema: str, names: Iterable[str]) -> str | None:
    """A function that is no more what the snapshot has of it: a call runs the newest, whatever is seen."""
    row = connection.execute(
        """
        select pg_catalog.min(p.proname::text)
        from pg_catalog.pg_proc as p
        inner join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
        where n.nspname = %s and p.proname::text = any (%s::text[]) and p.prokind = 'f'
        -- deparsed from what is newest
        and pg_catalog.strpos(pg_catalog.pg_get_functiondef(p.oid), p.prosrc) = 0
        """,
        [schema, list(names)],
    ).fetchone()
    return None if row is None else row[0]


def versions(connection: psycopg.Connection, declared: Observation) -> frozenset[tuple[Any, ...]]:
    """Which versions of the functions are seen: each change makes a new one, and so does taking it back."""
    return frozenset(
        connection.execute(
            """
            select p.oid::bigint, p.proname::text, p.xmin::text, p.ctid::text
            from pg_catalog.pg_proc as p
            inner join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
            where n.nspname = %s and p.proname::text = any (%s::text[])
            """,
            [declared.schema, list(called(declared))],
        )
    )


def _only(observation: Observation, name: str) -> Function:
    (found,) = _all(observation, name)
    return found


def _all(observation: Observation, name: str) -> list[Function]:
    return [each for each in observation.functions if each.schema == observation.schema and each.name == name]


def _difference(found: Function, expected: Function) -> str | None:
    """The first property in which two functions differ; owner and cost do not count."""
    same = replace(found, owner=expected.owner, cost=expected.cost, rows=expected.rows)
    for name, words in (
        ("body", "body"),
        ("sql_body", "body"),
        ("language", "language"),
        ("security_definer", "security setting"),
        ("config", "configuration"),
        ("arguments", "argument list"),
        ("result", "result"),
    ):
        if getattr(same, name) != getattr(expected, name):
            return words
    return None if same == expected else "definition"


def _rights(observation: Observation, function: Function) -> set[tuple[str, tuple[str, ...]]]:
    signature = f"{function.name}({function.identity})"
    return {
        (grant.grantee, grant.privileges)
        for grant in observation.grants
        if grant.kind == "function" and grant.schema == function.schema and grant.object == signature
    }


def without_values(error: Exception) -> str:
    """What went wrong, by its class alone: a message of the server can carry a value of a row."""
    state = getattr(error, "sqlstate", None)
    return f"{type(error).__name__}" + (f" (SQLSTATE {state})" if state else "")
