"""A team's own settings beside ours: what stands in its nosender.toml."""

from nosender.project.read import Excused, Project, find
from nosender.project.retention import Declared

__all__ = ["Declared", "Excused", "Project", "find"]
