"""What the gate asks of git, and what it says where git has no answer."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

import pytest

from nosender.errors import UsageError
from nosender.gate.checkout import Touched, find_checkout


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", folder, *identity, *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits on main and a branch that left after the first."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "a.sql").write_text("one\ntwo\nthree\n")
    (folder / "gone.sql").write_text("x\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    git(folder, "branch", "change")
    (folder / "later.sql").write_text("on main only\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "second")
    git(folder, "checkout", "-q", "change")
    return folder


def test_a_change_is_measured_from_where_it_left(repository: Path) -> None:
    (repository / "a.sql").write_text("one\nTWO\nthree\nfour\n")
    (repository / "new.sql").write_text("n\n")
    git(repository, "rm", "-q", "gone.sql")
    checkout = find_checkout(repository, "main")
    assert checkout.changed() == (PurePosixPath("a.sql"), PurePosixPath("gone.sql"), PurePosixPath("new.sql"))
    assert checkout.touched(PurePosixPath("a.sql")) == Touched((2, 4), ((2, "two"),))
    assert checkout.touched(PurePosixPath("new.sql")) == Touched((1,), ())
    assert checkout.touched(PurePosixPath("gone.sql")) == Touched((), ())
    assert checkout.read_base(PurePosixPath("gone.sql")) == "x\n"
    assert checkout.read_base(PurePosixPath("new.sql")) is None


def test_a_renamed_file_is_seen_under_both_names(repository: Path) -> None:
    git(repository, "mv", "a.sql", 'b "quoted"\n.sql')
    git(repository, "commit", "-qm", "rename")
    names = {str(path) for path in find_checkout(repository, "main").changed()}
    assert names == {"a.sql", 'b "quoted"\n.sql'}


def test_a_merge_commit_is_measured_from_the_base(repository: Path) -> None:
    (repository / "new.sql").write_text("n\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "mine")
    git(repository, "merge", "-q", "--no-edit", "main")
    assert find_checkout(repository, "main").changed() == (PurePosixPath("new.sql"),)


def test_a_folder_of_the_base_is_laid_out(repository: Path, tmp_path: Path) -> None:
    (repository / "f").mkdir()
    (repository / "f" / "x.toml").write_text("old")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "f")
    (repository / "f" / "x.toml").write_text("new")
    found = find_checkout(repository, "HEAD").extract_base(PurePosixPath("f"), tmp_path / "base")
    assert found is not None
    assert (found / "x.toml").read_text() == "old"
    assert find_checkout(repository, "HEAD").extract_base(PurePosixPath("absent"), tmp_path) is None


def test_without_a_base_everything_counts(repository: Path) -> None:
    assert len(find_checkout(repository, None).changed()) == 2


@pytest.mark.parametrize("base", ["absent", "--upload-pack=x", ""])
def test_an_unknown_base_is_named(repository: Path, base: str) -> None:
    with pytest.raises(UsageError, match=f"this checkout does not know {base}"):
        find_checkout(repository, base)


def test_outside_a_checkout_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no git checkout"):
        find_checkout(tmp_path, "main")


def test_a_shallow_clone_says_what_to_fetch(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth", "1", "--branch", "change", f"file://{repository}", "shallow")
    with pytest.raises(UsageError, match="it is shallow, so fetch its history"):
        find_checkout(tmp_path / "shallow", "origin/main")


def test_histories_with_nothing_in_common_are_refused(repository: Path) -> None:
    git(repository, "checkout", "-q", "--orphan", "other")
    git(repository, "commit", "-qm", "unrelated", "--allow-empty")
    with pytest.raises(UsageError, match="have no commit in common"):
        find_checkout(repository, "main")
