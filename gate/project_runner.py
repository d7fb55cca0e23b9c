"""Runs the gate of a team's own repository, one step after the other, and puts one result together."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from nosender.errors import NosenderError
from nosender.gate.project_gate import audit_of_both, steps
from nosender.gate.project_place import ProjectPlace
from nosender.gate.runner import (
    AUDIT,
    AUDIT_STEP,
    SKIPPED,
    Options,
    Progress,
    Ran,
    chosen_of,
    run_step,
    together,
    without_values,
    worst,
)
from nosender.privacy_audit.finding import Outcome
from nosender.privacy_audit.result.annex import SourceLine
from nosender.privacy_audit.result.audit import Audit, CheckResult
from nosender.schema.catalogue.places import declared_name

__all__ = ["AUDIT", "ProjectPlace", "run", "steps"]


def run(place: ProjectPlace, options: Options, progress: Progress) -> Audit:
    """Run the gate of a project. UsageError names a step that does not exist."""
    known = steps(place)
    names = (*(step.slug for step in known), AUDIT)
    chosen, started = chosen_of(names, options), datetime.now(UTC)
    ran = []
    for step in (*known, AUDIT_STEP):
        begun = time.monotonic()
        if step.slug not in chosen:
            ran.append(Ran((CheckResult(step.check(), Outcome.NOT_TESTED, SKIPPED, 0),)))
            continue
        result = _audit(place) if step.slug == AUDIT else run_step(step, place)
        progress(step.slug, worst(result.results), time.monotonic() - begun)
        ran.append(result)
    return together(ran, started, options, SourceLine(str(place.settings), 1), names)


def _audit(place: ProjectPlace) -> Ran:
    """The audit, each finding at the file of the project that it is about."""
    try:
        audit = audit_of_both(place)
    except Exception as error:
        reason = str(error) if isinstance(error, NosenderError) else without_values(error)
        result = CheckResult(AUDIT_STEP.check(), Outcome.ERROR, f"the audit failed: {reason}", 0)
        return Ran((result,))
    folder = place.project.own.catalogue
    places = []
    for finding in audit.findings:
        schema, _, rest = finding.object.partition(".")
        name = declared_name(schema, rest.split(".")[0], place.schema)
        file = folder / f"{name}.toml" if folder is not None and rest else None
        path = place.path(file) if file is not None and file.is_file() else place.settings
        places.append((finding.object, SourceLine(str(path), 1)))
    return Ran(audit.checks, audit.findings, tuple(places), audit)
