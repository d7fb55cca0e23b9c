"""The first files of a project: its nosender.toml, and the job that asks the gate in CI."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from nosender.errors import UsageError
from nosender.project.keys import LONGEST, is_name
from nosender.project.read import FILE

CATALOGUE = "privacy"


def settings(name: str, folder: Path) -> str:
    """The text of a nosender.toml. UsageError for a name that none may have."""
    if not is_name(name):
        raise UsageError(
            f"{name!r} is no name for a project: --name gives another of at most {LONGEST} letters"
        )
    lines = [f"name = {json.dumps(name)}", f'catalogue = "{CATALOGUE}"']
    words = "".join(each if each.isalnum() else "_" for each in name.lower())
    if (folder / "alembic.ini").is_file():
        lines += ['alembic = "alembic.ini"', f'version_table = "{words}_version"']
    else:
        lines += ["# once there is a chain of the project's own:"]
        lines += ['# alembic = "alembic.ini"', f'# version_table = "{words}_version"']
    return "\n".join(lines) + "\n"


GITHUB = """\
name: privacy
on: pull_request
permissions: { contents: read }
jobs:
  gate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: { fetch-depth: 0, persist-credentials: false }
      - uses: actions/setup-python@v5
        with: { python-version: "3.13" }
      - run: pip install "nosender[gate]" -r requirements.txt
      - run: nosender gate --base "origin/$GITHUB_BASE_REF" --format github
"""

GITLAB = """\
privacy:
  image: python:3.13
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  variables:
    GIT_DEPTH: 0
  script:
    - pip install "nosender[gate]" -r requirements.txt
    - nosender gate --base "$CI_MERGE_REQUEST_DIFF_BASE_SHA" --format gitlab --output gate.json
  artifacts:
    when: always
    reports: { codequality: gate.json }
"""

JOBS: Mapping[str, tuple[str, str]] = {
    "github": (".github/workflows/privacy.yml", GITHUB),
    "gitlab": ("privacy.gitlab-ci.yml", GITLAB),
}
"""The file of each CI and its text."""


def write_new(folder: Path, files: Mapping[str, str], write: Callable[[Path, str], object]) -> list[Path]:
    """Write the files, all or none: UsageError where one is there already."""
    for name in files:
        if (folder / name).exists():
            raise UsageError(f"{folder / name} is there already: nothing was written")
    written = []
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, text)
        written.append(path)
    return written


def require_new(folder: Path) -> None:
    """UsageError where the folder is a project already, or lies in one."""
    for each in (folder, *folder.parents):
        if (each / FILE).exists():
            raise UsageError(f"{each / FILE} is there already: `nosender project check` says if it is sound")
