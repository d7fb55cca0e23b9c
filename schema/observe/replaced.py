"""Whether functions of ours that run in the caller's rights are still the declared ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.errors import NosenderError
from nosender.schema import knobs, project_policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg


def refuse_replaced(
    connection: psycopg.Connection,
    schema: str,
    prefix: str,
    instead: str,
    layout: Mapping[str, str] | None = None,
) -> None:
    """NosenderError where a superuser would run, with all rights, what somebody put in place of our code.

    A function that runs with its owner's rights can do no more than its owner. Of the others, which run with
    the caller's, those under a name of ours that begins with `prefix` are compared with what we declared.
    `instead` is the rest of the sentence: what to do; `layout` has the texts of functions that stand there
    beside, or in the place of, those of the core.
    """
    from nosender.schema.observe.reference import reference

    if connection.info.parameter_status("is_superuser") != "on":
        return
    declared = {
        (each.name, each.identity): each.body for each in reference(schema).functions if each.schema == schema
    }
    layout = layout or {}
    names = sorted({name for name in (*(name for name, _ in declared), *layout) if name.startswith(prefix)})
    rows = connection.execute(
        """
        select p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid), p.prosrc
        from pg_catalog.pg_proc as p
        inner join pg_catalog.pg_namespace as n on p.pronamespace = n.oid
        where n.nspname = %s and p.proname = any (%s::pg_catalog.name[]) and not p.prosecdef
        order by p.proname
        """,
        [schema, names],
    ).fetchall()
    for name, arguments, body in rows:
        if name == knobs.FUNCTION and knobs.read(body) is not None:
            continue  # values, and nothing that runs
        if name == project_policy.FUNCTION and project_policy.of_values(body):
            continue  # the same, of a project's
        if (layout[name] if name in layout else declared.get((name, arguments))) != body:
            raise NosenderError(
                f"the function {name} of schema {schema} is not the declared one, and would run with the "
                f"rights of a superuser: {instead}"
            )
