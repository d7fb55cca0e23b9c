"""A team's own settings beside ours: what stands in its nosender.toml."""

from nosender.project.read import Excused, Project, find

__all__ = ["Excused", "Project", "find"]
