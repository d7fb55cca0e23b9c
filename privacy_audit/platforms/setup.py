"""What a customer and his administrator run and set on a platform: SQL for psql, or a manifest."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Literal

from nosender.schema.observe.quoting import quoted

if TYPE_CHECKING:
    from nosender.privacy_audit.platforms.profile import Profile

Who = Literal["customer", "admin"]
"""customer: whoever owns the database and its tables. admin: who makes roles and databases."""

VALUES = {
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_connections": "off",
    "log_disconnections": "off",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "pg_stat_statements.track": "none",
    "pg_stat_statements.track_utility": "off",
    "auto_explain.log_min_duration": "-1",
}
"""The values of docs/dba.md, of the settings that some platform lets its customers set."""

GROUPS = ("nosender_app", "nosender_sweeper", "nosender_auditor", "nosender_clerk")
LOGINS = {"messenger": "nosender_app", "sweeper": "nosender_sweeper", "auditor": "nosender_auditor"}

PLACES = {
    "parameter group": "the instance's own parameter group",
    "server parameters": "the parameters of the server",
    "flags": "the flags of the instance",
    "manifest": "the manifest of the Cluster",
    "role": "ALTER ROLE, for each login of yours but the auditor's",
}
"""Where a setting of the server is set, in words."""


def text(
    profile: Profile,
    schema: str = "public",
    database: str = "mail",
    who: Who | None = None,
    *,
    existing: bool = False,
) -> str:
    """What one of the two runs, or both one after the other, as `nosender platform setup` prints it.

    `existing`: the database is there.
    """
    if profile.setup.place == "manifest":
        return _operated(profile, schema, database, who)
    existing = existing or database == "postgres"  # every server has it
    parts = [_comment(f"{profile.title}: roles, logins and settings, for the administrator's psql.")]
    if who != "customer":
        parts += _of_admin(profile, schema, database, existing=existing)
    if who == "customer":
        parts = [_comment(f"{profile.title}: for the psql of whoever owns the database and its tables.")]
        parts += [f"\\connect {quoted(database)}"]
    if who != "admin":
        parts += _of_customer(profile, schema, database, existing=existing)
    else:
        parts += [_comment("The rest is run by whoever owns the database: platform setup --for customer.")]
    return "\n\n".join(part for part in parts if part) + "\n"


def place_of(profile: Profile, setting: str) -> str | None:
    """Where a setting is set there, and to what; None where no source says that customers can."""
    if setting not in profile.setup.settings:
        return None
    return f"{PLACES[profile.setup.place]}: {setting} = {VALUES[setting]}"


def declaration(profile: Profile, *, existing: bool = False) -> str:
    """The table of nosender.toml, to be completed, and the platform's own schemas in its database."""
    own = ", ".join(profile.setup.schemas) if existing else ""
    beside = (
        f"For each of {own}, once somebody has looked into it: [schemas.NAME] with purpose, owner, expires."
    )
    return (
        f'[platform]\nname = "{profile.name}"\nadministrators = ["postgres"]\nbackup_days = …\nlog_days = …\n'
        f'log_readers = "…"\nreplicas = …\nexpires = …' + (f"\n{beside}" if own else "")
    )


def _of_admin(profile: Profile, schema: str, database: str, *, existing: bool) -> list[str]:
    """What only an administrator may: roles, the database, what belongs to the platform's group, settings."""
    setup = profile.setup
    made = [] if existing else [f"create database {quoted(database)};"]
    lines = [*made, f"\\connect {quoted(database)}"]
    if setup.before and setup.before_by == "admin" and schema == "public":
        lines.append(setup.before.strip())
    return [
        _comment(setup.users),
        *map(_comment, setup.notes),
        _roles(),
        "\n".join(lines),
        _settings(profile, ("messenger", "sweeper")),
    ]


def _of_customer(profile: Profile, schema: str, database: str, *, existing: bool) -> list[str]:
    """What the owner of the database may, and what comes next."""
    lines = _in_database(profile, schema, database)
    if existing and profile.setup.beside:
        lines.append(profile.setup.beside.strip())
    return [
        "\n".join(lines),
        # The owner's, who migrates. Not the auditor's: a value of its own hides the others' from it.
        _settings(profile, ("current_user",))
        if profile.setup.place == "role" and profile.setup.settings
        else "",
        _comment(f"Then: nosender --url … --schema {schema} db upgrade. And in nosender.toml:"),
        _comment(declaration(profile, existing=existing)),
    ]


def _in_database(profile: Profile, schema: str, database: str) -> list[str]:
    lines = []
    if profile.setup.before and profile.setup.before_by == "customer" and schema == "public":
        lines.append(profile.setup.before.strip())
    lines.append(f"revoke temporary on database {quoted(database)} from public;")
    if schema != "public":
        lines.append(f"create schema {quoted(schema)};")
    return lines


def _roles() -> str:
    lines = [f"create role {name} nologin;" for name in GROUPS]
    lines += [f"create role {login} login in role {group};" for login, group in LOGINS.items()]
    lines += [
        "-- From 16 on this wants the admin option on it: where it is refused, audit as the administrator.",
        "do $$ begin",
        "  grant pg_read_all_settings to auditor;",
        "exception when insufficient_privilege then",
        "  raise notice 'pg_read_all_settings is not yours to grant: audit as the administrator';",
        "end $$;",
        "-- And a password each, which psql sends hashed:",
        *(f"-- \\password {login}" for login in LOGINS),
    ]
    return "\n".join(lines)


def _settings(profile: Profile, logins: tuple[str, ...]) -> str:
    """For these logins, where settings are stored for roles; for the server elsewhere."""
    setup = profile.setup
    if not setup.settings:
        return _comment(
            "Which settings can be set there was found in no source: the audit says what is in force."
        )
    if setup.place == "role":
        return "\n".join(
            f"alter role {login} set {name} = '{VALUES[name]}';"
            for login in logins
            for name in setup.settings
        )
    if setup.place == "flags":
        flags = ",".join(f"{name}={VALUES[name]}" for name in setup.settings)
        return _comment(
            f"Flags of the instance; the command replaces all that are set:\n--database-flags={flags}"
        )
    lines = "\n".join(f"{name} = {VALUES[name]}" for name in setup.settings)
    return _comment(f"{PLACES[setup.place].capitalize()}:\n{lines}")


def _comment(words: str) -> str:
    """A comment of SQL, wrapped; lines stay lines."""
    return "\n".join(f"-- {part}".rstrip() for line in words.splitlines() for part in wrap(line, 100) or [""])


def _operated(profile: Profile, schema: str, database: str, who: Who | None) -> str:
    """Under an operator: the manifest, the owner's SQL, or the manifest with that as comments."""
    told = declaration(profile).replace('["postgres"]', "[]")
    lines = _in_database(profile, schema, database)
    if who == "customer":
        then = f"Then: nosender --url … --schema {schema} db upgrade. And in nosender.toml:"
        title = f"{profile.title}: for the psql of whoever owns the database and its tables."
        lines = [f"\\connect {quoted(database)}", *lines]
        parts = [_comment(title), "\n".join(lines), _comment(then), _comment(told)]
        return "\n\n".join(parts) + "\n"
    manifest = _manifest(profile, database)
    if who == "admin":
        return manifest
    after = ["---", "# As the owner of the database:", *(f"# {line}" for line in lines), "# nosender.toml"]
    return manifest + "\n".join([*after, *(f"# {line}" for line in told.splitlines())]) + "\n"


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
    ]
    return "\n".join(lines) + "\n"
