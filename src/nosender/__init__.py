"""A message database that stores no sender, and can prove it."""

__version__ = "0.1.0"
