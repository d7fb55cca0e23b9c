"""The next release of ours, with a revision more: no file of the project's changes, and its gate stays green.

The package is copied as a wheel holds it, which tests/test_packaging.py sees, and a made-up revision is added
with all that a release has beside one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg

from nosender.migrations.revisions import VERSIONS, Chain
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from ..conftest import ROOT
from .test_gate import git
from .test_retention import filled

MADE_UP = """
create function public.made_up() returns integer
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select 1
$$;

revoke all on function public.made_up() from public;
"""
COMMENT = "comment on function public.made_up() is 'Something more.';\n"


def next_release(into: Path) -> Path:
    """The folder that holds it, for PYTHONPATH."""
    package = into / "nosender"
    shutil.copytree(ROOT / "src" / "nosender", package)  # what is compiled serves there, too
    (package / "schema" / "ddl" / "699_made_up.sql").write_text(
        f"set search_path = pg_catalog, pg_temp;\n{MADE_UP}"
    )
    with (package / "schema" / "catalogue" / "functions" / "guards.toml").open("a") as functions:
        functions.write('\n[made_up]\npurpose = "Something more."\n')
    head = Chain.load().revisions[-1]
    (old,) = VERSIONS.glob(f"{head.revision}_*.py")
    text = old.read_text().replace(f'= "{head.revision}"', '= "9999"')
    text = text.replace(
        f'down_revision: str | None = "{head.down_revision}"',
        f'down_revision: str | None = "{head.revision}"',
    )
    here = package / "migrations" / "versions" / "9999_made_up"
    here.with_suffix(".py").write_text(text)
    pinned = "set local search_path = pg_catalog, pg_temp;\n"
    here.with_suffix(".up.sql").write_text(f"{pinned}{MADE_UP}{COMMENT}")
    here.with_suffix(".down.sql").write_text(f"{pinned}drop function public.made_up();\n")
    return into


def test_it_asks_for_no_edit_of_theirs(
    both: Target, courier: Path, server: EmbeddedServer, tmp_path: Path
) -> None:
    filled(both, 3)
    git(courier, "init", "-q")
    git(courier, "commit", "-q", "--allow-empty", "-m", "nothing")
    git(courier, "branch", "base")
    git(courier, "add", "-A")
    git(courier, "commit", "-qm", "the courier")
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("newer.py"), server.conninfo(), both.conninfo, courier],
        cwd=courier,
        env={
            **os.environ,
            "PYTHONPATH": str(next_release(tmp_path / "next")),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    head = Chain.load().head
    assert done.stdout.splitlines() == [
        f"{head} ('9999',) c002",
        "('9999', ())",
        "[]",
        "['checks-hold', 'up-down-up']",
    ]
    with psycopg.connect(both.conninfo) as connection:
        assert connection.execute("select made_up(), count(*) from push_tokens").fetchone() == (1, 3)
    changed = subprocess.run(
        ["git", "-C", courier, "status", "--porcelain"], capture_output=True, text=True, check=True
    )
    assert changed.stdout == ""
