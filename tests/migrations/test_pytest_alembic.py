"""The chain passes what pytest-alembic asks of any: one head, up, down and up again, no difference left."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
import sqlalchemy

pytest.importorskip("pytest_alembic", reason="needs pytest-alembic, of the development requirements")

from pytest_alembic.tests import (
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)

__all__ = [
    "test_model_definitions_match_ddl",
    "test_single_head_revision",
    "test_up_down_consistency",
    "test_upgrade",
]


@pytest.fixture
def alembic_config() -> dict[str, Any]:
    return {"script_location": "nosender:migrations"}


@pytest.fixture
def alembic_engine(database: str) -> sqlalchemy.Engine:
    return sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(database))
