"""The project's own checks held to their examples: clean, bad, fixed, and the nearest innocent thing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nosender.gate.step import Problem

if TYPE_CHECKING:
    from nosender.gate.project_place import ProjectPlace

TRIALS: tuple[tuple[str, ...], ...] = ((), ("bad.sql",), ("bad.sql", "fix.sql"), ("good.sql",))
"""What is run before the check looks; it finds what is planted after the bad example, and else nothing."""


def checks_hold(place: ProjectPlace) -> Iterator[Problem]:
    """Each check finds its bad example, and nothing in the others."""
    from nosender.migrations import project_chain
    from nosender.privacy_audit.project_checks import own_checks
    from nosender.privacy_audit.reading import read_snapshot
    from nosender.privacy_audit.runner import ask
    from nosender.project.declared import catalogue_of

    catalogue = catalogue_of(place.project)
    for loaded in own_checks(place.project):
        for examples in TRIALS:
            target = place.database()
            if place.project.own.alembic is not None:
                project_chain.upgrade(target, place.project)
            for example in examples:
                with target.connect("nosender gate", autocommit=True) as owner:
                    owner.set_for_session("search_path", place.schema)
                    owner.execute(loaded.example(example).encode())
            with target.connect("nosender gate", reading=True) as reader:
                snapshot = read_snapshot(reader, place.schema, catalogue, frozen=place.frozen).snapshot
            found = tuple(sorted(each.object for each in ask(loaded, snapshot)[1]))
            wanted = loaded.expected() if examples == ("bad.sql",) else ()
            if found != wanted:
                file = examples[-1] if examples else "check.py"
                told = f"After {' and '.join(examples) or 'nothing'} it finds {', '.join(found) or 'nothing'}"
                detail = f"{told}; planted is {', '.join(wanted) or 'nothing'}."
                yield Problem(loaded.check.slug, detail, place.path(loaded.folder / file), 1, "check")
