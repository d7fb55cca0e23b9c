"""What a revision promises of the schema, held against what stands there."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from nosender.schema.filled import signatures
from nosender.schema.observe.quoting import quoted
from nosender.schema.observe.reference import OWNER

if TYPE_CHECKING:
    import psycopg

    from nosender.migrations.revisions import Revision
    from nosender.project.frozen import Frozen
    from nosender.schema.observe import Difference, Observation


def drift(
    connection: psycopg.Connection[Any], schema: str, revision: Revision, frozen: Frozen | None = None
) -> tuple[Difference, ...]:
    """How the schema differs from what the revision promises, with what a project froze beside it."""
    from nosender.schema.layouts.standing import laid_out
    from nosender.schema.observe import differences, observe
    from nosender.schema.observe.parts import together
    from nosender.schema.observe.turned import with_values_of

    live = observe(connection, schema)
    expected = _promised(revision.expected.read_text(encoding="utf-8"), schema)
    expected = laid_out(expected, live, revision.revision)
    if frozen is not None:
        expected = together(expected, frozen.observation)
    schemas = sorted({each.schema for each in frozen.observation.relations} - {schema}) if frozen else []
    expected = with_values_of(expected, live)
    return tuple(each for one in (schema, *schemas) for each in differences(expected, live, one))


@lru_cache(maxsize=32)  # whoever goes down and up again asks for each twice
def _promised(text: str, schema: str) -> Observation:
    from nosender.schema.observe import Observation
    from nosender.schema.observe.reference import relocated

    return relocated(Observation.from_json(text), schema)


def breaches(connection: psycopg.Connection[Any], schema: str, revision: Revision) -> list[Difference]:
    """The differences with which nothing may go on; none where a revision promises nothing."""
    if not revision.expected.exists():
        return []  # somebody's own
    # who was let in to migrate may create
    own = f"schema {quoted(schema)} to {OWNER}"
    return [
        item
        for item in drift(connection, schema, revision)
        if item.severity == "strict" and item.declared and item.object not in {own, *signatures(schema)}
    ]
