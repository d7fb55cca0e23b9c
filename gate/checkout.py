"""The git checkout that a change is judged in: its root, its base, what the change touches.

Git is asked with `-z`, so that no name of a file can be mistaken for anything else.
"""

from __future__ import annotations

import subprocess
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath

from nosender.errors import UsageError


@dataclass(frozen=True, slots=True)
class Touched:
    """What a change did to the lines of one file."""

    lines: tuple[int, ...]
    """Those that it added or altered, from 1."""
    removed: tuple[tuple[int, str], ...]
    """Those that it took away or altered: the line that now stands there or before it, and the old text."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A work tree and the commit that the change is measured from."""

    root: Path
    """The top of the work tree."""
    base: str | None
    """The commit of the base, in full; None where nothing is compared and everything counts as changed."""

    def changed(self) -> tuple[PurePosixPath, ...]:
        """Every file that differs from the base, untracked ones included, deleted and renamed-away ones too.

        Sorted; relative to the root. Without a base: every file there is.
        """
        untracked = _names(_git(self.root, "ls-files", "-z", "--others", "--exclude-standard"))
        if self.base is None:
            tracked = _names(_git(self.root, "ls-files", "-z"))
        else:
            # Without rename detection a rename is a deletion and an addition, and both names are seen.
            tracked = _names(_git(self.root, "diff", "-z", "--name-only", "--no-renames", self.base))
        return tuple(sorted({PurePosixPath(name) for name in tracked + untracked}))

    def touched(self, path: PurePosixPath) -> Touched:
        """What the change did to the lines of a file; to all of them in a new one."""
        file = self.root / path
        if not file.is_file():
            return Touched((), ())
        if self.base is None or not self.in_base(path):
            return Touched(tuple(range(1, len(file.read_bytes().splitlines()) + 1)), ())
        options = ("--no-color", "--no-ext-diff", "--no-textconv", "--unified=0")
        diff = _git(self.root, "diff", *options, self.base, "--", f":(literal){path}")
        lines: list[int] = []
        removed: list[tuple[int, str]] = []
        at = 0  # no line of a hunk before the first
        for line in diff.decode(errors="replace").split("\n"):
            if line.startswith("@@ "):
                start, _, count = line.split(" +", 1)[1].split(" ", 1)[0].partition(",")
                at = max(1, int(start))
                lines += range(int(start), int(start) + int(count or "1"))
            elif at and line.startswith("-"):
                removed.append((at, line[1:]))
        return Touched(tuple(lines), tuple(removed))

    def in_base(self, path: PurePosixPath) -> bool:
        """Whether the base has a file of that name."""
        return self.base is not None and _succeeds(self.root, "cat-file", "-e", f"{self.base}:{path}")

    def read_base(self, path: PurePosixPath) -> str | None:
        """The text of a file at the base; None where the base has none."""
        if not self.in_base(path):
            return None
        return _git(self.root, "show", f"{self.base}:{path}").decode(errors="replace")

    def extract_base(self, folder: PurePosixPath, into: Path) -> Path | None:
        """Write a folder of the base under `into`; its path there, None where the base has none."""
        if not self.in_base(folder):
            return None
        archive = _git(self.root, "archive", "--format=tar", str(self.base), "--", str(folder))
        with tarfile.open(fileobj=BytesIO(archive)) as tar:
            # Python 3.11.3 and older have no filters; git itself stores no path that leaves the folder.
            tar.extraction_filter = getattr(tarfile, "data_filter", None)
            tar.extractall(into)  # noqa: S202
        return into / folder


def find_checkout(start: Path, base: str | None) -> Checkout:
    """The checkout around `start`, measured from where it left `base`.

    `base` is a branch, tag or commit; the comparison starts at the merge base, as a pull request's does.
    """
    try:
        root = Path(_git(start, "rev-parse", "--show-toplevel").decode().rstrip("\n"))
    except UsageError as error:
        if "dubious ownership" in str(error):
            raise UsageError(
                f"git does not trust {start}, which belongs to another account: "
                f"git config --global --add safe.directory {start}"
            ) from None
        if "must be run in a work tree" in str(error):
            raise UsageError(f"{start} is a bare repository: run the gate in a checkout of it") from None
        if "not a git repository" not in str(error):
            raise
        raise UsageError(f"{start} is no git checkout: run the gate inside one") from None
    if base is None:
        return Checkout(root, None)
    commit = ("rev-parse", "--verify", "--quiet", f"{base}^{{commit}}")
    if not _succeeds(root, "rev-parse", "--verify", "--quiet", "HEAD"):
        raise UsageError(f"{root} has no commit yet, so there is no {base} to measure a change from")
    if base.startswith("-") or not _succeeds(root, *commit):
        shallow = _git(root, "rev-parse", "--is-shallow-repository").strip() == b"true"
        raise UsageError(
            f"this checkout does not know {base}"
            + (": it is shallow, so fetch its history (GitHub Actions: fetch-depth: 0)" if shallow else "")
        )
    try:
        found = _git(root, "merge-base", base, "HEAD").decode().split()
    except UsageError:
        raise UsageError(
            f"{base} and this checkout have no commit in common; fetch the history of a shallow one"
        ) from None
    return Checkout(root, found[0])


def _git(folder: Path, *words: str) -> bytes:
    try:
        answer = subprocess.run(["git", "-C", folder, *words], capture_output=True, check=False)
    except OSError:
        raise UsageError(
            "git is not installed, and the gate needs it to know what a change touches"
        ) from None
    if answer.returncode != 0:
        reason = answer.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        # Advice follows the reason, so the first line that is one counts.
        told = next((line for line in reason if line.startswith("fatal: ")), reason[-1])
        raise UsageError(f"git {words[0]} failed: {told.removeprefix('fatal: ')}")
    return answer.stdout


def _succeeds(folder: Path, *words: str) -> bool:
    return subprocess.run(["git", "-C", folder, *words], capture_output=True, check=False).returncode == 0


def _names(output: bytes) -> list[str]:
    return [name.decode(errors="surrogateescape") for name in output.split(b"\0") if name]
