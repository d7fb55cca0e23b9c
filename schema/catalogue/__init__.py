"""What every table and column is for, how fine, and how long it stays: the one allow-list of the project.

The facts are the TOML files of this folder, one a table; this package reads them, compares them with a live
database and writes the comments that the database carries.
"""

from .check import Problem, check
from .comments import comments_sql
from .load import load
from .model import (
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

__all__ = [
    "Catalogue",
    "Column",
    "DataClass",
    "Dropped",
    "ForeignKey",
    "Function",
    "Named",
    "Problem",
    "Resolution",
    "Retention",
    "Table",
    "check",
    "comments_sql",
    "load",
]
