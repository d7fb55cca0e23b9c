"""The gate judges pull requests: exactly the findings that each must have, on exactly their lines."""

from __future__ import annotations

from datetime import timedelta

import pytest

from nosender.migrations.revisions import Chain

from .conftest import Judge
from .edits import (
    CATALOGUE,
    COMMENTS,
    E164,
    GDPR,
    INDEX,
    MESSAGES,
    NEW,
    OLD,
    PADDING,
    PADDING_COMMENTS,
    PADDING_DECLARED,
    POLICY,
    SEND,
    SENDER,
    SENDER_DECLARED,
    SENDER_DOWN,
    SENDER_UP,
    TAG,
    TAG_DECLARED,
    TODAY,
    PullRequest,
    append,
    crlf,
    declaring,
    remove,
    rename,
    replace,
    revision,
)  # fmt: skip

NEWEST = f"migrations/versions/{Chain.load().revisions[-1].path.name}"
MORE = declaring(
    {
        "  ('messages', 'message_type', 'state', null, null),\n": (
            "  ('messages', 'padding_class', 'state', null, null),\n"
        ),
        "  ('migration_journal', 'recorded_at', 'time', '0 seconds', null),\n": (
            "  ('padding_lengths', 'id', 'serial', null, null),\n"
            "  ('padding_lengths', 'bytes', 'counter', null, null),\n"
        ),
    }
)

