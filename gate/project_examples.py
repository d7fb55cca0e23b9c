"""The project's own checks held to their examples: clean, bad, fixed, and the nearest innocent thing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nosender.gate.step import Problem

if TYPE_CHECKING:
    from nosender.gate.project_place import ProjectPlace


def checks_hold(place: ProjectPlace) -> Iterator[Problem]:
    """Each check finds its bad example, and nothing in the others."""
    from nosender.gate.project_place import name_of
    from nosender.migrations import project_chain
    from nosender.privacy_audit.project_checks import own_checks
    from nosender.privacy_audit.selftest import Field, unheld
    from nosender.project.declared import catalogue_of

    checks = own_checks(place.project)
    if not checks:
        return
    target = place.database()
    if place.project.own.alembic is not None:
        project_chain.upgrade(target, place.project)
    catalogue = catalogue_of(place.project)
    field = Field(place.server, name_of(target), place.schema, catalogue, place.frozen)
    for loaded in checks:
        for each in unheld(loaded, field):
            file = place.path(loaded.folder / each.file)
            yield Problem(loaded.check.slug, each.words, file, 1, "check")
