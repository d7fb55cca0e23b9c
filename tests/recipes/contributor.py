"""What a contributor writes where a recipe of CONTRIBUTING names a file: each file and its new text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

Edit = Callable[[str], str]
"""From the text that a file has, or none, to the one that the contributor leaves."""


@dataclass(frozen=True)
class Work:
    """One change that somebody makes by a recipe."""

    heading: str
    """Of the recipe in CONTRIBUTING."""
    words: Mapping[str, str]
    """What stands for each word in capitals."""
    files: Mapping[str, Edit]
    """By the path that the recipe names, with its capitals filled in."""
    shows: Mapping[str, str] = field(default_factory=dict)
    """What the answer of a command must hold, by the command's beginning."""


def new(text: str) -> Edit:
    """A file that was not there."""

    def edit(before: str) -> str:
        assert before == ""
        return text

    return edit


def after(anchor: str, text: str) -> Edit:
    """Text put in behind the one place where the anchor stands."""

    def edit(before: str) -> str:
        assert before.count(anchor) == 1, anchor
        return before.replace(anchor, anchor + text)

    return edit


def at_the_end(text: str) -> Edit:
    """Text appended."""
    return lambda before: before + text


def loses(table: str) -> Edit:
    """A revision as Alembic made it, saying what its downgrade loses."""
    return lambda before: before.replace(
        '"lossless"\nloses: tuple[str, ...] = ()', f'"loses data"\nloses: tuple[str, ...] = ("{table}",)'
    )


def replaceable(text: str) -> str:
    """The function of a DDL file, as a revision replaces it: the rights that it has stay."""
    (found,) = re.findall(r"^create function.*?^\$\$;\n", text, re.MULTILINE | re.DOTALL)
    return found.replace("create function", "create or replace function", 1)


def next_revision() -> str:
    """The number after the last revision of this checkout."""
    last = max(path.name[:4] for path in (ROOT / "migrations" / "versions").glob("[0-9]*.py"))
    return f"{int(last) + 1:04}"


NUMBER = next_revision()
VERSION = f"migrations/versions/{NUMBER}_"
FORM = f"schema/layouts/citus/revisions/{NUMBER}"


# A table whose rows expire.

PUSH_TOKENS = """-- How the push service reaches a person's device; a row is about one person.
create table public.push_tokens (
  id serial primary key,
  user_id integer not null,
  token text not null,
  expires_at timestamp without time zone not null,
  constraint push_tokens_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
  constraint push_tokens_token_key unique (token),
  constraint push_tokens_token_length check (octet_length(token) between 16 and 400),
  constraint push_tokens_expires_at_coarse check (expires_at = date_trunc('hour', expires_at))
);

create index idx_push_tokens_user on public.push_tokens (user_id);
create index idx_push_tokens_expires on public.push_tokens (expires_at, id);

alter table public.push_tokens alter column token set statistics 0;

revoke all on table public.push_tokens from public;
revoke all on sequence public.push_tokens_id_seq from public;
"""
TRIGGER = """
create trigger push_tokens_utc
before insert or update on public.push_tokens
for each statement execute function public.refuse_time_zone();
"""
COMMENTS = """
comment on table public.push_tokens is 'How the push service reaches a device.';
comment on column public.push_tokens.id is 'Number of the token.';
comment on column public.push_tokens.user_id is 'Whose device it is.';
comment on column public.push_tokens.token is 'What the push service calls the device.';
comment on column public.push_tokens.expires_at is 'When the token must go.';
"""
DECLARED = """table = "push_tokens"
purpose = "How the push service reaches a device."

[retention]
rule = "expires"
column = "expires_at"
action = "delete"
parents = ["users"]

[columns.id]
class = "serial"
purpose = "Number of the token."

[columns.user_id]
class = "link"
purpose = "Whose device it is."

[columns.token]
class = "random-id"
purpose = "What the push service calls the device."

[columns.expires_at]
class = "expiry"
resolution = "hour"
purpose = "When the token must go."
"""
KEY = """
[[foreign_keys]]
table = "push_tokens"
columns = ["user_id"]
parent = "users"
parent_columns = ["id"]
purpose = "A token belongs to one user, and goes with the user."
"""
FUNCTIONS: dict[str, Edit] = {
    "510_retention_policy": after(
        "case when knobs.messages is not null then 'created_at' end, '{message_deliveries}'\n    ),\n",
        "    ('push_tokens', 'expires_at', 'delete', null, null, null, null, '{}'),\n",
    ),
    "603_audit_declared": after(
        "  ('migration_journal', 'recorded_at', 'time', '0 seconds', null),\n",
        "  ('push_tokens', 'id', 'serial', null, null),\n"
        "  ('push_tokens', 'user_id', 'link', null, 'user'),\n"
        "  ('push_tokens', 'token', 'random-id', null, null),\n"
        "  ('push_tokens', 'expires_at', 'expiry', '3600 seconds', null),\n",
    ),
}
"""The functions that know the tables by name, each with the new one in it."""