PULL_REQUESTS = (
    # Harmless: nothing is found.
    PullRequest(
        "remarks, white space and the line ends of Windows",
        (
            replace(MESSAGES, "create table", "-- A remark.\ncreate table"),
            append(MESSAGES, "\n-- The end.\n"),
            replace(OLD, "create table", "-- A remark.\ncreate table"),
            crlf("migrations/versions/0003_retention.py"),
            append(CATALOGUE, "\n# A remark.\n"),
        ),
    ),
    PullRequest("prose beside the schema", (append("README.md", "\nMore.\n"),)),
    PullRequest(
        "a column and a table done well",
        (
            TAG,
            TAG_DECLARED,
            append("schema/ddl/17_padding_lengths.sql", PADDING),
            append("schema/catalogue/padding_lengths.toml", PADDING_DECLARED),
            MORE[0],
            revision(
                "alter table public.messages add column padding_class smallint;\n"
                "comment on column public.messages.padding_class is 'Which length it has.';\n"
                + PADDING
                + PADDING_COMMENTS
                + MORE[1],
                f"{MORE[2]}\ndrop table public.padding_lengths;\n"
                "alter table public.messages drop column padding_class;\n",
                downgrade_is='"loses data"',
                loses='("messages",)',
            ),
        ),
        shows=(
            (
                "messages gains the column padding_class (state): Which length it is padded to.",
                CATALOGUE,
                "[columns.padding_class]",
            ),
            ("The table padding_lengths is new: ", "schema/catalogue/padding_lengths.toml", "table ="),
            ("gains the column bytes", "schema/catalogue/padding_lengths.toml", "[columns.bytes]"),
            ("gains the column id", "schema/catalogue/padding_lengths.toml", "[columns.id]"),
        ),
        generate=True,
    ),
    # A sender, in every stage of being declared.
    PullRequest(
        "a sender, a CHECK and a body changed in the DDL alone, a purpose, and nothing generated",
        (
            SENDER,
            replace(MESSAGES, E164, ""),
            replace(SEND, "return false;", "return null;"),
            replace(CATALOGUE, '"When the row was stored."', '"When it was stored."'),
        ),
        finds=(
            ("catalogue-complete", MESSAGES, "sender_phone"),
            ("ddl-equals-migrations", MESSAGES, ""),
            ("ddl-equals-migrations", MESSAGES, "sender_phone"),
            ("ddl-equals-migrations", SEND, ""),
            ("generated-fresh", "docs/catalogue.html", "created_at"),
            ("generated-fresh", "docs/catalogue.md", "created_at"),
            ("generated-fresh", "schema/ddl/850_comments.sql", "created_at"),
            ("reference-fresh", "schema/observe/reference.json", ""),
        ),
        shows=(
            (
                "The purpose of messages.created_at now reads: When it was stored.",
                CATALOGUE,
                "When it was",
            ),
        ),
    ),
    PullRequest(
        "a sender in a revision alone, whose downgrade forgets another thing",
        (revision(f"{SENDER_UP}create table public.left_over (id integer);\n", SENDER_DOWN),),
        generate=True,
        finds=(
            ("ddl-equals-migrations", f"{NEW}.up.sql", "add column sender_phone"),
            ("ddl-equals-migrations", f"{NEW}.up.sql", "create table public.left_over"),
            ("undeclared-column", f"{NEW}.up.sql", "add column sender_phone"),
            ("undeclared-column", f"{NEW}.up.sql", "create table public.left_over"),
            ("undeclared-table", f"{NEW}.up.sql", "left_over"),
            ("up-down-up", f"{NEW}.py", ""),
        ),
    ),
    PullRequest(
        "a sender that a catalogue declares",
        (SENDER_DECLARED,),
        finds=(("catalogue-sound", CATALOGUE, "account-phone"),),
    ),
    # Revisions.
    PullRequest(
        "two heads",
        (revision("select 1;\n", "select 1;\n", after="0002"),),
        finds=(("revisions-sound", f"{NEW}.py", ""),),
    ),
    PullRequest(
        "a revision that follows itself",
        (revision("select 1;\n", "select 1;\n", after="0099"),),
        finds=(("revisions-sound", f"{NEW}.py", ""),),
    ),
    PullRequest(
        "a revision that is no Python",
        (revision("select 1;\n", "select 1;\n"), append(f"{NEW}.py", "def broken(:\n")),
        finds=(("revisions-sound", f"{NEW}.py", "def broken(:"),),
    ),
    PullRequest(
        "a revision that imports the application and cannot be taken back",
        generate=True,
        edits=(
            revision("select 1;\n", ""),
            remove(f"{NEW}.down.sql"),
            replace(
                f"{NEW}.py",
                "from alembic import op",
                "from nosender.schema import ddl\nfrom alembic import op",
            ),
        ),
        finds=(("revisions-sound", f"{NEW}.py", ""),) * 2,
    ),
    PullRequest(
        "a revision that says it cannot be taken back",
        generate=True,
        edits=(
            revision("select 1;\n", "", downgrade_is='"irreversible"'),
            remove(f"{NEW}.down.sql"),
        ),
    ),
    PullRequest(
        "a revision that mixes a transaction with what cannot have one",
        (revision(INDEX.replace("index", "index concurrently"), "drop index public.idx_messages_type;\n"),),
        finds=(
            ("revisions-sound", f"{NEW}.py", ""),
            ("revisions-sound", f"{NEW}.up.sql", "concurrently"),
        ),
    ),
    PullRequest(
        "a revision that touches what a distributed database has otherwise",
        (
            revision(
                "alter table public.messages alter column message_type set storage extended;\n",
                "select 1;\n",
                laid_out=False,
            ),
        ),
        generate=True,
        finds=(("revisions-sound", f"{NEW}.up.sql", "public.messages"),),
    ),
    PullRequest(
        "an old revision that does something else",
        (replace(OLD, "interval '400 days'", "interval '40 days'"),),
        finds=(
            ("revisions-unchanged", OLD, "40 days"),
            # the way back from 0006 brings the released text, which is not what the edited revision left
            ("up-down-up", "migrations/versions/0003_retention.py", ""),
        ),
    ),
    PullRequest(
        "an old revision that is gone",
        (remove(*(f"{COMMENTS}{end}" for end in (".py", ".up.sql", ".down.sql", ".json"))),),
        finds=(
            ("revisions-sound", NEWEST, ""),
            *(("revisions-unchanged", NEWEST, ""),) * 3,
        ),
    ),
    # Safeguards taken away.
    PullRequest(
        "a trigger switched off, grants to everybody, a foreign key and a view that lead to people",
        generate=True,
        edits=(
            revision(
                "alter table public.message_deliveries "
                "disable trigger message_deliveries_destination_only;\n"
                "grant select on public.messages to public;\n"
                "grant execute on function public.send_message to public;\n"
                "alter table public.messages add constraint messages_destination_phone_fkey\n"
                "foreign key (destination_phone) references public.users (phone_number);\n"
                "create view public.inbox as\nselect\n  messages.id,\n  users.id as user_id\n"
                "from public.messages\n"
                "inner join public.users on messages.destination_phone = users.phone_number;\n",
                "drop view public.inbox;\n"
                "alter table public.messages drop constraint messages_destination_phone_fkey;\n"
                "revoke execute on function public.send_message from public;\n"
                "revoke select on public.messages from public;\n"
                "alter table public.message_deliveries enable trigger message_deliveries_destination_only;\n",
            ),
        ),
        finds=(
            (
                "ddl-equals-migrations",
                f"{NEW}.up.sql",
                "alter table public.message_deliveries disable trigger",
            ),
            ("ddl-equals-migrations", f"{NEW}.up.sql", "alter table public.messages add constraint"),
            ("ddl-equals-migrations", f"{NEW}.up.sql", "grant execute"),
            ("ddl-equals-migrations", f"{NEW}.up.sql", "grant select"),
            ("ddl-equals-migrations", f"{NEW}.up.sql", "create view public.inbox"),
            ("disabled-trigger", f"{NEW}.up.sql", "disable trigger"),
            ("foreign-key-not-allowed", f"{NEW}.up.sql", ""),
            ("function-privilege", f"{NEW}.up.sql", "grant execute"),
            ("locks-brief", f"{NEW}.up.sql", "fkey"),
            ("path-to-user", f"{NEW}.up.sql", ""),
            ("table-privilege", f"{NEW}.up.sql", "grant select"),
            ("undeclared-column", f"{NEW}.up.sql", ""),
            ("undeclared-column", f"{NEW}.up.sql", ""),
            ("undeclared-view", f"{NEW}.up.sql", "inbox"),
        ),
    ),
    # Locks.
    PullRequest(
        "an index that keeps writers waiting, and a function for one role more",
        (
            append(MESSAGES, INDEX),
            revision(INDEX, "drop index public.idx_messages_type;\n"),
            append(
                SEND,
                "grant execute on function public.send_message to nosender_auditor;\n",
            ),
        ),
        finds=(
            ("ddl-equals-migrations", SEND, "nosender_auditor"),
            ("function-privilege", SEND, "nosender_auditor"),
            ("locks-brief", f"{NEW}.up.sql", "create index"),
        ),
        shows=(("nosender_auditor may now EXECUTE on the function send_message", SEND, "nosender_auditor"),),
        generate=True,
    ),
    PullRequest(
        "an index built beside the traffic",
        (
            append(MESSAGES, INDEX),
            revision(
                "-- step: build the index\n"
                "create index concurrently if not exists idx_messages_type\n"
                "on public.messages (message_type);\n",
                "-- step: drop the index\ndrop index concurrently if exists public.idx_messages_type;\n",
                transactional="False",
            ),
        ),
        generate=True,
    ),
    PullRequest(
        "waivers that reach too far",
        (
            append(
                "waivers.toml",
                '[[waivers]]\ncheck = "owner-differs"\nobject = "public.users"\n'
                'reason = "The hosting company owns every table."\nowner = "DBA"\napproved_by = "DPO"\n'
                f"created = {TODAY}\nexpires = {TODAY + timedelta(days=200)}\n",
            ),
        ),
        finds=(("catalogue-sound", "waivers.toml", ""),),
        shows=(("owner-differs on public.users is waived", "waivers.toml", "[[waivers]]"),),
        unseen=("the audit failed: ",),
    ),
    PullRequest(
        "waivers for everything, of yesterday and for what nothing needs",
        (
            append(
                "waivers.toml",
                "".join(
                    f'[[waivers]]\ncheck = "{check}"\nobject = "{name}"\n'
                    'reason = "The hosting company owns every table."\nowner = "DBA"\napproved_by = "DPO"\n'
                    f"created = {TODAY - timedelta(days=90)}\nexpires = {TODAY + timedelta(days=days)}\n"
                    for check, name, days in (
                        ("owner-differs", "public.*", 9),
                        ("undeclared-index", "public.a", -1),
                        ("owner-differs", "public.users", 9),
                    )
                ),
            ),
        ),
        # That nothing needs the third is a finding of the audit, and a low one.
        finds=(("broad-waiver", "waivers.toml", ""), ("expired-waiver", "waivers.toml", "")),
        shows=(
            ("A finding of undeclared-index on public.a is waived", "waivers.toml", "[[waivers]]"),
            ("A finding of owner-differs on public.* is waived", "waivers.toml", "[[waivers]]"),
            ("A finding of owner-differs on public.users is waived until ", "waivers.toml", "[[waivers]]"),
        ),
    ),
    PullRequest(
        "a released revision under another name",
        (rename(COMMENTS, "migrations/versions/0005_remarks"),),
        finds=(
            ("locks-brief", "migrations/versions/0008_settle.up.sql", "alter table public.retention_runs"),
            ("locks-brief", "migrations/versions/0008_settle.up.sql", "create index idx_retention_runs"),
            (
                "locks-brief",
                "migrations/versions/0016_project_columns.up.sql",
                "alter table public.retention_runs",
            ),
            *(("revisions-unchanged", "migrations/versions/0005_remarks.py", ""),) * 3,
        ),
    ),
    # Promises.
    PullRequest(
        "a longer grace, a purpose in other words, and a foreign key allowed that nobody makes",
        (
            replace(POLICY, 'grace = "1 hour"', 'grace = "2 days"'),
            append(
                POLICY,
                '\n[[foreign_keys]]\ntable = "ephemeral_keys"\ncolumns = ["id"]\nparent = "users"\n'
                'parent_columns = ["id"]\npurpose = "Who asked."\n',
            ),
            replace(CATALOGUE, '"When the row was stored."', '"When it was stored."'),
        ),
        # The comment in the database goes stale, which is low: it decides nothing.
        finds=(("missing-foreign-key", "migrations/versions/0001_tables.up.sql", ""),),
        shows=(
            (
                "A foreign key is allowed from ephemeral_keys(id) to users: Who asked.",
                POLICY,
                "[[foreign_keys]]",
            ),
            ("The promised grace after expiry is now 2 days", POLICY, "grace = "),
            (
                "The purpose of messages.created_at now reads: When it was stored.",
                CATALOGUE,
                "When it was",
            ),
        ),
        generate=True,
    ),
    PullRequest(
        "a purpose that is to be said later",
        (replace(CATALOGUE, '"When the row was stored."', '"TODO"'),),
        finds=(("catalogue-sound", CATALOGUE, "TODO"),),
    ),
    PullRequest(
        "a key that the catalogue does not know",
        (replace(CATALOGUE, "[columns.id]", "[columns.id]\nowner = 1"),),
        finds=(("catalogue-sound", CATALOGUE, "owner"),),
    ),
    PullRequest(
        "SQL that shouts, a line that runs as something else than it reads, a standard that cites nothing",
        (
            replace(SEND, "  devices integer[];", "  devices integer[];"),
            append("schema/ddl/900_grants.sql", "\nREVOKE ALL ON TABLE public.users FROM public;\n"),
            append(MESSAGES, "-- Only a \u202eremark.\n"),
            replace(GDPR, '"undeclared-column"', '"undeclared-colum"'),
        ),
        finds=(
            ("sql-style", "schema/ddl/900_grants.sql", "REVOKE"),
            ("sql-style", "schema/ddl/900_grants.sql", "REVOKE"),
            ("sql-style", "schema/ddl/900_grants.sql", "REVOKE"),
            ("sql-style", "schema/ddl/900_grants.sql", "REVOKE"),
            ("sql-style", "schema/ddl/900_grants.sql", "REVOKE"),
            ("sql-style", MESSAGES, "-- Only a"),
            ("standards-sound", GDPR, "undeclared-colum"),
        ),
    ),
)


@pytest.mark.parametrize("request_", PULL_REQUESTS, ids=lambda each: each.name.replace(" ", "-"))
def test_a_pull_request(judge: Judge, request_: PullRequest) -> None:
    request_.check(judge(request_))
