"""docs/dba.md: a backup on one server and its restore on another, by the very lines of the page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg

from nosender.migrations import runner
from nosender.server.binaries import Binaries
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from ..conftest import ROOT


def test_backup_and_restore_to_the_letter(binaries: Binaries, tmp_path: Path) -> None:
    backup, restore = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "docs" / "dba.md").read_text(), re.M | re.S)
    programs = tmp_path / "programs"
    programs.mkdir()
    nosender = programs / "nosender"
    nosender.write_text(f'#!/bin/sh\nexec {sys.executable} -m nosender "$@"\n')
    nosender.chmod(0o755)

    def run(text: str, server: EmbeddedServer) -> str:
        folders = (str(programs), str(Path(binaries.program("psql")).parent), os.environ["PATH"])
        given = psycopg.conninfo.conninfo_to_dict(server.conninfo("mail"))
        where = {"PGHOST": str(given["host"]), "PGPORT": str(given["port"])}
        names = {"PGUSER": "postgres", "PGDATABASE": "mail", "PATH": os.pathsep.join(folders)}
        done = subprocess.run(
            ["bash", "-eu", "-c", text],
            env=os.environ | where | names,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    with EmbeddedServer(binaries) as old:
        with psycopg.connect(old.conninfo(), autocommit=True) as admin:
            admin.execute("create database mail")
            admin.execute("create role messenger login password 'secret'")
        runner.upgrade(Target(old.conninfo("mail")))
        with psycopg.connect(old.conninfo("mail"), autocommit=True) as owner:
            owner.execute("grant nosender_app to messenger")
            owner.execute("select public.register_user('+15550100001')")
            owner.execute("call public.retention_sweep()")
        run(backup, old)
    with EmbeddedServer(binaries) as new:
        run(restore, new)
        with psycopg.connect(new.conninfo("mail"), user="messenger", autocommit=True) as application:
            [(ours,)] = application.execute("select pg_has_role('nosender_app', 'member')").fetchall()
            assert ours
        with psycopg.connect(new.conninfo("mail")) as owner:
            assert owner.execute("show autovacuum").fetchone() == ("on",)
            assert owner.execute("select count(*) from public.users").fetchone() == (1,)
