"""Refuses to build from a checkout without symbolic links, where a room is a file of few bytes."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class RoomsAreLinked(BuildHookInterface):  # type: ignore[type-arg]
    """Looks before anything is written; an sdist needs no links, unless it is installed editable."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        rooms = [name for name in self.build_config.target_config["only-include"] if "/" not in name]
        for room in rooms:
            link = Path(self.root, "src", "nosender", room)
            if link.is_file() or (version == "editable" and not link.is_dir()):
                self.app.abort(
                    f"src/nosender/{room} is no link to the folder {room}: this checkout was made without "
                    "symbolic links; allow them (git config core.symlinks true), then "
                    "git checkout-index -f -a"
                )
