"""Which way imports point: the contracts in pyproject.toml, and no circle of any length anywhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .import_graph import all_circles, read_graph, read_modules

ROOT = Path(__file__).parent.parent


def test_the_contracts_hold() -> None:
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout


def test_the_graph_is_printed_and_has_no_circle() -> None:
    command = [sys.executable, ROOT / "tests" / "import_graph.py", "schema.observe"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout
    assert "  read -> " in answer.stdout
    assert answer.stdout.endswith(" arrows, no circles\n")


def test_every_module_is_in_the_graph() -> None:
    modules = read_modules()
    written = [path for room in ROOT.iterdir() if room.name in ROOMS for path in room.rglob("*.py")]
    assert len(modules) == len(written) + len(list((ROOT / "src" / "nosender").glob("*.py")))
    graph = read_graph(modules)
    check = "nosender.privacy_audit.checks.no-sender.undeclared-column.check"
    assert "nosender.privacy_audit.finding" in graph[check]


ROOMS = {path.name for path in (ROOT / "src" / "nosender").iterdir() if path.is_dir()} - {"__pycache__"}


@pytest.mark.parametrize(
    ("files", "around"),
    [
        ({"a": "from nosender import b", "b": "import nosender.a"}, ["nosender.a", "nosender.b"]),
        ({"a": "def f():\n    from . import b", "b": "from .a import f"}, ["nosender.a", "nosender.b"]),
        (
            {
                "a": "if TYPE_CHECKING:\n    from nosender.b import c",
                "b": "import nosender.c",
                "c": "from nosender.a import b",
            },
            ["nosender.a", "nosender.b", "nosender.c"],
        ),
        # no circle of modules, and one of the two folders
        (
            {
                "x/one": "import nosender.y.two",
                "y/two": "",
                "x/four": "",
                "y/three": "import nosender.x.four",
            },
            ["nosender.x", "nosender.y"],
        ),
        (
            {"x/no-name": "from ..y import two", "y/two": "from nosender import x", "x/__init__": ""},
            ["nosender.x", "nosender.y"],
        ),
        ({"a": "from nosender import b", "b": "", "c": "from nosender import a, b"}, None),
    ],
)  # fmt: skip
def test_a_circle_is_found(tmp_path: Path, files: dict[str, str], around: list[str] | None) -> None:
    for name, text in {"__init__": "", **files}.items():
        path = tmp_path / "nosender" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = all_circles(read_graph(read_modules(tmp_path)))
    assert found == ([around] if around else [])
