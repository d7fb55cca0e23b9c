"""The style that CONTRIBUTING asks for, as far as it can be counted.

A file that grows past 500 lines holds a second idea, and so does a function past 60.
"""

from __future__ import annotations

import ast
import io
import subprocess
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINES, FUNCTION = 500, 60
WRITTEN = (".py", ".sql", ".toml", ".sh", ".js", ".css", ".yml")
FROZEN = ("migrations/versions/",)
"""Made from other files or released, so not cut to size."""


def files() -> list[Path]:
    """What is written by hand, as git lists it; where there is no git, what stands in the rooms."""
    found = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip("not a checkout")
    names = [name for name in found.stdout.splitlines() if not name.startswith(FROZEN)]
    return [ROOT / name for name in names if name.endswith(WRITTEN) and (ROOT / name).is_file()]


def functions(text: str) -> list[tuple[str, int]]:
    """Each function of a module, methods and inner ones too, with its lines."""
    return [
        (node.name, (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_no_file_is_too_long() -> None:
    found = files()
    assert len(found) > 500
    counted = {path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines()) for path in found}
    assert {str(path): lines for path, lines in counted.items() if lines > LINES} == {}


def test_no_function_is_too_long() -> None:
    counted = {
        f"{path.relative_to(ROOT)}: {name}": lines
        for path in files()
        if path.suffix == ".py"
        for name, lines in functions(path.read_text(encoding="utf-8"))
    }
    assert len(counted) > 1000
    assert {name: lines for name, lines in counted.items() if lines > FUNCTION} == {}


def remarks(text: str) -> list[int]:
    """The lines on which a field of a class has its meaning behind it instead of under it."""
    comments = {
        token.start[0]: token.string
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT and not token.string.startswith(("# noqa", "# type:"))
    }
    return [
        node.lineno
        for parent in ast.walk(ast.parse(text))
        if isinstance(parent, ast.ClassDef)
        for node in parent.body
        if isinstance(node, ast.AnnAssign) and node.end_lineno in comments
    ]


def test_what_a_field_means_stands_under_it() -> None:
    assert remarks('class A:\n    a: int  # of what\n    b: int\n    """Of that."""\n') == [2]
    for path in files():
        if path.suffix == ".py":
            assert remarks(path.read_text(encoding="utf-8")) == [], path