def _functions(edits: Mapping[str, Edit], *, changed: bool) -> str:
    texts = []
    for name, edit in edits.items():
        text = (ROOT / "schema" / "ddl" / f"{name}.sql").read_text(encoding="utf-8")
        texts.append(replaceable(edit(text) if changed else text))
    return "\n".join(texts)


TABLE = Work(
    "Add a table",
    {"NNNN": NUMBER, "NNN": "170", "TABLE": "push_tokens"},
    {
        "schema/ddl/170_push_tokens.sql": new(PUSH_TOKENS),
        "schema/ddl/200_refuse_time_zone.sql": at_the_end(TRIGGER),
        "schema/catalogue/push_tokens.toml": new(DECLARED),
        "schema/catalogue/policy.toml": after(
            'purpose = "A published key belongs to one user, and goes with the user."\n', KEY
        ),
        **{f"schema/ddl/{name}.sql": edit for name, edit in FUNCTIONS.items()},
        f"{VERSION}add_push_tokens.py": loses("push_tokens"),
        f"{VERSION}add_push_tokens.up.sql": new(
            f"{PUSH_TOKENS}{TRIGGER}\n{_functions(FUNCTIONS, changed=True)}{COMMENTS}"
        ),
        f"{VERSION}add_push_tokens.down.sql": new(
            f"{_functions(FUNCTIONS, changed=False)}\ndrop table public.push_tokens;\n"
        ),
    },
)


# A column.

PADDING: dict[str, Edit] = {
    "603_audit_declared": after(
        "  ('messages', 'message_type', 'state', null, null),\n",
        "  ('messages', 'padding_class', 'state', null, null),\n",
    )
}
COLUMN = Work(
    "Add a column",
    {"NNNN": NUMBER, "NNN": "120", "TABLE": "messages", "COLUMN": "padding_class"},
    {
        "schema/ddl/120_messages.sql": after(
            "  encrypted_content bytea not null,\n", "  padding_class smallint,\n"
        ),
        "schema/catalogue/messages.toml": at_the_end(
            '\n[columns.padding_class]\nclass = "state"\npurpose = "Which length it is padded to."\n'
        ),
        **{f"schema/ddl/{name}.sql": edit for name, edit in PADDING.items()},
        f"{VERSION}add_padding_class.py": loses("messages"),
        f"{VERSION}add_padding_class.up.sql": new(
            "alter table public.messages add column padding_class smallint;\n"
            "comment on column public.messages.padding_class is 'Which length it is padded to.';\n"
            + _functions(PADDING, changed=True)
        ),
        f"{VERSION}add_padding_class.down.sql": new(
            f"{_functions(PADDING, changed=False)}\nalter table public.messages drop column padding_class;\n"
        ),
        f"{FORM}.up.sql": new(
            "alter table public.messages add column padding_class smallint;\n"
            + _functions(PADDING, changed=True)
        ),
        f"{FORM}.down.sql": new(
            f"{_functions(PADDING, changed=False)}\nalter table public.messages drop column padding_class;\n"
        ),
    },
)


# A migration that builds an index beside the traffic.

MIGRATION = Work(
    "Add a migration",
    {"NNNN": NUMBER, "NNN": "120", "TABLE": "messages", "SLUG": "find_by_type"},
    {
        "schema/ddl/120_messages.sql": at_the_end(
            "\ncreate index idx_messages_type on public.messages (message_type);\n"
        ),
        f"{VERSION}find_by_type.py": lambda before: before.replace(
            "transactional: bool = True", "transactional: bool = False"
        ),
        f"{VERSION}find_by_type.up.sql": new(
            "-- step: build the index\n"
            "create index concurrently if not exists idx_messages_type on public.messages (message_type);\n"
        ),
        f"{VERSION}find_by_type.down.sql": new(
            "-- step: drop the index\ndrop index concurrently if exists public.idx_messages_type;\n"
        ),
        f"{FORM}.up.sql": new("create index idx_messages_type on public.messages (message_type);\n"),
        f"{FORM}.down.sql": new("drop index public.idx_messages_type;\n"),
    },
    {"nosender --embedded db plan": "create index concurrently"},
)


