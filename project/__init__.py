"""A team's own settings and tables beside ours: what stands in its nosender.toml, and what it declares."""

from nosender.project.platform import Platform
from nosender.project.read import Excused, Project, find
from nosender.project.retention import Declared

__all__ = ["Declared", "Excused", "Platform", "Project", "find"]
