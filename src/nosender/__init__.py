"""A message database that stores no sender, and can prove it."""

__version__ = "0.2.0.dev0"
