"""Turns pg_catalog into a frozen Observation of a database, and tells two of them apart."""

from nosender.schema.observe.canonical import reference, within
from nosender.schema.observe.collect import observe
from nosender.schema.observe.differences import Difference, differences
from nosender.schema.observe.observation import Observation

__all__ = ["Difference", "Observation", "differences", "observe", "reference", "within"]
