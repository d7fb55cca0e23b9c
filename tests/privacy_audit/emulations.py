"""Servers that are set up as platforms are, from public facts: bootstrap superuser, roles, grants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from nosender.privacy_audit.platforms.profile import profiles
from nosender.privacy_audit.platforms.setup import text
from nosender.privacy_audit.result.audit import Audit
from nosender.privacy_audit.runner import Options, run
from nosender.project import find
from nosender.schema import ddl
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

SETTINGS = {"archive_mode": "on", "archive_command": "true"}
DATABASE = "mail"

MADE = {
    "rds": """
        create role rds_superuser;
        grant pg_monitor, pg_read_all_data, pg_write_all_data, pg_checkpoint, pg_signal_backend
            to rds_superuser with admin option;
        create role rdsrepladmin replication;
        create role rdstopmgr login;
        grant pg_monitor to rdstopmgr;
        alter role rdsadmin set log_statement = 'all';
        alter role rdstopmgr set log_statement = 'all';
        create role customer login createdb createrole in role rds_superuser;
    """,
    "cloudsql": """
        create role cloudsqlsuperuser login createrole createdb;
        grant pg_monitor, pg_signal_backend to cloudsqlsuperuser with admin option;
        create role cloudsqlagent login createrole createdb in role cloudsqlsuperuser;
        create role cloudsqlimportexport login createrole createdb in role cloudsqlsuperuser;
        create role cloudsqllogical login replication in role cloudsqlsuperuser;
        create role cloudsqlreplica login replication;
        create role customer login createdb createrole in role cloudsqlsuperuser;
    """,
    "cnpg": """
        create role streaming_replica login replication;
        create role customer login createdb createrole;
    """,
}
"""By platform, what its superuser makes; `customer` is the login that its customer is given."""

DECLARED = """
[platform]
name = "{name}"
administrators = ["customer"]
backup_days = 7
log_days = 3
log_readers = "the security team"
replicas = 0
expires = 2099-12-31
"""


@dataclass(frozen=True)
class Emulation:
    """A server that looks like a platform, set up as `platform setup` says."""

    name: str
    conninfo: str
    folder: Path
    """Of nosender.toml."""

    def superuser(self) -> psycopg.Connection:
        """A session of the platform's own."""
        return psycopg.connect(self.conninfo, autocommit=True)

    def declare(self, old: str = "", new: str = "") -> Emulation:
        """Write the declaration, with something in it replaced."""
        whole = DECLARED.format(name=self.name)
        assert old in whole
        (self.folder / "nosender.toml").write_text(whole.replace(old, new) if old else whole)
        return self

    def audit(self) -> Audit:
        """As the auditor, with whatever is declared."""
        here = make_conninfo(self.conninfo, user="auditor")
        return run(Target(here), Options(project=find(self.folder)))


def rename_superuser(server: EmbeddedServer, old: str, new: str) -> None:
    """Nobody renames the role of their own session, so another superuser does it."""
    if old == new:
        return
    base = make_conninfo(server.conninfo(), user=old)
    with psycopg.connect(base, autocommit=True) as first:
        first.execute("create role passing superuser login")
    with psycopg.connect(make_conninfo(base, user="passing"), autocommit=True) as passing:
        passing.execute(f'alter role "{old}" rename to "{new}"'.encode())
    with psycopg.connect(make_conninfo(base, user=new), autocommit=True) as last:
        last.execute("drop role passing")


@contextmanager
def emulated(server: EmbeddedServer, name: str, folder: Path) -> Iterator[Emulation]:
    """Make it, and take it away again: one cluster serves for all."""
    profile = profiles()[name]
    rename_superuser(server, "postgres", profile.bootstrap)
    base = make_conninfo(server.conninfo(), user=profile.bootstrap)
    with psycopg.connect(base, autocommit=True) as superuser:
        kept = {each[0] for each in superuser.execute("select rolname from pg_roles").fetchall()}
        superuser.execute(MADE[name].encode())
        # On 15 whoever creates roles may grant it; what platforms do from 16 on was found in no source.
        superuser.execute("grant pg_read_all_settings to customer with admin option")
        if name == "cloudsql":  # as its template has it
            with psycopg.connect(make_conninfo(base, dbname="template1"), autocommit=True) as template:
                template.execute("grant all on schema public to cloudsqlsuperuser")
        try:
            _set_up(base, name)
            yield Emulation(name, make_conninfo(base, dbname=DATABASE), folder)
        finally:
            superuser.execute(f"drop database if exists {DATABASE} with (force)".encode())
            if name == "cloudsql":
                with psycopg.connect(make_conninfo(base, dbname="template1"), autocommit=True) as template:
                    template.execute("revoke all on schema public from cloudsqlsuperuser")
            made = {each[0] for each in superuser.execute("select rolname from pg_roles").fetchall()} - kept
            for role in sorted(made):
                superuser.execute(f'drop owned by "{role}" cascade'.encode())
            for role in sorted(made):
                superuser.execute(f'drop role "{role}"'.encode())
            superuser.execute(f'alter role "{profile.bootstrap}" reset all'.encode())
    rename_superuser(server, profile.bootstrap, "postgres")


def _set_up(base: str, name: str) -> None:
    """What `platform setup` prints, word for word, as the customer; of an operator, what a manifest says."""
    printed = text(profiles()[name])
    customer = make_conninfo(base, user="customer")
    if profiles()[name].setup.place == "manifest":
        with psycopg.connect(base, autocommit=True) as operator:
            operator.execute(text(profiles()["rds"]).partition("create database")[0].encode())
            operator.execute(f"create database {DATABASE} owner customer".encode())
            operator.execute(f"revoke temporary on database {DATABASE} from public".encode())
    else:
        before, _, after = printed.partition(f"\\connect {DATABASE}\n")
        *roles, database = before.strip().split("\n\n")
        with psycopg.connect(customer, autocommit=True) as connection:
            connection.execute("\n".join(roles).encode())
            connection.execute(database.encode())
        with psycopg.connect(make_conninfo(customer, dbname=DATABASE), autocommit=True) as connection:
            connection.execute(after.encode())
    with psycopg.connect(make_conninfo(customer, dbname=DATABASE)) as connection:
        ddl.load(connection, "public")
