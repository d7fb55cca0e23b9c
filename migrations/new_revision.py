"""Where a new revision may be written: the template asks before anything is."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

from alembic.util import CommandError


def refuse_installed_package() -> None:
    """Refuse to write into a package that is installed, where the next installation would take it away.

    Called while Alembic reads the template, for `revision` and `merge`; it says nowhere else what it will
    write. CommandError.
    """
    home = Path(__file__).resolve().parents[1]
    if (home / "pyproject.toml").exists():
        return  # a checkout, whose chain this is
    frame: FrameType | None = sys._getframe()  # Alembic hands the template no path
    while frame is not None and "dest" not in frame.f_locals:
        frame = frame.f_back
    if frame is None or Path(frame.f_locals["dest"]).resolve().is_relative_to(home):
        raise CommandError(
            "a new revision would be written into the installed package, where the next installation takes "
            "it away: name a folder of your own in version_locations and --version-path"
        )
