"""The files that teams include, run as GitHub, GitLab and pre-commit run them.

A team's repository is a fork of this one, which is how a team adds tables and revisions of its own. The
packages that we need are those that these tests run with; ours is built from the clone and installed by pip.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from .conftest import ROOT, git
from .edits import CATALOGUE, MESSAGES, append, replace

Answer = subprocess.CompletedProcess[str]

JOB_KEYWORDS = """
    after_script allow_failure artifacts before_script cache coverage dast_configuration dependencies
    environment extends hooks id_tokens identity image inherit interruptible manual_confirmation needs
    pages parallel release resource_group retry rules run script secrets services stage start_in tags
    timeout trigger variables when
""".split()  # noqa: SIM905
ARTIFACT_KEYWORDS = [
    "access",
    "exclude",
    "expire_in",
    "expose_as",
    "name",
    "paths",
    "public",
    "reports",
    "when",
]
RULE_KEYWORDS = {"if", "changes", "exists", "when", "variables", "allow_failure"}
ACTION_KEYWORDS = ["name", "author", "description", "inputs", "outputs", "runs", "branding"]
STEP_KEYWORDS = ["name", "id", "if", "run", "shell", "env", "working-directory", "continue-on-error"]


def pip_offline() -> dict[str, str]:
    """The environment under which pip finds what we depend on here, and so asks no index."""
    packages = os.pathsep.join(dict.fromkeys(sysconfig.get_paths()[name] for name in ("purelib", "platlib")))
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": os.environ.get("HOME", "/"),
        "PYTHONPATH": packages,
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads it as the value of build_isolation
        "PIP_NO_COMPILE": "1",
        "PIP_CACHE_DIR": "",
        "PIP_CONFIG_FILE": os.devnull,
        "LC_ALL": "C.UTF-8",
    }


@pytest.fixture
def team(base: Path, tmp_path: Path) -> Path:
    """A fork with a commit of its own on main, and a branch for a change."""
    folder = tmp_path / "team's fork"
    git(base, "clone", "-q", ".", str(folder))
    append("README.md", "\nOurs.\n")(folder)
    git(folder, "commit", "-qam", "the team's own")
    git(folder, "branch", "upstream")
    git(folder, "checkout", "-q", "-b", "change")
    return folder


def harmless(folder: Path) -> None:
    replace(MESSAGES, "create table", "-- A remark.\ncreate table")(folder)
    git(folder, "commit", "-qam", "a remark")


def harmful(folder: Path) -> int:
    """A purpose left open; the line that it stands on."""
    replace(CATALOGUE, '"When the row was stored."', '"TODO"')(folder)
    git(folder, "commit", "-qam", "later")
    lines = (folder / CATALOGUE).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if "TODO" in line)


# ---------------------------------------------------------------------- GitHub


def evaluated(text: str, contexts: Mapping[str, Any]) -> str:
    """An expression of GitHub's, as far as ours go: paths into contexts, and `||`."""

    def one(expression: re.Match[str]) -> str:
        for path in expression[1].split("||"):
            value: Any = contexts
            for name in path.strip().split("."):
                value = value.get(name, "") if isinstance(value, Mapping) else ""
            if value:
                return str(value)
        return ""

    return re.sub(r"\$\{\{(.*?)\}\}", one, text)


