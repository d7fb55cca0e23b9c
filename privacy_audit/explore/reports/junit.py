"""The exploration as JUnit XML: a case for each kind of place, a failure where one was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.markup import html
from nosender.privacy_audit.explore.reports.sentences import TITLES, name
from nosender.privacy_audit.reports.words import plural

if TYPE_CHECKING:
    from nosender.privacy_audit.explore.model import Exploration, Place, PlaceKind

MOST_EACH = 500


def render(exploration: Exploration) -> str:
    """The exploration as one `<testsuites>` document, UTF-8."""
    cases, failures, skipped = [], 0, 0
    for kind in TITLES:
        found = [place for place in exploration.places if place.kind is kind]
        sure = any(place.confidence.value != "hint" for place in found)
        failures += sure
        skipped += bool(found) and not sure
        cases.append(_case(kind, found, sure=sure))
    errors = len(exploration.unseen)
    cases += [
        f'<testcase classname="nosender.explore" name="not looked at {number}">\n'
        f'<error type="not seen" message="{html(each)}"/>\n</testcase>\n'
        for number, each in enumerate(exploration.unseen, start=1)
    ]
    counts = f'tests="{len(cases)}" failures="{failures}" errors="{errors}"'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="nosender explore" {counts}>\n'
        f'<testsuite name="explore" {counts} skipped="{skipped}">\n{"".join(cases)}</testsuite>\n</testsuites>\n'
    )


def _case(kind: PlaceKind, found: list[Place], *, sure: bool) -> str:
    head = f'<testcase classname="nosender.explore" name="{kind.value}"'
    if not found:
        return f"{head}/>\n"
    lines = "".join(
        f"{html(f'{place.confidence.value}: {name(place)}: {place.sentence} ({place.why})')}\n"
        for place in found[:MOST_EACH]
    )
    if len(found) > MOST_EACH:
        lines += f"and {len(found) - MOST_EACH:,} more; the JSON report has all of them\n"
    tag = "failure" if sure else "skipped"
    message = html(f"{TITLES[kind]}: {plural(len(found), 'place')}")
    return f'{head}>\n<{tag} type="{kind.value}" message="{message}">{lines}</{tag}>\n</testcase>\n'
