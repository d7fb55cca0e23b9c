"""docs/managed.md, made from the profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.markup import code, prose
from nosender.privacy_audit.platforms.profile import profiles
from nosender.privacy_audit.platforms.setup import text

if TYPE_CHECKING:
    from nosender.privacy_audit.platforms.profile import Profile, Role

INTRO = """<!-- Made by `make generate`; what it says stands in privacy_audit/platforms/. -->

# Somebody else's server

On a managed platform, or under an operator, somebody else is the superuser: no setting and no grant of
yours binds them, they keep backups, and their console makes logins that read everything. A verdict there is
true only if it names them:

> Holds, except Amazon RDS (rdsadmin, rdstopmgr, rds_superuser), who can read everything.

Declare the platform in `nosender.toml`; it is never guessed.

```toml
[platform]
name = "rds"
administrators = ["postgres"]  # logins that may read everything for you
backup_days = 7                # with what is restored from them
log_days = 3
log_readers = "the security team"
replicas = 1
expires = 2027-05-20           # the last day on which this counts
```

- What is left out is not declared, and the audit is incomplete (exit 3) without it. Where another bootstrap
  superuser is found than the platform's, the audit ends with 3 and says nothing else. Without the table
  nothing changes, and a report says what the server looks like.
- A declared platform excuses nothing. It moves a finding to those who are trusted, by name, in every
  format: `trust` of the JSON report and of the signed statement has the declaration, the parties and each
  finding moved.
- A platform's group is only as wide as below: with one membership more it is a finding, and so is each
  login in it or in another role of the platform's, by name, that is not among `administrators`. One of ours
  in it is critical. Findings, too, are a superuser that nobody named, a role that a customer made under a
  name of the platform's, a setting of another value, a slot of another name, more followers than `replicas`.
- Nothing here reaches our schema, tables, functions, triggers, or the logins that write, sweep and audit.
- The lifetime of a row is the sum of the sweep and `backup_days`, and stands among the limits.

`nosender platform setup NAME` prints what to run and set: with `--for admin` what only an administrator
may, which is roles, logins, the database and settings; with `--for customer` what its owner runs;
`--existing` where the platform made the database. A finding about a setting says where it is set there. All
of it was made from public sources, named beside each entry, and tried to a pass without a waiver on servers
that were set up like them, never on a platform itself. What is known to stay a finding stands below each.
"""


def managed_page() -> str:
    """The whole page."""
    return INTRO + "".join(map(_platform, profiles().values()))


def _platform(profile: Profile) -> str:
    rows = [f"| {_role(each)} | {prose(each.source)} |" for each in profile.roles]
    rows += [f"| {prose(_words(each.words))} | {prose(each.source)} |" for each in profile.entries]
    parts = [
        f"## {profile.title}",
        f'`name = "{profile.name}"`; known by the bootstrap superuser {code(profile.bootstrap)} and the role '
        f"{code(profile.known_by)}.",
        "| what the verdict trusts | found in |\n| --- | --- |\n" + "\n".join(rows),
        "\n".join(f"- {prose(each)}" for each in profile.left_open),
        f"```{'yaml' if profile.setup.place == 'manifest' else 'sql'}\n{text(profile)}```",
    ]
    return "\n" + "\n\n".join(parts) + "\n"


def _role(role: Role) -> str:
    can = ", ".join((*role.memberships, *(each.replace("_", " ") for each in role.attributes)))
    wide = f", as wide as {prose(can)}" if can else ""
    if role.trust == "provider":
        return f"role {code(role.name)}, the platform's own{wide}"
    return f"group {code(role.name)}{wide or ', with no right of its own'}"


def _words(words: str) -> str:
    """`stored setting rdsadmin`: the kind, then the names as code."""
    for kind in (
        "stored setting",
        "default privilege",
        "schema grant",
        "system right",
        "event trigger",
        "extension",
        "publication",
        "setting",
        "library",
        "slot",
    ):
        if words.startswith(kind):
            return f"{kind} {code(words.removeprefix(kind).strip())}"
    return words