def run_action(
    upstream: Path, folder: Path, temporary: Path, event: Mapping[str, Any], **inputs: str
) -> Answer:
    """Each step of the action in the workspace of a team, as GitHub's runner goes through a composite one.

    Where the folder for temporary files holds an installation already, the first step is done.
    """
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    assert action.keys() <= set(ACTION_KEYWORDS)
    assert action["runs"]["using"] == "composite"
    github = {"event": event}
    contexts: dict[str, Any] = {"github": github}
    chosen = {name: each["default"] for name, each in action["inputs"].items()} | inputs
    contexts["inputs"] = {name: evaluated(value, contexts) for name, value in chosen.items()}
    files = {f"GITHUB_{name}": temporary / name.lower() for name in ("ENV", "PATH", "OUTPUT", "STEP_SUMMARY")}
    for file in files.values():
        file.write_text("", encoding="utf-8")
    variables = pip_offline() | {name: str(file) for name, file in files.items()}
    variables |= {
        "GITHUB_ACTION_PATH": str(upstream),
        "GITHUB_WORKSPACE": str(folder),
        "RUNNER_TEMP": str(temporary),
    }
    install, *_ = action["runs"]["steps"]
    for step in action["runs"]["steps"]:
        if step is install and (temporary / "nosender").exists():
            variables["PATH"] = f"{temporary}/nosender/bin{os.pathsep}{variables['PATH']}"
            continue
        assert step.keys() <= set(STEP_KEYWORDS)
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "an expression in a script is an injection"
        script = temporary / "step.sh"
        script.write_text(step["run"], encoding="utf-8")
        given = {name: evaluated(value, contexts) for name, value in step.get("env", {}).items()}
        answer = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=folder, env=variables | given, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if answer.returncode != 0:
            break
        added = files["GITHUB_PATH"].read_text(encoding="utf-8").splitlines()
        variables["PATH"] = os.pathsep.join([*reversed(added), variables["PATH"]])
        files["GITHUB_PATH"].write_text("", encoding="utf-8")
    return answer


def test_the_action_judges_pull_requests(base: Path, team: Path, tmp_path: Path) -> None:
    temporary = tmp_path / "runner temp"
    temporary.mkdir()
    event = {"pull_request": {"base": {"sha": git(team, "rev-parse", "upstream").strip()}}}
    harmless(team)
    passed = run_action(base, team, temporary, event)
    assert passed.returncode == 0, passed.stderr + passed.stdout
    assert "::error" not in passed.stdout
    assert "PASS" in (temporary / "step_summary").read_text(encoding="utf-8").upper()

    line = harmful(team)
    failed = run_action(base, team, temporary, event, arguments="--only catalogue-sound  --only sql-style")
    assert failed.returncode == 1, failed.stderr
    assert f"::error file={CATALOGUE},line={line},title=catalogue-sound" in failed.stdout
    assert "TODO" in (temporary / "step_summary").read_text(encoding="utf-8")

    # The first push of a branch has zeros before it: everything counts as changed.
    first = run_action(base, team, temporary, {"before": "0" * 40}, arguments="--only catalogue-sound")
    assert first.returncode == 1, first.stderr
    assert f"::error file={CATALOGUE},line={line}," in first.stdout

    hostile = run_action(
        base, team, temporary, event, arguments=f"--only $(touch {tmp_path}/ran) ; touch {tmp_path}/ran"
    )
    assert hostile.returncode == 2, hostile.stderr
    assert not (tmp_path / "ran").exists()


# ---------------------------------------------------------------------- GitLab


def run_gitlab(folder: Path) -> Answer:
    """The lines of the job in a clone, as GitLab's runner goes through them.

    Where the clone holds an installation already, the lines before the script are done.
    """
    template = yaml.safe_load((ROOT / "integrations/gitlab.yml").read_text(encoding="utf-8"))
    ((name, job),) = template.items()
    assert not name.startswith(".")
    assert job.keys() <= set(JOB_KEYWORDS)
    assert job["artifacts"].keys() <= set(ARTIFACT_KEYWORDS)
    assert all(set(rule) <= RULE_KEYWORDS for rule in job["rules"])
    assert set(job["artifacts"]["reports"]) == {"codequality", "junit"}
    script = folder.with_name("script.sh")
    before = [] if (folder / ".venv").exists() else job["before_script"]
    script.write_text("\n".join([*before, *job["script"]]), encoding="utf-8")
    variables = pip_offline() | {name: str(value) for name, value in job["variables"].items()}
    variables |= {
        "CI": "true",
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_PROJECT_DIR": str(folder),
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(folder, "rev-parse", "origin/upstream").strip(),
    }
    answer = subprocess.run(
        ["bash", "-e", str(script)], cwd=folder, env=variables, capture_output=True, text=True, check=False
    )
    after = subprocess.run(
        ["bash", "-e", "-c", "\n".join(job["after_script"])],
        cwd=folder, env=variables, capture_output=True, text=True, check=True,
    )  # fmt: skip
    answer.stdout += after.stdout
    for kept in (*job["artifacts"]["paths"], *job["artifacts"]["reports"].values()):
        assert (folder / kept).exists(), answer.stderr
    return answer


