"""What `make` installs: the lock files follow pyproject.toml, and a Python that is too old is told so."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNS = tuple(PROJECT["project"]["dependencies"])
DEVELOPS = (*RUNS, *PROJECT["dependency-groups"]["dev"])
DOCUMENTS = tuple(PROJECT["dependency-groups"]["docs"])
LOCKS = {"requirements.txt": RUNS, "requirements-dev.txt": DEVELOPS, "requirements-docs.txt": DOCUMENTS}
STALE = "run make lock"

_ENTRY = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^ ]+)(?P<rest>.*\n(?:^ .*\n)*)", re.MULTILINE)


def pins(file: str) -> dict[str, str]:
    """The version of each package of a lock file."""
    text = (ROOT / file).read_text(encoding="utf-8")
    return {canonicalize_name(found["name"]): found["version"] for found in _ENTRY.finditer(text)}


@pytest.mark.parametrize("file", LOCKS)
def test_a_lock_file_pins_what_the_project_asks_for(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    direct = {
        canonicalize_name(found["name"])
        for found in _ENTRY.finditer(text)
        if re.search(
            r"^ +#(?: via)? +nosender \(pyproject\.toml(?::dev|:docs)?\)$", found["rest"], re.MULTILINE
        )
    }
    wanted = [Requirement(each) for each in LOCKS[file]]
    assert direct == {canonicalize_name(each.name) for each in wanted}, STALE
    locked = pins(file)
    outside = [str(each) for each in wanted if locked[canonicalize_name(each.name)] not in each.specifier]
    assert outside == [], STALE


@pytest.mark.parametrize("file", LOCKS)
def test_every_pin_has_its_hashes_and_no_file_names_a_host(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert text.splitlines()[1].startswith("#    uv pip compile ")
    assert f"-o {file}" in text.splitlines()[1]
    assert len(pins(file)) > 10
    assert all("--hash=sha256:" in found["rest"] for found in _ENTRY.finditer(text))
    assert not re.search(r"https?:|file:|index-url|find-links", text)


def test_developers_have_what_runs() -> None:
    developers = pins("requirements-dev.txt")
    assert {name: developers[name] for name in pins("requirements.txt")} == pins("requirements.txt")


def test_an_old_python_is_told_which_one_it_takes(tmp_path: Path) -> None:
    """A stand-in that says it is 3.10, for the versions that are here differ from machine to machine."""
    old = tmp_path / "python3"
    old.write_text(
        "#!/bin/sh\n"
        f'exec "{os.environ.get("PYTHON", "python3")}" -c "import sys; sys.version_info = (3, 10, 14); '
        'exec(sys.argv[1])" "$2"\n'
    )
    old.chmod(0o755)
    answer = subprocess.run(
        ["make", "--no-print-directory", "demo", f"PYTHON={old}", f"VENV={tmp_path / 'environment'}"],
        cwd=ROOT,
        env={
            name: value for name, value in os.environ.items() if not name.startswith("MAKE")
        },  # not as its child
        capture_output=True,
        text=True,
        check=False,
    )
    told, _, after = answer.stderr.partition("\n")
    assert (
        told == "nosender needs Python 3.11 or newer and this is 3.10; name another: make PYTHON=python3.12"
    )
    assert after.startswith("make: ***")
    assert answer.returncode == 2
    assert not (tmp_path / "environment").exists()


def test_help_has_a_line_for_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (targets,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    answer = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = dict(line.split(": ", 1) for line in answer.stdout.splitlines())
    assert set(lines) == {f"make {target}" for target in targets.split()}
    assert all(lines.values())
