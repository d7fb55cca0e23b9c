"""What the tests of the migrations share."""

from __future__ import annotations

from pathlib import Path

import pytest

from nosender.migrations.revisions import VERSIONS


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    """A copy of our revisions, to which a test may add."""
    folder = tmp_path / "versions"
    folder.mkdir()
    for path in VERSIONS.iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    return folder
