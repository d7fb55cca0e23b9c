"""Servers that are set up as platforms are, from public facts: bootstrap superuser, roles, grants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from nosender.privacy_audit.platforms import trusted
from nosender.privacy_audit.platforms.profile import profiles
from nosender.privacy_audit.platforms.setup import text
from nosender.privacy_audit.result.audit import Audit
from nosender.privacy_audit.runner import Options, run
from nosender.project import find
from nosender.schema import ddl
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from .shaped import SAYS, knowing

ARCHIVED = {"archive_mode": "on", "archive_command": "true"}
LOGICAL = ARCHIVED | {"wal_level": "logical"}
WATCHED = {"shared_preload_libraries": "pg_stat_statements"}
SETTINGS = {
    "rds": ARCHIVED,
    "cloudsql": ARCHIVED,
    "azure": ARCHIVED,
    "cnpg": LOGICAL,
    "supabase": LOGICAL,
    "neon": WATCHED,
}
"""With what each server starts; those that start alike are one cluster, one after the other."""
DATABASE = "mail"
SCHEMAS = {"supabase": "mail"}
"""Where our tables stand, other than in public."""

MADE = {
    "rds": """
        create role rds_ad;
        create role rds_iam;
        create role rds_password;
        create role rds_replication;
        create role rds_superuser;
        grant pg_monitor, pg_read_all_data, pg_write_all_data, pg_checkpoint, pg_signal_backend, rds_password,
            rds_replication to rds_superuser with admin option;
        create role rdsrepladmin noinherit replication;
        create role rdstopmgr login;
        grant pg_checkpoint, pg_monitor to rdstopmgr;
        alter role rdsadmin set log_statement = 'all';
        alter role rdsadmin set log_min_error_statement = 'debug5';
        alter role rdsadmin set timezone = 'utc';
        alter role rdstopmgr set log_statement = 'all';
        alter role rdstopmgr set temp_file_limit = '-1';
        create role customer login createdb createrole in role rds_superuser;
    """,
    "cloudsql": """
        create role cloudsqliamuser;
        create role cloudsqlsuperuser login createrole createdb;
        grant pg_monitor, pg_signal_backend to cloudsqlsuperuser;
        create role cloudsqlagent login createrole createdb in role cloudsqlsuperuser;
        create role cloudsqlimportexport login createrole createdb in role cloudsqlsuperuser;
        create role cloudsqllogical replication in role cloudsqlsuperuser;
        create role cloudsqlreplica login replication in role pg_monitor;
        create role customer login createdb createrole in role cloudsqlsuperuser;
    """,
    "cnpg": """
        create role streaming_replica login replication;
        create role customer login createdb createrole;
    """,
    "neon": """
        create role neon_superuser createrole createdb replication bypassrls;
        grant pg_read_all_data, pg_write_all_data, pg_create_subscription to neon_superuser;
        grant pg_monitor, pg_signal_backend to neon_superuser with admin option;
        create role customer login createdb createrole replication bypassrls in role neon_superuser;
        select pg_create_physical_replication_slot('wal_proposer_slot');
    """,
    "supabase": """
        create role anon noinherit;
        create role authenticated noinherit;
        create role service_role noinherit bypassrls;
        create role authenticator login noinherit in role anon, authenticated, service_role;
        create role supabase_replication_admin login replication;
        create role supabase_read_only_user login bypassrls in role pg_read_all_data;
        create role supabase_auth_admin login noinherit createrole;
        create role supabase_storage_admin login noinherit createrole in role authenticator;
        create role dashboard_user createdb createrole replication;
        alter role authenticator set session_preload_libraries = 'safeupdate';
        alter role supabase_admin set search_path = 'public, extensions';
        create role customer login createdb createrole replication bypassrls;
        grant pg_monitor, pg_read_all_data, service_role to customer;
        grant set on parameter log_statement, log_min_duration_statement, log_parameter_max_length,
            auto_explain.log_min_duration to customer;
    """,
    "azure": """
        create role azure_pg_admin;
        grant pg_checkpoint, pg_create_subscription, pg_monitor, pg_read_all_data, pg_read_all_settings,
            pg_read_all_stats, pg_stat_scan_tables to azure_pg_admin with admin option;
        create role replication login replication in role pg_use_reserved_connections;
        alter role azuresu set search_path = 'pg_catalog';
        create role customer login createdb createrole in role azure_pg_admin;
        grant pg_read_all_settings, pg_read_all_stats, pg_stat_scan_tables to customer with admin option;
    """,
}
"""By platform, what its superuser makes; `customer` is the login that its customer is given."""

HOOKED = """
    revoke set on parameter log_statement, log_min_duration_statement, log_parameter_max_length,
        auto_explain.log_min_duration from customer
