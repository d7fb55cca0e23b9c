"""What a customer runs and sets on a platform: SQL for psql, or a manifest for kubectl."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from nosender.schema.observe.quoting import quoted

if TYPE_CHECKING:
    from nosender.privacy_audit.platforms.profile import Profile

VALUES = {
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_connections": "off",
    "log_disconnections": "off",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "pg_stat_statements.track_utility": "off",
    "auto_explain.log_min_duration": "-1",
}
"""The values of docs/dba.md, of the settings that some platform lets its customers set."""

GROUPS = ("nosender_app", "nosender_sweeper", "nosender_auditor", "nosender_clerk")
LOGINS = {"messenger": "nosender_app", "sweeper": "nosender_sweeper", "auditor": "nosender_auditor"}


def text(profile: Profile, schema: str = "public", database: str = "mail") -> str:
    """The whole for one platform, as `nosender platform setup` prints it."""
    setup = profile.setup
    if setup.place == "manifest":
        return _manifest(profile, database)
    parts = [
        _comment(f"{profile.title}: roles, logins and settings, for the administrator's psql."),
        _comment(setup.users),
        *map(_comment, setup.notes),
        _roles(),
        _database(profile, schema, database),
        _settings(profile),
        _comment(f"Then: nosender --url … --schema {schema} db upgrade. And in nosender.toml:"),
        _comment(declaration(profile)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def declaration(profile: Profile) -> str:
    """The table of nosender.toml, to be completed."""
    return (
        f'[platform]\nname = "{profile.name}"\nadministrators = ["postgres"]\nbackup_days = …\nlog_days = …\n'
        'log_readers = "…"\nreplicas = …\nexpires = …'
    )


def _roles() -> str:
    lines = [f"create role {name} nologin;" for name in GROUPS]
    lines += [f"create role {login} login in role {group};" for login, group in LOGINS.items()]
    lines += [
        "-- From 16 on this wants the admin option on it: where it is refused, audit as the administrator.",
        "grant pg_read_all_settings to auditor;",
        "-- And a password each, which psql sends hashed:",
        *(f"-- \\password {login}" for login in LOGINS),
    ]
    return "\n".join(lines)


def _database(profile: Profile, schema: str, database: str) -> str:
    lines = [f"create database {quoted(database)};", f"\\connect {quoted(database)}"]
    if profile.setup.before and schema == "public":
        lines.append(profile.setup.before)
    lines.append(f"revoke temporary on database {quoted(database)} from public;")
    if schema != "public":
        lines.append(f"create schema {quoted(schema)};")
    return "\n".join(lines)


def _settings(profile: Profile) -> str:
    setup = profile.setup
    if not setup.settings:
        return _comment(
            "Which settings can be set there was found in no source: the audit says what is in force."
        )
    if setup.place == "role":
        return "\n".join(
            f"alter role {login} set {name} = '{VALUES[name]}';"
            for login in LOGINS
            if login != "auditor"
            for name in setup.settings
        )
    if setup.place == "flags":
        flags = ",".join(f"{name}={VALUES[name]}" for name in setup.settings)
        return _comment(
            f"Flags of the instance; the command replaces all that are set:\n--database-flags={flags}"
        )
    lines = "\n".join(f"{name} = {VALUES[name]}" for name in setup.settings)
    return _comment(f"The instance's own parameter group:\n{lines}")


def _comment(words: str) -> str:
    """A comment of SQL, wrapped; lines stay lines."""
    return "\n".join(f"-- {part}" for line in words.splitlines() for part in wrap(line, 100) or [""])


def _manifest(profile: Profile, database: str) -> str:
    """The parts of a Cluster, and the Database beside it."""
    setup = profile.setup
    notes = [part for each in (setup.users, *setup.notes) for part in wrap(each, 100)]
    lines = [f"# {profile.title}: into the manifest of the Cluster.", *(f"# {each}" for each in notes)]
    lines += ["spec:", "  postgresql:", "    parameters:"]
    lines += [f'      {name}: "{VALUES[name]}"' for name in setup.settings]
    lines += ["  managed:", "    roles:"]
    for name in GROUPS:
        lines += [f"      - name: {name}", "        ensure: present", "        login: false"]
    for login, group in LOGINS.items():
        into = [group, *(["pg_read_all_settings"] if login == "auditor" else [])]
        lines += [f"      - name: {login}", "        ensure: present", "        login: true"]
        lines += [f"        inRoles: [{', '.join(into)}]", f"        passwordSecret: {{name: {login}}}"]
    lines += [
        "---",
        "apiVersion: postgresql.cnpg.io/v1",
        "kind: Database",
        f"metadata: {{name: {database}}}",
        "spec:",
        f"  name: {database}",
        "  owner: app",
        "  cluster: {name: …}",
        "---",
        "# nosender.toml",
        *(f"# {line}" for line in declaration(profile).replace('["postgres"]', "[]").splitlines()),
    ]
    return "\n".join(lines) + "\n"
