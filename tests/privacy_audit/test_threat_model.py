"""docs/threat-model.md: every check that it names exists, and every check has its place in it."""

from __future__ import annotations

import re
from pathlib import Path

from nosender.privacy_audit.check import discover

TEXT = (Path(__file__).parent.parent.parent / "docs" / "threat-model.md").read_text()
SLUGS = {loaded.check.slug for loaded in discover()}


def test_every_check_has_its_place() -> None:
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", TEXT))
    assert sorted(SLUGS - named) == [], "docs/threat-model.md has no line that names them"
    assert sorted(named - SLUGS) == [], "docs/threat-model.md names checks that do not exist"


def test_every_sentence_is_held_by_something() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    for row in rows:
        _, _, held = row.strip("| ").rpartition(" | ")
        if held not in ("Held by", "Looked at by"):
            assert "`" in held or "limit" in held or "test" in held, row
