"""What every table and column is for, how fine, and how long it stays: the one allow-list of the project.

The facts are the TOML files of this folder, one a table; this package reads them, compares them with a live
database and writes the comments that the database carries.
"""

from nosender.schema.catalogue.check import Problem, check
from nosender.schema.catalogue.comments import comments_sql
from nosender.schema.catalogue.load import load
from nosender.schema.catalogue.model import (
    Catalogue,
    Column,
    DataClass,
    Dropped,
    ForeignKey,
    Function,
    Named,
    Resolution,
    Retention,
    Table,
)
from nosender.schema.catalogue.overlay import Overlay

__all__ = [
    "Catalogue",
    "Column",
    "DataClass",
    "Dropped",
    "ForeignKey",
    "Function",
    "Named",
    "Overlay",
    "Problem",
    "Resolution",
    "Retention",
    "Table",
    "check",
    "comments_sql",
    "load",
]
