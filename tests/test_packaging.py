"""The distribution: what is in git is in the wheel, whichever way the wheel is made, and an install runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import click
import pytest

from nosender import __version__

ROOT = Path(__file__).parent.parent
HATCH = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
ROOMS = tuple(name for name in HATCH["wheel"]["only-include"] if not name.startswith("src/"))


def run(*words: str | Path, cwd: Path | None = None) -> str:
    env = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))
    }
    answer = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, f"{words}\n{answer.stdout}\n{answer.stderr}"
    return answer.stdout


@pytest.fixture(scope="module")
def tracked() -> set[str]:
    """The files of git that are ours to install, under the names that they have in the package."""
    files = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).split("\0")
    present = [name for name in files if name and (ROOT / name).is_file()]
    return {
        *(name.removeprefix("src/") for name in present if name.startswith("src/nosender/")),
        *(f"nosender/{name}" for name in present if name.partition("/")[0] in ROOMS),
    }


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, so that a build leaves nothing behind in it."""
    copy = tmp_path_factory.mktemp("source") / "checkout"
    copy.mkdir()
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).split("\0")
    for name in filter(None, listed):
        if (ROOT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name, follow_symlinks=False)
    return copy


def build(kind: str, checkout: Path, into: Path) -> Path:
    run(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", into, cwd=checkout)
    (built,) = into.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", source, tmp_path_factory.mktemp("wheel"))


def test_the_wheel_holds_exactly_the_files_of_git(wheel: Path, tracked: set[str]) -> None:
    installed = {name for name in contents(wheel) if ".dist-info/" not in name}
    assert installed == tracked
    assert {Path(name).suffix for name in installed} >= {".py", ".sql", ".toml", ".typed"}


def test_the_wheel_from_the_sdist_equals_the_direct_one(source: Path, wheel: Path, tmp_path: Path) -> None:
    sdist = build("sdist", source, tmp_path)
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked")  # noqa: S202 (we have just written it)
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    again = build("wheel", unpacked, tmp_path / "again")
    assert contents(again) == contents(wheel)


@pytest.fixture(scope="module")
def environment(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`pip install .` in an environment of its own; only hatchling and the dependencies come from ours."""
    environment = tmp_path_factory.mktemp("installed") / "environment"
    run(sys.executable, "-m", "venv", environment)
    python = environment / "bin" / "python"
    packages = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    # Python does not read the .pth files of a folder added this way, so our checkout stays out of reach.
    (packages / "dependencies.pth").write_text(f"{Path(click.__file__).parent.parent}\n")
    quietly = ("--quiet", "--disable-pip-version-check")
    run(python, "-m", "pip", "install", *quietly, "--no-deps", "--no-index", "--no-build-isolation", source)
    return environment


def test_an_install_runs_and_has_its_data(environment: Path, tracked: set[str], tmp_path: Path) -> None:
    python = environment / "bin" / "python"
    packages = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    nosender = environment / "bin" / "nosender"
    assert run(nosender, "--version", cwd=tmp_path) == f"nosender {__version__}\n"
    where = run(python, "-c", "import nosender; print(nosender.__file__)", cwd=tmp_path).strip()
    assert Path(where).parent == packages / "nosender"
    missing = {name for name in tracked if not (packages / name).is_file()}
    assert not missing
    for command in ("traffic", "catalogue"):
        assert run(nosender, command, "--help", cwd=tmp_path).startswith("Usage: nosender")
    names = "from nosender.schema import ddl; print(len(ddl.files()))"
    assert int(run(python, "-c", names, cwd=tmp_path)) > 10


def test_the_example_project_runs_from_an_install(
    environment: Path, source: Path, database: str, tmp_path: Path
) -> None:
    """The run that docs/project.md shows, word for word; NOSENDER_GOLDEN=write renews it."""
    page = ROOT / "docs" / "project.md"
    text = page.read_text(encoding="utf-8")
    shown = re.search(r"(<!-- the run -->\n```\n)(.*?)(```\n)", text, re.DOTALL)
    assert shown
    courier = shutil.copytree(source / "examples" / "courier", tmp_path / "courier")
    shutil.move(courier / "contacts.py.txt", tmp_path / "contacts.py")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PG", "NO"))}
    env |= {"PATH": f"{environment / 'bin'}{os.pathsep}{env['PATH']}", "GIT_CONFIG_GLOBAL": os.devnull}
    env |= {"NOSENDER_URL": database} | {
        f"GIT_{who}_{what}": "dana" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    told = ""
    for line in [each for each in shown[2].splitlines() if each.startswith("$ ")]:
        done = subprocess.run(
            ["sh", "-c", line[2:]], cwd=courier, env=env, stdout=subprocess.PIPE, text=True, check=False
        )
        told += f"{line}\n{done.stdout}" + (f"(exit {done.returncode})\n" if done.returncode else "")
    if os.environ.get("NOSENDER_GOLDEN") == "write":
        page.write_text(text[: shown.start(2)] + told + text[shown.end(2) :], encoding="utf-8")
        return
    assert told == shown[2]


@pytest.mark.parametrize("editable", [False, True], ids=["wheel", "editable"])
def test_a_checkout_without_links_is_refused_in_one_sentence(
    source: Path, tmp_path: Path, *, editable: bool
) -> None:
    """Where git writes a link as a file that holds its target, the rooms would be files of few bytes."""
    checkout = tmp_path / "checkout"
    shutil.copytree(source, checkout, symlinks=True)
    for link in [path for path in checkout.rglob("*") if path.is_symlink()]:
        target = link.readlink()
        link.unlink()
        link.write_text(str(target))
    backend = "import hatchling.build as b; b.build_{}('{}')".format(
        "editable" if editable else "wheel", tmp_path
    )
    answer = subprocess.run(
        [sys.executable, "-c", backend], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1
    assert answer.stderr.strip() == (
        "src/nosender/gate is no link to the folder gate: this checkout was made without symbolic links; "
        "allow them (git config core.symlinks true), then git checkout-index -f -a"
    )
    assert list(tmp_path.glob("*.whl")) == []


def test_the_description_links_to_nothing_that_a_package_page_has_not(wheel: Path) -> None:
    """The README in it: the same words, with files named where they are linked in the repository."""
    metadata = contents(wheel)[f"nosender-{__version__}.dist-info/METADATA"].decode()
    headers, _, description = metadata.partition("\n\n")
    assert "Description-Content-Type: text/markdown" in headers
    assert description.startswith("# nosender\n")
    assert "the message flow (`docs/flow.md`)" in description
    assert "what lies outside the tables" in description
    assert re.findall(r"\]\((?!https?:)", description) == []


def test_nothing_generic_becomes_importable(wheel: Path) -> None:
    assert {name.partition("/")[0] for name in contents(wheel)} == {
        "nosender",
        f"nosender-{__version__}.dist-info",
    }


def test_every_room_has_its_link_and_every_link_its_room() -> None:
    """A new room needs a link and three lines in pyproject.toml; this names the one that is forgotten."""
    links = {path.name: path for path in (ROOT / "src" / "nosender").iterdir() if path.is_symlink()}
    assert {name for name, path in links.items() if path.is_dir()} == set(ROOMS)
    for name, path in links.items():
        assert path.resolve() == ROOT / name
    assert set(HATCH["sdist"]["exclude"]) == {f"/src/nosender/{room}" for room in ROOMS}
    assert set(HATCH["wheel"]["sources"]) == {"src/nosender", *ROOMS}
