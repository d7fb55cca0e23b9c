"""What a build does beyond copying: it wants the links of the checkout, and takes off those of the README."""

import re
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

RELATIVE = re.compile(r"\[([^\]]+)\]\((?!https?:)([^)]+)\)")
"""A link to a file of the repository: a package page has no such file, and would link to nowhere."""


class ReadmeWithoutRelativeLinks(MetadataHookInterface):
    """The README as the package's description, in which a file is named and not linked.

    The repository has no address to link to; once it has one, this becomes `[\\1](ADDRESS/\\2)`.
    """

    def update(self, metadata: dict[str, Any]) -> None:
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": RELATIVE.sub(_named, text)}


def _named(link: re.Match[str]) -> str:
    """The words of the link, and the file unless it is what the words say."""
    words, file = link.groups()
    return f"`{file}`" if file.startswith(words) else f"{words} (`{file}`)"


class RoomsAreLinked(BuildHookInterface):  # type: ignore[type-arg]
    """Refuses a checkout without symbolic links, where a room is a file of few bytes.

    Looks before anything is written; an sdist needs no links, unless it is installed editable.
    """

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
