"""Turns pg_catalog into a frozen Observation of a database, and compares two of them."""

from nosender.schema.observe.diff.differences import Difference, differences
from nosender.schema.observe.observation import Observation
from nosender.schema.observe.read.session import observe
from nosender.schema.observe.reference import reference, within

__all__ = ["Difference", "Observation", "differences", "observe", "reference", "within"]
