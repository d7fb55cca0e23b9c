"""A project's own checks: the same five files, run beside ours. They add findings, and take none away."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from typing import TYPE_CHECKING

from nosender.errors import UsageError
from nosender.privacy_audit.check import Check, Loaded, discover

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from nosender.project import Project

FILES = ("check.py", "query.sql", "bad.sql", "fix.sql", "good.sql")


def all_checks(project: Project) -> tuple[Loaded, ...]:
    """Our checks, then the project's by slug. UsageError for one that cannot be used."""
    return (*discover(), *own_checks(project))


def own_checks(project: Project) -> tuple[Loaded, ...]:
    """The project's checks, by slug."""
    folder = project.own.checks
    if folder is None:
        return ()
    return tuple(_loaded(each, project) for each in sorted(folder.iterdir()) if (each / FILES[0]).is_file())


def _loaded(folder: Path, project: Project) -> Loaded:
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise UsageError(f"{folder}: a check is five files, and {', '.join(missing)} is not there.")
    for name in FILES:
        try:
            (folder / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise UsageError(f"{folder / name} cannot be read as text in UTF-8.") from None
    module = _module(folder / FILES[0])
    check, look = getattr(module, "CHECK", None), getattr(module, "look", None)
    if not isinstance(check, Check) or look is None or not callable(look):
        raise UsageError(f"{folder / FILES[0]}: a check has CHECK, a Check, and look, a function.")
    if check.slug != folder.name:
        raise UsageError(f"{folder / FILES[0]}: the check {check.slug!r} stands in a folder of another name.")
    if check.slug in {each.check.slug for each in discover()}:
        raise UsageError(f"{folder / FILES[0]}: {check.slug!r} is one of ours; choose another name.")
    return Loaded(replace(check, whose=project.name), look, folder, (module.__doc__ or "").strip())


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"nosender_project_check_{path.parent.name}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} cannot be read.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # theirs, whatever it is; it ends nothing of ours
        raise UsageError(f"{path} cannot be read: {type(error).__name__}.") from None
    return module
