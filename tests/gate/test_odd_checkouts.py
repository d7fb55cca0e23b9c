"""Checkouts of every shape, and changes that cannot be judged: one sentence and the right code for each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nosender.server.embedded import EmbeddedServer

from .conftest import ROOT, environment, git, run
from .edits import CATALOGUE, MESSAGES, NEW, SEND, append, crlf, replace, revision

Answer = subprocess.CompletedProcess[str]

OPEN = replace(CATALOGUE, '"When the row was stored."', '"TODO"')
"""A change with one finding that needs no server."""


def gate(folder: Path, *words: str, **more: str) -> Answer:
    """Run the gate in a folder, with the code of the checkout that this is in."""
    root = Path(git(folder, "rev-parse", "--show-toplevel").rstrip("\n"))
    command = [sys.executable, "-m", "nosender", *words]
    env = environment(root) | more
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def finds_it(folder: Path, base: str = "origin/main") -> None:
    """The open purpose is found, and nothing else."""
    words = ("gate", "--base", base, "--only", "catalogue-sound", "--only", "revisions-sound")
    answer = gate(folder, *words, "--format", "github")
    assert answer.returncode == 1, answer.stderr
    errors = [line for line in answer.stdout.splitlines() if " (high)" in line]
    assert [line.split(",")[0] for line in errors] == [f"::error file={CATALOGUE}"], answer.stdout


# ---------------------------------------------------------------------- where a checkout may lie


def test_a_detached_head(checkout: Path) -> None:
    git(checkout, "checkout", "-q", "--detach")
    OPEN(checkout)
    git(checkout, "commit", "-qam", "later")
    finds_it(checkout)
    git(checkout, "checkout", "-q", "main")


def test_a_folder_inside_a_checkout(checkout: Path) -> None:
    OPEN(checkout)
    finds_it(checkout / "schema" / "catalogue")


def test_a_worktree(checkout: Path, tmp_path: Path) -> None:
    git(checkout, "worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    OPEN(tmp_path / "tree")
    finds_it(tmp_path / "tree")
    git(checkout, "worktree", "remove", "--force", str(tmp_path / "tree"))


def test_a_submodule(base: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    git(whole, "init", "-q", "-b", "main")
    git(whole, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(base), "store")
    OPEN(whole / "store")
    finds_it(whole / "store")


def test_a_path_with_spaces_and_letters_of_all_kinds(base: Path, tmp_path: Path) -> None:
    folder = tmp_path / "schöne neue Welt" / "бд 'x' $(y)"
    git(base, "clone", "-q", ".", str(folder))
    OPEN(folder)
    finds_it(folder)
    (folder / "schema/ddl/99_größe und „mehr“.sql").write_text("select 1;\nSELECT 2;\n", encoding="utf-8")
    answer = gate(folder, "gate", "--base", "HEAD", "--only", "sql-style", "--format", "github")
    assert answer.returncode == 1, answer.stderr
    assert "::error file=schema/ddl/99_größe und „mehr“.sql,line=2,title=sql-style" in answer.stdout


def test_a_merge_of_the_base_is_no_change_of_ours(checkout: Path) -> None:
    git(checkout, "checkout", "-q", "-b", "side")
    OPEN(checkout)
    git(checkout, "commit", "-qam", "ours")
    git(checkout, "checkout", "-q", "-b", "moved", "origin/main")
    append("schema/ddl/900_grants.sql", "\nREVOKE ALL ON TABLE public.users FROM public;\n")(checkout)
    git(checkout, "commit", "-qam", "theirs")
    git(checkout, "checkout", "-q", "side")
    git(checkout, "merge", "-q", "--no-edit", "moved")
    finds_it(checkout, "moved")
    git(checkout, "checkout", "-q", "main")
    git(checkout, "branch", "-qD", "side", "moved")


def test_nothing_is_written_into_the_checkout(checkout: Path, server: EmbeddedServer) -> None:
    """So it may be one that nobody may write to."""
    replace(MESSAGES, "create table", "-- A remark.\ncreate table")(checkout)
    before = git(checkout, "status", "--porcelain", "--ignored")
    for folder in (checkout / "schema", checkout):
        folder.chmod(0o555)
    try:
        answer = gate(
            checkout, "--url", server.conninfo(), "gate", "--base", "origin/main", PYTHONDONTWRITEBYTECODE="1"
        )
    finally:
        for folder in (checkout / "schema", checkout):
            folder.chmod(0o755)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert git(checkout, "status", "--porcelain", "--ignored") == before


# ---------------------------------------------------------------------- where nothing can be compared


@pytest.mark.parametrize("base", ["HEAD", "main"])
def test_a_repository_without_a_commit(base: str, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    answer = subprocess.run(
        [sys.executable, "-m", "nosender", "gate", "--base", base],
        cwd=tmp_path, env=environment(ROOT), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 2
    assert answer.stderr == (
        f"nosender: {tmp_path} has no commit yet, so there is no {base} to measure a change from\n"
    )


def test_a_bare_repository(base: Path, tmp_path: Path) -> None:
    git(base, "clone", "-q", "--bare", ".", str(tmp_path / "bare"))
    command = [sys.executable, "-m", "nosender", "gate"]
    answer = subprocess.run(
        command, cwd=tmp_path / "bare", env=environment(ROOT), capture_output=True, text=True, check=False
    )
    assert answer.returncode == 2
    assert answer.stderr.endswith("is a bare repository: run the gate in a checkout of it\n")


def test_a_shallow_clone_and_an_unknown_branch(base: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{base}", "shallow")
    answer = gate(tmp_path / "shallow", "gate", "--base", "release")
    assert answer.returncode == 2
    assert answer.stderr == (
        "nosender: this checkout does not know release: it is shallow, so fetch its history "
        "(GitHub Actions: fetch-depth: 0)\n"
    )


def test_without_git(checkout: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "nosender", "gate", "--base", "HEAD"],
        cwd=checkout, env=environment(checkout) | {"PATH": os.devnull},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 2
    assert (
        answer.stderr
        == "nosender: git is not installed, and the gate needs it to know what a change touches\n"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_checkout_of_another_account(base: Path, tmp_path: Path) -> None:
    git(base, "clone", "-q", ".", str(tmp_path / "theirs"))
    shutil.chown(tmp_path / "theirs", 65534)
    shutil.chown(tmp_path / "theirs" / ".git", 65534)
    answer = subprocess.run(
        [sys.executable, "-m", "nosender", "gate"],
        cwd=tmp_path / "theirs", env=environment(ROOT) | {"HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 2
    assert "git does not trust" in answer.stderr
    assert answer.stderr.count("\n") == 1


# ---------------------------------------------------------------------- changes that cannot be judged


@pytest.mark.parametrize("file", [SEND, CATALOGUE, f"{NEW}.up.sql", f"{NEW}.py"])
def test_a_binary_file(checkout: Path, file: str) -> None:
    revision("select 1;\n", "select 1;\n")(checkout)
    (checkout / file).write_bytes(b"\x00\xff\xfe\x00" * 40)
    answer = run(checkout, "nosender", "gate", "--fast", "--base", "origin/main")
    assert answer.returncode in (1, 3), answer.stdout + answer.stderr
    assert f"{Path(file).name}" in answer.stdout
    assert "Error" not in answer.stdout + answer.stderr


@pytest.mark.parametrize("step", ["up-down-up", "locks-brief", "ddl-equals-migrations", "audit"])
def test_a_revision_that_needs_an_extension_which_the_server_lacks(
    checkout: Path, server: EmbeddedServer, step: str
) -> None:
    revision("create extension no_such_extension;\n", "drop extension no_such_extension;\n")(checkout)
    words = ("gate", "--base", "origin/main", "--only", step)
    answer = run(checkout, "nosender", "--url", server.conninfo(), *words)
    assert answer.returncode == 3, answer.stdout
    assert "no_such_extension" in answer.stdout


ENDLESS = {
    "sql": (
        "do $$ begin loop perform pg_sleep(1); end loop; end $$;\n",
        "",
        24,
        "canceling statement due to",
    ),
    "python": ("select 1;\n", "    while True:\n        pass\n", 8, "it did not end within 8 seconds"),
}


@pytest.mark.parametrize("language", ENDLESS)
def test_a_revision_that_never_ends(checkout: Path, server: EmbeddedServer, language: str) -> None:
    up, body, timeout, sentence = ENDLESS[language]
    revision(up, "select 1;\n")(checkout)
    replace(f"{NEW}.py", "def upgrade() -> None:\n", f"def upgrade() -> None:\n{body}")(checkout)
    words = ("gate", "--base", "origin/main", "--only", "up-down-up", "--timeout", str(timeout))
    answer = run(checkout, "nosender", "--url", server.conninfo(), *words)
    assert answer.returncode == 3, answer.stdout + answer.stderr
    assert sentence in answer.stdout


def test_files_saved_by_windows_and_under_other_names(checkout: Path, server: EmbeddedServer) -> None:
    for file in (
        SEND,
        CATALOGUE,
        "migrations/versions/0003_retention.up.sql",
        "schema/ddl/310_forget_phone_number.sql",
    ):
        crlf(file)(checkout)
    git(checkout, "mv", "schema/ddl/440_send_messages.sql", "schema/ddl/44_send_many messages.sql")
    answer = run(
        checkout,
        "nosender",
        "--url",
        server.conninfo(),
        "gate",
        "--base",
        "origin/main",
        "--skip",
        "sql-style",
    )
    assert "finding" not in answer.stdout.split("INCOMPLETE")[0], answer.stdout
    assert answer.returncode == 3, answer.stdout
    assert "0 findings" in answer.stdout or "What decides" not in answer.stdout, answer.stdout
