"""What import-linter cannot say: folders whose names are no identifiers, and libraries that are not ours."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CHECKS = sorted((ROOT / "privacy_audit" / "checks").glob("*/*/check.py"))
REPORTS = sorted((ROOT / "privacy_audit" / "reports").glob("*.py"))
REVISIONS = sorted((ROOT / "migrations" / "versions").glob("*.py"))


def imported(path: Path) -> set[str]:
    """Every module that a file names in an import at any depth, absolute."""
    package = ["nosender", *path.relative_to(ROOT).parent.parts]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            found.add(".".join([*above, *filter(None, [node.module])]))
    return found


@pytest.mark.parametrize("path", CHECKS, ids=lambda path: path.parent.name)
def test_a_check_looks_at_a_snapshot_and_nothing_else(path: Path) -> None:
    for name in imported(path):
        ours = name.removeprefix("nosender.privacy_audit.")
        if name.startswith("nosender"):
            assert ours in ("check", "finding") or ours.startswith(
                ("questions.", "snapshot.", "nosender.schema")
            ), name
        else:
            assert name.partition(".")[0] in sys.stdlib_module_names | {"cryptography"}, name


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.stem)
def test_a_report_is_pure(path: Path) -> None:
    for name in imported(path):
        assert name.partition(".")[0] not in ("psycopg", "sqlalchemy", "alembic", "click", "socket"), name
        assert not name.startswith(
            ("nosender.server", "nosender.retention", "nosender.privacy_audit.runner")
        ), name


@pytest.mark.parametrize("path", REVISIONS, ids=lambda path: path.stem)
def test_a_revision_runs_against_code_written_years_later(path: Path) -> None:
    for name in imported(path):
        assert name.partition(".")[0] in sys.stdlib_module_names | {"alembic", "sqlalchemy"}, name


def test_there_is_something_to_look_at() -> None:
    assert len(CHECKS) > 50
    assert len(REPORTS) > 5
    assert len(REVISIONS) > 3