def reported(folder: Path) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The code quality issues, and the counts of the JUnit report, as GitLab reads them."""
    issues = json.loads((folder / "gate-report/report.gitlab.json").read_text(encoding="utf-8"))
    for issue in issues:
        assert {"description", "check_name", "fingerprint", "severity", "location"} <= issue.keys()
        assert (folder / issue["location"]["path"]).exists(), issue
    suites = ElementTree.parse(folder / "gate-report/report.junit.xml").getroot()  # noqa: S314  # ours
    return issues, suites.attrib


def test_the_gitlab_job_judges_merge_requests(team: Path, tmp_path: Path) -> None:
    harmless(team)
    clone = tmp_path / "builds"
    git(tmp_path, "clone", "-q", "--branch", "change", str(team), str(clone))
    passed = run_gitlab(clone)
    assert passed.returncode == 0, passed.stderr
    issues, counts = reported(clone)
    assert (issues, counts["failures"], counts["errors"]) == ([], "0", "0")
    assert "PASS" in passed.stdout

    line = harmful(team)
    git(clone, "pull", "-q")
    failed = run_gitlab(clone)
    assert failed.returncode == 1, failed.stderr
    issues, counts = reported(clone)
    places = {
        (each["check_name"], each["location"]["path"], each["location"]["lines"]["begin"]) for each in issues
    }
    assert ("catalogue-sound", CATALOGUE, line) in places
    assert int(counts["failures"]) == 1
    assert "FAIL" in failed.stdout


# ---------------------------------------------------------------------- pre-commit


def test_the_commit_hook_stops_a_commit(base: Path, team: Path, tmp_path: Path) -> None:
    """Installed by `pre-commit install`, so run by git: the right commit goes in, the wrong one does not."""
    git(team, "reset", "-q", "--hard", "upstream")
    config = {
        "repos": [
            {
                "repo": str(base),
                "rev": git(base, "rev-parse", "HEAD").strip(),
                "hooks": [{"id": "nosender-gate"}],
            }
        ]
    }
    (team / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    git(team, "add", ".pre-commit-config.yaml")
    variables = pip_offline() | {"PRE_COMMIT_HOME": str(tmp_path / "hooks"), "PRE_COMMIT_COLOR": "never"}
    identity = {
        f"GIT_{who}_{what}": "t@example.invalid"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }

    def commit() -> Answer:
        command = ["git", "-c", "commit.gpgsign=false", "commit", "-qam", "change"]
        return subprocess.run(
            command, cwd=team, env=variables | identity, capture_output=True, text=True, check=False
        )

    made = subprocess.run(
        ["pre-commit", "install", "--install-hooks"],
        cwd=team,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr

    replace(MESSAGES, "create table", "-- A remark.\ncreate table")(team)
    passed = commit()
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "Passed" in passed.stderr + passed.stdout

    append("README.md", "\nMore.\n")(team)
    beside = commit()
    assert beside.returncode == 0, beside.stdout + beside.stderr
    assert "Skipped" in beside.stderr + beside.stdout

    before = git(team, "rev-parse", "HEAD")
    replace(CATALOGUE, '"When the row was stored."', '"TODO"')(team)
    append("schema/ddl/900_grants.sql", "\nREVOKE ALL ON TABLE public.users FROM public;\n")(team)
    stopped = commit()
    assert stopped.returncode == 1, stopped.stdout + stopped.stderr
    assert "TODO" in stopped.stderr + stopped.stdout
    assert "CP01" in stopped.stderr + stopped.stdout
    assert git(team, "rev-parse", "HEAD") == before