"""
"""What a hook lets a customer of Supabase set shows in no catalog."""

BROUGHT = profiles()["supabase"].of("extension")
BRINGING = "".join(
    f'create schema if not exists {schema}; create extension "{name}" schema {schema};'
    for name, schema in ((each.values["name"], each.values["schema"]) for each in BROUGHT)
)


def stubs(folder: Path) -> None:
    """Extensions of the names of those that Supabase brings, each with a function in SQL."""
    (folder / "extension").mkdir()
    for each in BROUGHT:
        name = each.values["name"]
        (folder / "extension" / f"{name}.control").write_text("default_version = '1'\nrelocatable = true\n")
        told = f'create function "of {name}"() returns int language sql return 1;'
        (folder / "extension" / f"{name}--1.sql").write_text(told)


WATCHING = profiles()["supabase"].of("event_trigger")
OPENED = "alter default privileges {of} in schema public {verb} all on tables {way} {whom}"
"""What the platform gives away beforehand in `public`."""

TEMPLATE = {
    "neon": (
        OPENED.format(of="for role cloud_admin", verb="grant", way="to", whom="neon_superuser")
        + "; grant execute on function pg_export_snapshot, pg_log_standby_snapshot to neon_superuser",
        OPENED.format(of="for role cloud_admin", verb="revoke", way="from", whom="neon_superuser")
        + "; revoke execute on function pg_export_snapshot, pg_log_standby_snapshot from neon_superuser",
    ),
    "supabase": (
        "create publication supabase_realtime; create schema extensions; create schema auth;"
        "create table auth.users (id integer);"
        + OPENED.format(of="", verb="grant", way="to", whom="anon, authenticated, service_role;")
        + "".join(
            f"create function {name}() returns event_trigger language plpgsql as $${SAYS}$$;"
            f"create event trigger {each.values['name']} on sql_drop execute function {name}();"
            for each in WATCHING
            for name in [each.values["function"]]
        ),
        "".join(f"drop event trigger {each.values['name']};" for each in WATCHING)
        + "drop publication supabase_realtime; drop schema extensions, auth cascade;"
        + OPENED.format(of="", verb="revoke", way="from", whom="anon, authenticated, service_role"),
    ),
    "rds": ("", ""),
    "cloudsql": (
        "grant all on schema public to cloudsqlsuperuser;"
        "grant execute on function pg_show_replication_origin_status to cloudsqlsuperuser",
        "revoke all on schema public from cloudsqlsuperuser;"
        "revoke execute on function pg_show_replication_origin_status from cloudsqlsuperuser",
    ),
    "cnpg": ("", ""),
    "azure": (
        "alter schema public owner to azure_pg_admin;"
        "grant select (starelid, stavalues1) on pg_statistic to azure_pg_admin;"
        "grant select (name, setting) on pg_config to azure_pg_admin",
        "alter schema public owner to pg_database_owner;"
        "revoke select (starelid, stavalues1) on pg_statistic from azure_pg_admin;"
        "revoke select (name, setting) on pg_config from azure_pg_admin",
    ),
}
"""What each database is made with there, and how that goes again."""

DECLARED = """
[platform]
name = "{name}"
administrators = ["customer"]
backup_days = 7
log_days = 3
log_readers = "the security team"
replicas = 0
expires = {expires}
{excused}"""

EXCUSED = """
[schemas.{name}]
purpose = "the platform's own, and nobody's number is in it"
owner = "the security team"
expires = {expires}
"""


@dataclass(frozen=True)
class Emulation:
    """A server that looks like a platform, set up as `platform setup` says."""

    name: str
    conninfo: str
    folder: Path
    """Of nosender.toml."""
    reader: str
    """Who audits: from 16 on some platforms let nobody but themselves grant the auditor what it needs."""

    def superuser(self) -> psycopg.Connection:
        """A session of the platform's own."""
        return psycopg.connect(self.conninfo, autocommit=True)

    def declare(self, old: str = "", new: str = "") -> Emulation:
        """Write the declaration, with something in it replaced."""
        expires = datetime.now(UTC).date() + timedelta(days=90)
        excused = "".join(
            EXCUSED.format(name=name, expires=expires) for name in profiles()[self.name].setup.schemas
        )
        whole = DECLARED.format(name=self.name, expires=expires, excused=excused)
        assert old in whole
        (self.folder / "nosender.toml").write_text(whole.replace(old, new) if old else whole)
        return self

    def audit(self) -> Audit:
        """As the auditor, with whatever is declared."""
        here = make_conninfo(self.conninfo, user=self.reader)
        with (
            pytest.MonkeyPatch.context() as patch
        ):  # of event triggers, as if their texts were the known ones
            known = {name: knowing(profile) for name, profile in profiles().items()}
            patch.setattr(trusted, "profiles", lambda: known)
            return run(Target(here, self.schema), Options(project=find(self.folder)))

    @property
    def schema(self) -> str:
        """Of our tables."""
        return SCHEMAS.get(self.name, "public")


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
        with psycopg.connect(make_conninfo(base, dbname="template1"), autocommit=True) as template:
            template.execute(TEMPLATE[name][0].encode())
            bringing = name == "supabase" and _can_bring(template)
            if bringing:
                template.execute(BRINGING.encode())
        try:
            reader = _set_up(base, name)
            yield Emulation(name, make_conninfo(base, dbname=DATABASE), folder, reader)
        finally:
            superuser.execute(f"drop database if exists {DATABASE} with (force)".encode())
            with psycopg.connect(make_conninfo(base, dbname="template1"), autocommit=True) as template:
                if bringing:
                    names = (f'"{each.values["name"]}"' for each in BROUGHT)
                    template.execute(f"drop extension {', '.join(names)}".encode())
                    template.execute(b"drop schema graphql, pgsodium, vault")
                template.execute(TEMPLATE[name][1].encode())
            made = {each[0] for each in superuser.execute("select rolname from pg_roles").fetchall()} - kept
            for role in sorted(made):
                superuser.execute(f'drop owned by "{role}" cascade'.encode())
            for role in sorted(made):
                superuser.execute(f'drop role "{role}"'.encode())
            superuser.execute(f'alter role "{profile.bootstrap}" reset all'.encode())
            superuser.execute(b"select pg_drop_replication_slot(slot_name) from pg_replication_slots")
    rename_superuser(server, profile.bootstrap, "postgres")


