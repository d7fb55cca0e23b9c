"""A team's own settings and tables beside ours: what stands in its nosender.toml, and what it declares."""

from nosender.project.read import Excused, Project, find
from nosender.project.retention import Declared

__all__ = ["Declared", "Excused", "Project", "find"]
