"""What stands in .github: no hole that zizmor knows, actions pinned, and in agreement with the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
PROGRAMS = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def read(path: Path) -> dict[str, Any]:
    """A YAML file; `on` is a yes to YAML, so its key is True."""
    answer: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return answer


def zizmor(folder: Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("zizmor", path=PROGRAMS)
    assert program, "zizmor is one of the developers' tools: make check installs it"
    return subprocess.run(
        [program, "--offline", "--no-progress", "--quiet", "--format", "plain", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_zizmor_finds_nothing() -> None:
    answer = zizmor(ROOT)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_zizmor_looks(tmp_path: Path) -> None:
    """The same linter on a workflow with a hole, so that its silence means something."""
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    text = (GITHUB / "workflows" / "release.yml").read_text(encoding="utf-8")
    hole = text.replace("${TAG#v}", "${{ github.ref_name }}")
    assert hole != text
    (folder / "release.yml").write_text(hole, encoding="utf-8")
    answer = zizmor(tmp_path)
    assert answer.returncode != 0
    assert "template-injection" in answer.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_no_right_that_it_does_not_name(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"]
        writes = {right for right, level in job["permissions"].items() if level == "write"}
        assert not writes or path.stem == "release"
        for step in job["steps"]:
            used = step.get("uses", "./")
            assert used.startswith("./") or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", used), used
            for target in re.findall(r"^make ([a-z]+)$", step.get("run", ""), re.MULTILINE):
                assert f"\n{target}: " in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_an_action_has_one_version() -> None:
    """Each hash with the version that its remark says; two versions of one action are one too many."""
    found: dict[str, set[str]] = {}
    for path in WORKFLOWS:
        for line in path.read_text(encoding="utf-8").splitlines():
            if pinned := re.search(r"uses: ([\w/-]+)@(.*)$", line):
                assert re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", pinned[2]), line
                found.setdefault(pinned[1], set()).add(pinned[2])
    assert len(found) == 5
    assert {name: versions for name, versions in found.items() if len(versions) > 1} == {}


def test_every_python_that_is_named_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {each.rpartition(" ")[2] for each in project["classifiers"] if "Python :: 3" in each}
    tested = set(read(GITHUB / "workflows" / "tests.yml")["jobs"]["tests"]["strategy"]["matrix"]["python"])
    assert named <= tested == {"3.11", "3.12", "3.13", "3.14"}
    assert min(tested, key=lambda version: int(version[2:])) == project["requires-python"].removeprefix(">=")


def test_issue_forms_can_be_read() -> None:
    kinds = {"markdown", "textarea", "input", "dropdown", "checkboxes"}
    for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml"):
        form = read(path)
        if path.stem == "config":
            assert form.keys() <= {"blank_issues_enabled", "contact_links"}
            continue
        assert {"name", "description", "body"} <= form.keys()
        assert {each["type"] for each in form["body"]} <= kinds
        ids = [each["id"] for each in form["body"] if each["type"] != "markdown"]
        assert len(ids) == len(set(ids)) > 0


def test_the_commit_hooks_are_the_tools_of_make_check() -> None:
    """`make check` and the hooks run the same programs; a tool added to one is missed in the other."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    check = makefile.partition("\ncheck: ")[2].partition("\n\n")[0]
    asked = set(re.findall(r"\$\(BIN\)/([\w-]+)", check))
    (repository,) = read(ROOT / ".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    assert {hook["entry"].split()[0] for hook in repository["hooks"]} == asked
