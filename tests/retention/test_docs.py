"""What docs/retention.md tells a reviewer to do, done."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from nosender.retention.ledger import _FIELDS, _SINCE_FORM_2
from nosender.retention.policy import declared_plan
from nosender.retention.sweep import sweep
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from ..conftest import RunNosender

DOCS = Path(__file__).parent.parent.parent / "docs"
UNITS = DOCS.parent / "integrations" / "systemd"


def test_the_fields_are_the_documented_ones() -> None:
    text = (DOCS / "retention.md").read_text()
    step = text[text.index("2. For each row") : text.index("Numbers are decimal")]
    assert tuple(re.findall(r"`([a-z_]+)`", step)) == (*_FIELDS, *_SINCE_FORM_2, "previous_hash")


def test_the_shell_command_gives_the_hash(
    server: EmbeddedServer, target: Target, connection: psycopg.Connection
) -> None:
    for _ in range(2):
        sweep(target)
    text = (DOCS / "retention.md").read_text()
    found = re.search(r"```sh\n(psql .*)\n```", text)
    assert found is not None
    command = found[1].replace("psql", f"{server.binaries.program('psql')} '{target.conninfo}'", 1)
    answer = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    row = connection.execute("select encode(row_hash, 'hex') from retention_runs where id = 7").fetchone()
    assert row == (answer.stdout.split()[0],)


def test_the_policy_hash_is_of_the_documented_text(connection: psycopg.Connection) -> None:
    row = connection.execute("select encode(retention_policy_hash(), 'hex')").fetchone()
    assert row == (hashlib.sha256(declared_plan().text().encode()).hexdigest(),)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
@pytest.mark.parametrize("unit", sorted(UNITS.iterdir()), ids=lambda path: path.name)
def test_systemd_understands_the_units(unit: Path, tmp_path: Path) -> None:
    """All but the path of the program and the account, which are the reader's to adapt."""
    for each in UNITS.iterdir():
        text = (
            each.read_text().replace("/opt/nosender/bin/nosender", "/bin/true").replace("User=nosender\n", "")
        )
        (tmp_path / each.name).write_text(text)
    answer = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / unit.name], capture_output=True, text=True, check=False
    )
    assert [line for line in answer.stderr.splitlines() if unit.stem in line] == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
@pytest.mark.parametrize("unit", sorted(UNITS.glob("*.service")), ids=lambda path: path.name)
def test_a_unit_may_do_little(unit: Path) -> None:
    """Ten is all that a service may do; below two systemd calls it OK."""
    words = ("--offline=true", "--no-pager", "--threshold=15", str(unit))
    answer = subprocess.run(
        ["systemd-analyze", "security", *words], capture_output=True, text=True, check=False
    )
    if "unrecognized option" in answer.stderr:
        pytest.skip("systemd-analyze is older than 250 and scores no file")
    assert answer.returncode == 0, answer.stdout[-200:] + answer.stderr


def test_the_units_find_the_database_by_their_credential(
    migrated: str, run_nosender: RunNosender, tmp_path: Path
) -> None:
    """systemd hands out the file and its folder; the rest is libpq's."""
    for unit in UNITS.glob("*.service"):
        lines = unit.read_text().splitlines()
        assert "Environment=PGSERVICEFILE=%d/connection PGSERVICE=nosender" in lines
        assert any(line.startswith("LoadCredential=connection:/etc/nosender/") for line in lines)
    given = conninfo_to_dict(migrated)
    wanted = "".join(f"{key}={given[key]}\n" for key in ("host", "port", "dbname", "user"))
    (tmp_path / "connection").write_text(f"[nosender]\n{wanted}")
    env = {"PGSERVICEFILE": str(tmp_path / "connection"), "PGSERVICE": "nosender"}
    answer = run_nosender("retention", "status", env=env)
    assert answer.returncode == 0, answer.stderr