# A check.

FOLDER = "privacy_audit/checks/no-side-channel/external-storage"
CHECK_PY = '''"""Columns of ours that are stored outside their rows without being compressed.

A value under storage EXTERNAL has its true length in the file, where anybody with the disk can read it. It
cannot see what a value held before it was encrypted.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="external-storage",
    title="No column is stored under EXTERNAL.",
    claim=Claim.NO_SIDE_CHANNEL,
    severity=Severity.LOW,
    confidence=Confidence.CERTAIN,
    remedy="Set the storage of the column back to EXTENDED.",
    since="0.2",
)


def look(snapshot: Snapshot) -> Answer:
    """The columns of our tables with that storage."""
    columns = [each for each in snapshot.ours("columns") if each.table in snapshot.tables]
    return Answer.of(
        columns,
        (
            Found(dotted(each.schema, each.table, each.name), "column", "It is stored under EXTERNAL.")
            for each in columns
            if each.storage == "external"
        ),
    )
'''
QUERY = """-- Each row is a column of ours that is stored under EXTERNAL.
select n.nspname || '.' || c.relname || '.' || a.attname as subject
from pg_catalog.pg_attribute as a
inner join pg_catalog.pg_class as c on a.attrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
  n.nspname = pg_catalog.current_schema()
  and c.relkind = 'r' -- table
  and a.attnum > 0
  and not a.attisdropped
  and a.attstorage = 'e' -- external
order by subject
"""
ALTER = "alter table public.messages alter column encrypted_content set storage"
CHECK = Work(
    "Add a check",
    {"CLAIM": "no-side-channel", "SLUG": "external-storage", "STANDARD": "nist-privacy-framework"},
    {
        f"{FOLDER}/check.py": new(CHECK_PY),
        f"{FOLDER}/query.sql": new(QUERY),
        f"{FOLDER}/bad.sql": new(f"-- finds: public.messages.encrypted_content\n{ALTER} external;\n"),
        f"{FOLDER}/fix.sql": new(f"{ALTER} extended;\n"),
        f"{FOLDER}/good.sql": new(f"-- Compressed, or not moved out.\n{ALTER} main;\n"),
        "docs/threat-model.md": after("undeclared-subscription`, `copied-log`", ", `external-storage`"),
        "privacy_audit/standards/nist-privacy-framework.toml": after('"copied-log"', ', "external-storage"'),
    },
    {
        "nosender audit explain": "No column is stored under EXTERNAL.",
        "pytest": " passed",
    },
)


# A report format.

CSV = '''"""The report as comma-separated values, a finding a line; a spreadsheet runs what begins with =."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.privacy_audit.reports.words import one_line

if TYPE_CHECKING:
    from nosender.privacy_audit.result.audit import Audit


def render(audit: Audit) -> str:
    """A header, then check, object, severity and detail of each finding."""
    rows = [(each.check, each.object, each.severity.value, each.detail) for each in audit.findings]
    lines = [",".join(map(_cell, row)) for row in [("check", "object", "severity", "detail"), *rows]]
    return "".join(f"{line}\\n" for line in lines)


def _cell(text: str) -> str:
    """Quoted always; a quote in front of what a spreadsheet would run."""
    shown = one_line(text)
    return '"' + ("'" if shown[:1] in "=+-@" else "") + shown.replace('"', '""') + '"'
'''
FORMAT = Work(
    "Add a report format",
    {"NAME": "csv"},
    {
        "privacy_audit/reports/csv.py": new(CSV),
        "privacy_audit/reports/__init__.py": after(
            '    "oscal": "report.oscal.json",\n', '    "csv": "report.csv",\n'
        ),
    },
    {"nosender audit run --help": "csv", "pytest": " passed"},
)

WORKS = (TABLE, COLUMN, MIGRATION, CHECK, FORMAT)