def _can_bring(template: psycopg.Connection) -> bool:
    """Whether the stubs are found: only from 18 on can they stand elsewhere than in the server's folder."""
    found = template.execute(
        "select name from pg_available_extensions where default_version = '1'"
    ).fetchall()
    return {each[0] for each in found} >= {each.values["name"] for each in BROUGHT}


def _set_up(base: str, name: str) -> str:
    """What `platform setup` prints, word for word, as the customer; of an operator, what a manifest says."""
    profile, schema = profiles()[name], SCHEMAS.get(name, "public")
    customer = make_conninfo(base, user="customer")
    here = make_conninfo(customer, dbname=DATABASE)
    if profile.setup.place == "manifest":
        with psycopg.connect(base, autocommit=True) as operator:
            operator.execute(text(profiles()["rds"]).partition("create database")[0].encode())
            operator.execute(f"create database {DATABASE} owner customer".encode())
    else:
        connecting = f"\\connect {DATABASE}\n"
        before, _, after = text(profile, schema, DATABASE, "admin").partition(connecting)
        *roles, database = before.strip().split("\n\n")
        with psycopg.connect(customer, autocommit=True) as connection:
            connection.execute("\n".join(roles).encode())
            connection.execute(database.encode())
        with psycopg.connect(here, autocommit=True) as connection:
            connection.execute(after.encode())
    own = text(profile, schema, DATABASE, "customer").replace(f"\\connect {DATABASE}\n", "")
    with psycopg.connect(here, autocommit=True) as connection:
        connection.execute(own.encode())
        ddl.load(connection, schema)
        seen = "select pg_catalog.pg_has_role('auditor', 'pg_read_all_settings', 'usage')"
        sees = (connection.execute(seen.encode()).fetchone() or (False,))[0]
    if name == "supabase":
        with psycopg.connect(base, autocommit=True) as superuser:
            superuser.execute(HOOKED.encode())
    return "auditor" if sees else "customer"
