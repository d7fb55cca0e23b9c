"""What a project's revisions add to ours, seen on a scratch database: ours first, then theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.errors import UsageError
from nosender.migrations import project_chain, runner
from nosender.project.declared import catalogue_of
from nosender.project.frozen import Frozen, digest_of_revisions
from nosender.schema.catalogue.places import declared_name
from nosender.schema.filled import FILLED, signatures
from nosender.schema.observe import differences, observe, reference
from nosender.schema.observe.parts import added, beside, together
from nosender.server.scratch import scratch_database
from nosender.server.target import Target

if TYPE_CHECKING:
    from nosender.project import Project
    from nosender.schema.catalogue import Catalogue
    from nosender.schema.observe import Observation


def freeze(conninfo: str, project: Project) -> Frozen:
    """The project's objects, made beside the database of `conninfo`.

    NosenderError where its revisions fail, UsageError where they change what is ours.
    """
    schema = project.own.schema or "public"
    with scratch_database(conninfo) as scratch:
        target = Target(scratch, schema)
        runner.upgrade(target)
        head = project_chain.upgrade(target, project) if project.own.alembic is not None else None
        with target.connect("nosender project freeze", reading=True) as connection:
            live = observe(connection, schema)
    ours = reference(schema)
    changed = [
        each
        for each in differences(ours, live, schema)
        if each.declared and each.severity == "strict" and each.object not in signatures(schema)
    ]
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise UsageError(
            f"the revisions of {project.name} change what is ours: {changed[0].line}{more}; a project only "
            "adds beside it"
        )
    catalogue = catalogue_of(project)
    own = together(added(live, ours), beside(live, catalogue.schemas))
    _require_types(catalogue, own)
    _require_values(own)
    _require_cascades(catalogue, own)
    return Frozen(schema, head, digest_of_revisions(project), own)


_TYPES = {
    "serial": ("smallint", "integer", "bigint"),
    "link": ("smallint", "integer", "bigint"),
    "counter": ("smallint", "integer", "bigint"),
    "time": ("timestamp without time zone",),
    "expiry": ("timestamp without time zone",),
    "ciphertext": ("bytea",),
    "wrapped-key": ("bytea",),
    "signature": ("bytea",),
}
"""The types of the classes whose values have one form; in another they could hold anything."""


def _require_types(catalogue: Catalogue, own: Observation) -> None:
    """UsageError where a column's type is none of its class."""
    for column in own.columns:
        table = catalogue.table(declared_name(column.schema, column.table, own.schema))
        declared = table.column(column.name) if table is not None else None
        kind = declared.data_class.name if declared is not None else ""
        if declared is not None and column.type not in _TYPES.get(kind, (column.type,)):
            raise UsageError(
                f"{declared.place}: column {column.name!r} is declared a {kind} and holds {column.type}, in "
                f"which anything could stand; its type is {' or '.join(_TYPES[kind])}."
            )


def _require_cascades(catalogue: Catalogue, own: Observation) -> None:
    """UsageError where a key to what rows are declared to go with would stop that, or leave them."""
    for key in own.constraints:
        table = catalogue.table(declared_name(key.schema, key.table, own.schema))
        parent = declared_name(key.referenced_schema or "", key.referenced_table or "", own.schema)
        follows = table is not None and parent in table.retention.parents
        # what follows the columns: everything before may be a name, and say anything
        if table is not None and follows and "ON DELETE CASCADE" not in key.definition.rpartition(")")[2]:
            raise UsageError(
                f"{table.place}: rows of {table.name!r} go with those of {parent!r}, and their "
                f"key {key.name} does not delete them: make it on delete cascade."
            )


def _require_values(own: Observation) -> None:
    """UsageError where anything but values stands in a function of ours that a project fills."""
    for function in own.functions:
        if function.name in FILLED and not FILLED[function.name](function.body):
            raise UsageError(
                f"the revisions put more than values into {function.name}, which runs with the rights of the "
                "tables' owner: run what `nosender project freeze` writes, and nothing else"
            )


def require_catalogue(project: Project) -> None:
    """UsageError where the project has nothing to freeze."""
    if project.own.catalogue is None:
        raise UsageError(
            f"{project.file or 'nosender.toml'} names no catalogue: there is nothing of it to freeze"
        )
