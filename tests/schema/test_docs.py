"""The data dictionary that is generated from the catalogue."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

from nosender.schema.catalogue import load
from nosender.schema.catalogue.docs import files
from nosender.schema.catalogue.sides import sides
from nosender.schema.observe import reference

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]
DOCS = Path(__file__).parent.parent.parent / "docs"


def test_the_committed_files_are_fresh(run_nosender: RunNosender) -> None:
    answer = run_nosender("catalogue", "docs", "--check", "--output", str(DOCS))
    assert (answer.returncode, answer.stdout) == (0, "")


def test_a_stale_file_is_found_and_written_anew(run_nosender: RunNosender, tmp_path: Path) -> None:
    assert run_nosender("catalogue", "docs", "--output", str(tmp_path / "new")).returncode == 0
    (tmp_path / "new" / "catalogue.md").write_text("old")
    answer = run_nosender("catalogue", "docs", "--check", "--output", str(tmp_path / "new"))
    assert answer.returncode == 1
    assert "catalogue.md is not what the catalogue says" in answer.stdout
    assert len(answer.stdout.splitlines()) == 1


def test_every_column_and_key_is_in_it() -> None:
    catalogue = load()
    types = {(each.table, each.name): each.type for each in reference().columns}
    made = files(catalogue, types)
    picture = ElementTree.fromstring(made["catalogue.svg"])  # noqa: S314  # our own text
    words = {element.text for element in picture.iter() if element.text}
    for table in catalogue.tables:
        assert f"## {table.name}\n" in made["catalogue.md"]
        assert table.name in words
        for column in table.columns:
            type_ = types.get((table.name, column.name), "")
            assert type_ or table.made_by == "alembic"
            assert f"| `{column.name}` | {type_} |" in made["catalogue.md"]
            assert f"<code>{column.name}</code>" in made["catalogue.html"]
    edges = [element for element in picture.iter() if "edge" in (element.get("class") or "").split()]
    assert len(edges) == len(catalogue.foreign_keys) >= 6


def test_people_and_messages_stand_apart_and_one_key_crosses() -> None:
    catalogue = load()
    side = sides(catalogue)
    assert {name for name, where in side.items() if where == "messages"} == {
        "messages",
        "message_deliveries",
        "ephemeral_keys",
    }
    crossing = [key for key in catalogue.foreign_keys if side[key.table] != side[key.parent]]
    assert [(key.table, key.parent) for key in crossing] == [("message_deliveries", "webauthn_credentials")]
