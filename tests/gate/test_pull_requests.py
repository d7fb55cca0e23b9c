"""The gate judges pull requests: exactly the findings that each must have, on exactly their lines."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nosender.server.embedded import EmbeddedServer

ROOT = Path(__file__).parent.parent.parent

MESSAGES = "schema/ddl/12_messages.sql"
CATALOGUE = "schema/catalogue/messages.toml"
POLICY = "schema/catalogue/policy.toml"
OLD = "migrations/versions/0003_retention.up.sql"
NEW = "migrations/versions/0099_change"
"""Where the revision of a pull request lies; its number does not matter to the chain."""

Edit = Callable[[Path], None]


@dataclass(frozen=True)
class PullRequest:
    """One change, and what the gate must say of it."""

    name: str
    edits: tuple[Edit, ...]
    finds: tuple[tuple[str, str, str], ...] = ()
    """Of each finding that decides: the step or check, the file, and text that its line must hold."""
    shows: tuple[str, ...] = ()
    """Parts of sentences that a reviewer must see."""
    generate: bool = False
    """The author ran `make generate` before the commit."""

    @property
    def code(self) -> int:
        """The exit code."""
        return 1 if self.finds else 0


def replace(file: str, old: str, new: str) -> Edit:
    """Change one place of a file."""

    def edit(root: Path) -> None:
        text = (root / file).read_text(encoding="utf-8")
        assert old in text, f"{file} does not hold {old!r}"
        (root / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


def append(file: str, text: str) -> Edit:
    """Add lines at the end of a file, which may be new."""

    def edit(root: Path) -> None:
        path = root / file
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(before + text, encoding="utf-8")

    return edit


def remove(*files: str) -> Edit:
    """Delete files."""

    def edit(root: Path) -> None:
        for file in files:
            (root / file).unlink()

    return edit


def crlf(file: str) -> Edit:
    """Save a file as Windows does."""

    def edit(root: Path) -> None:
        path = root / file
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    return edit


def revision(up: str, down: str, *, name: str = NEW, after: str | None = None, **fields: str) -> Edit:
    """A revision on top of the chain (or after another one), with the SQL of both directions."""

    def edit(root: Path) -> None:
        versions = root / "migrations" / "versions"
        last = sorted(path for path in versions.glob("[0-9]*.py") if path.stem[:4] < Path(name).name[:4])[-1]
        number = last.name.partition("_")[0]
        module = last.read_text(encoding="utf-8")
        module = module.replace(f'"{number}"', f'"{Path(name).name[:4]}"', 1)
        lines = [
            f'down_revision: str | None = "{after or number}"' if line.startswith("down_revision") else line
            for line in module.splitlines()
        ]
        for field, value in fields.items():
            lines = [
                f"{line.partition('=')[0]}= {value}" if line.startswith(f"{field}:") else line
                for line in lines
            ]
        (root / f"{name}.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (root / f"{name}.up.sql").write_text(up, encoding="utf-8")
        (root / f"{name}.down.sql").write_text(down, encoding="utf-8")

    return edit


SENDER = replace(
    MESSAGES,
    "  destination_phone varchar(20)",
    "  sender_phone varchar(20),\n  destination_phone varchar(20)",
)
SENDER_UP = "alter table messages add column sender_phone varchar(20);\n"
SENDER_DOWN = "alter table messages drop column sender_phone;\n"
SENDER_ENTRY = '[columns.sender_phone]\nclass = "account-phone"\npurpose = "Who wrote it."\n\n'
SENDER_DECLARED = replace(
    CATALOGUE, "[columns.encrypted_content]", f"{SENDER_ENTRY}[columns.encrypted_content]"
)
TAG = replace(MESSAGES, "  message_type varchar(20)", "  padding_class smallint,\n  message_type varchar(20)")
TAG_DECLARED = append(
    CATALOGUE, '\n[columns.padding_class]\nclass = "state"\npurpose = "Which length it is padded to."\n'
)
INDEX = "create index idx_messages_type on messages (message_type);\n"
TODAY = datetime.now(UTC).date()
E164 = "  constraint messages_destination_phone_e164 check (destination_phone ~ '^\\+[1-9][0-9]{6,14}$'),\n"
COMMENTS = "migrations/versions/0005_comments"
SEND = "schema/ddl/43_send_message.sql"

PULL_REQUESTS = (
    # Harmless: nothing is found.
    PullRequest("a remark in the DDL", (replace(MESSAGES, "create table", "-- A remark.\ncreate table"),)),
    PullRequest("white space in the DDL", (append(MESSAGES, "\n-- The end.\n"),)),
    PullRequest("a remark in an old revision", (replace(OLD, "create table", "-- A remark.\ncreate table"),)),
    PullRequest("an old revision saved by Windows", (crlf("migrations/versions/0003_retention.py"),)),
    PullRequest("a remark in the catalogue", (append(CATALOGUE, "\n# A remark.\n"),)),
    PullRequest("prose beside the schema", (append("README.md", "\nMore.\n"),)),
    PullRequest(
        "a column done well",
        (
            TAG,
            TAG_DECLARED,
            revision(
                "alter table messages add column padding_class smallint;\n"
                "comment on column messages.padding_class is 'Which length it has.';\n",
                "alter table messages drop column padding_class;\n",
                downgrade_is='"loses data"',
                loses='("messages",)',
            ),
        ),
        shows=("messages gains the column padding_class (state): Which length it is padded to.",),
        generate=True,
    ),
    # A sender, in every stage of being declared.
    PullRequest(
        "a sender in the DDL alone",
        (SENDER,),
        finds=(
            ("catalogue-complete", MESSAGES, "sender_phone"),
            ("ddl-equals-migrations", MESSAGES, "sender_phone"),
            ("reference-fresh", "schema/observe/reference.json", ""),
        ),
    ),
    PullRequest(
        "a sender in a revision alone",
        (revision(SENDER_UP, SENDER_DOWN),),
        generate=True,
        finds=(
            ("ddl-equals-migrations", f"{NEW}.up.sql", "sender_phone"),
            ("undeclared-column", f"{NEW}.up.sql", "sender_phone"),
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
        "a revision that imports the application",
        generate=True,
        edits=(
            revision("select 1;\n", "select 1;\n"),
            replace(
                f"{NEW}.py",
                "from alembic import op",
                "from nosender.schema import ddl\nfrom alembic import op",
            ),
        ),
        finds=(("revisions-sound", f"{NEW}.py", ""),),
    ),
    PullRequest(
        "a revision that cannot be taken back",
        generate=True,
        edits=(revision("select 1;\n", ""), remove(f"{NEW}.down.sql")),
        finds=(("revisions-sound", f"{NEW}.py", ""),),
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
        "a revision whose downgrade forgets",
        generate=True,
        edits=(revision("create table left_over (id integer);\n", "select 1;\n"),),
        finds=(
            ("ddl-equals-migrations", f"{NEW}.up.sql", "left_over"),
            ("undeclared-column", f"{NEW}.up.sql", "left_over"),
            ("undeclared-table", f"{NEW}.up.sql", "left_over"),
            ("up-down-up", f"{NEW}.py", ""),
        ),
    ),
    PullRequest(
        "a revision that mixes a transaction with what cannot have one",
        (revision(INDEX.replace("index", "index concurrently"), "drop index idx_messages_type;\n"),),
        finds=(
            ("revisions-sound", f"{NEW}.py", ""),
            ("revisions-sound", f"{NEW}.up.sql", "concurrently"),
        ),
    ),
    PullRequest(
        "an old revision that does something else",
        (replace(OLD, "interval '400 days'", "interval '40 days'"),),
        finds=(
            ("ddl-equals-migrations", OLD, "retention_policy"),
            ("revisions-unchanged", OLD, "40 days"),
            ("up-down-up", "migrations/versions/0004_audit.py", ""),
        ),
    ),
    PullRequest(
        "an old revision that is gone",
        (remove(*(f"{COMMENTS}{end}" for end in (".py", ".up.sql", ".down.sql", ".json"))),),
        finds=(
            ("revisions-unchanged", "migrations/versions/0004_audit.py", ""),
            ("revisions-unchanged", "migrations/versions/0004_audit.py", ""),
            ("revisions-unchanged", "migrations/versions/0004_audit.py", ""),
        ),
    ),
    # Safeguards taken away.
    PullRequest(
        "a CHECK dropped from the DDL",
        (
            replace(
                MESSAGES,
                E164,
                "",
            ),
        ),
        finds=(
            ("ddl-equals-migrations", MESSAGES, ""),
            ("reference-fresh", "schema/observe/reference.json", ""),
        ),
    ),
    PullRequest(
        "a trigger switched off by a revision",
        generate=True,
        edits=(
            revision(
                "alter table message_deliveries disable trigger message_deliveries_destination_only;\n",
                "alter table message_deliveries enable trigger message_deliveries_destination_only;\n",
            ),
        ),
        finds=(
            ("ddl-equals-migrations", f"{NEW}.up.sql", "disable trigger"),
            ("disabled-trigger", f"{NEW}.up.sql", "disable trigger"),
        ),
    ),
    PullRequest(
        "everything to everybody",
        generate=True,
        edits=(
            revision("grant select on messages to public;\n", "revoke select on messages from public;\n"),
        ),
        finds=(
            ("ddl-equals-migrations", f"{NEW}.up.sql", "grant select"),
            ("table-privilege", f"{NEW}.up.sql", "grant select"),
        ),
    ),
    PullRequest(
        "a function for everybody",
        generate=True,
        edits=(
            revision(
                "grant execute on function send_message to public;\n",
                "revoke execute on function send_message from public;\n",
            ),
        ),
        finds=(
            ("ddl-equals-migrations", f"{NEW}.up.sql", "grant execute"),
            ("function-privilege", f"{NEW}.up.sql", "grant execute"),
        ),
    ),
    PullRequest(
        "the body of a function changed in the DDL alone",
        (replace(SEND, "return false;", "return null;"),),
        finds=(
            ("ddl-equals-migrations", SEND, ""),
            ("reference-fresh", "schema/observe/reference.json", ""),
        ),
    ),
    PullRequest(
        "a foreign key from messages to users",
        generate=True,
        edits=(
            revision(
                "alter table messages add constraint messages_destination_phone_fkey\n"
                "foreign key (destination_phone) references users (phone_number);\n",
                "alter table messages drop constraint messages_destination_phone_fkey;\n",
            ),
        ),
        finds=(
            ("ddl-equals-migrations", f"{NEW}.up.sql", "fkey"),
            ("foreign-key-not-allowed", f"{NEW}.up.sql", ""),
            ("locks-brief", f"{NEW}.up.sql", "fkey"),
            ("path-to-user", f"{NEW}.up.sql", ""),
        ),
    ),
    PullRequest(
        "a view that joins people to messages",
        generate=True,
        edits=(
            revision(
                "create view inbox as\nselect\n  messages.id,\n  users.id as user_id\nfrom messages\n"
                "inner join users on messages.destination_phone = users.phone_number;\n",
                "drop view inbox;\n",
            ),
        ),
        finds=(
            ("ddl-equals-migrations", f"{NEW}.up.sql", "inbox"),
            ("undeclared-column", f"{NEW}.up.sql", ""),
            ("undeclared-column", f"{NEW}.up.sql", ""),
            ("undeclared-view", f"{NEW}.up.sql", "inbox"),
        ),
    ),
    # Locks.
    PullRequest(
        "an index that keeps writers waiting",
        (append(MESSAGES, INDEX), revision(INDEX, "drop index idx_messages_type;\n")),
        finds=(("locks-brief", f"{NEW}.up.sql", "create index"),),
        generate=True,
    ),
    PullRequest(
        "an index built beside the traffic",
        (
            append(MESSAGES, INDEX),
            revision(
                "-- step: build the index\n"
                "create index concurrently if not exists idx_messages_type on messages (message_type);\n",
                "-- step: drop the index\ndrop index concurrently if exists idx_messages_type;\n",
                transactional="False",
            ),
        ),
        generate=True,
    ),
    PullRequest(
        "a function for one role more",
        (
            append(
                SEND,
                "grant execute on function send_message to nosender_auditor;\n",
            ),
        ),
        finds=(
            ("ddl-equals-migrations", SEND, "nosender_auditor"),
            ("function-privilege", SEND, "nosender_auditor"),
        ),
        shows=("nosender_auditor may now EXECUTE on the function send_message",),
        generate=True,
    ),
    PullRequest(
        "a waiver that nothing needs",
        (
            append(
                "waivers.toml",
                f'[[waivers]]\ncheck = "owner-differs"\nobject = "public.users"\n'
                f'reason = "The hosting company owns every table."\nowner = "DBA"\napproved_by = "DPO"\n'
                f"created = {TODAY}\nexpires = {TODAY + timedelta(days=90)}\n",
            ),
        ),
        # That nothing needs it is a finding of the audit, and a low one.
        shows=("A finding of owner-differs on public.users is waived until ",),
    ),
    # Promises.
    PullRequest(
        "a longer grace",
        (replace(POLICY, 'grace = "1 hour"', 'grace = "2 days"'),),
        shows=("The promised grace after expiry is now 2 days",),
        generate=True,
    ),
    PullRequest(
        "a foreign key allowed that nobody makes",
        (
            append(
                POLICY,
                '\n[[foreign_keys]]\ntable = "ephemeral_keys"\ncolumns = ["id"]\nparent = "users"\n'
                'parent_columns = ["id"]\npurpose = "Who asked."\n',
            ),
        ),
        finds=(("missing-foreign-key", "migrations/versions/0001_tables.up.sql", ""),),
        shows=("A foreign key is allowed from ephemeral_keys(id) to users: Who asked.",),
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
        "a purpose in other words",
        (replace(CATALOGUE, '"When the row was stored."', '"When it was stored."'),),
        # The comment in the database goes stale, which is low: it decides nothing.
        shows=("The purpose of messages.created_at now reads: When it was stored.",),
        generate=True,
    ),
    PullRequest(
        "a catalogue changed and nothing generated",
        (replace(CATALOGUE, '"When the row was stored."', '"When it was stored."'),),
        finds=(
            ("generated-fresh", "docs/catalogue.html", "created_at"),
            ("generated-fresh", "docs/catalogue.md", "created_at"),
            ("generated-fresh", "schema/ddl/85_comments.sql", "created_at"),
        ),
        shows=("The purpose of messages.created_at now reads: When it was stored.",),
    ),
    PullRequest(
        "SQL that shouts",
        (
            replace(SEND, "  devices integer[];", "  devices integer[];"),
            append("schema/ddl/90_grants.sql", "\nREVOKE ALL ON TABLE users FROM public;\n"),
        ),
        finds=(
            ("sql-style", "schema/ddl/90_grants.sql", "REVOKE"),
            ("sql-style", "schema/ddl/90_grants.sql", "REVOKE"),
            ("sql-style", "schema/ddl/90_grants.sql", "REVOKE"),
            ("sql-style", "schema/ddl/90_grants.sql", "REVOKE"),
            ("sql-style", "schema/ddl/90_grants.sql", "REVOKE"),
        ),
    ),
)


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(folder), *identity, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one commit: this project as it is in the work tree."""
    folder = tmp_path_factory.mktemp("gate") / "base"
    for name in git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        source = ROOT / name
        if name and (source.is_file() or source.is_symlink()):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name, follow_symlinks=False)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "base")
    return folder


def run(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a module of the checkout's own code, in it, with no database named by chance."""
    hidden = ("PG", "NOSENDER_", "DATABASE_URL", "GITHUB_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    env["PYTHONPATH"] = str(checkout / "src")
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True, check=False)


def generate(checkout: Path) -> None:
    """What `make generate` makes of the DDL and the catalogue."""
    comments = run(checkout, "nosender", "catalogue", "comments")
    assert comments.returncode == 0, comments.stderr
    (checkout / "schema/ddl/85_comments.sql").write_text(comments.stdout, encoding="utf-8")
    for words in (
        ("nosender.schema.observe",),
        ("nosender.migrations.expect",),
        ("nosender.privacy_audit.queries",),
    ):
        made = run(checkout, *words)
        assert made.returncode == 0, made.stderr
    assert run(checkout, "nosender", "catalogue", "docs").returncode == 0


@pytest.mark.parametrize("request_", PULL_REQUESTS, ids=lambda each: each.name.replace(" ", "-"))
def test_a_pull_request(base: Path, server: EmbeddedServer, tmp_path: Path, request_: PullRequest) -> None:
    checkout = tmp_path / "checkout"
    git(tmp_path, "clone", "-q", str(base), str(checkout))
    for edit in request_.edits:
        edit(checkout)
    if request_.generate:
        generate(checkout)
    answer = run(
        checkout, "nosender", "--url", server.conninfo(), "gate", "--base", "origin/main",
        "--format", "json", "--format", "gitlab", "--output", str(tmp_path / "reports"),
    )  # fmt: skip
    found, seen, details = judged(tmp_path / "reports", checkout)
    unseen = [each["reason"] for each in report(tmp_path) if each["reason"]]
    wanted = sorted(request_.finds)
    told = "\n".join(["", *details, *unseen, answer.stderr])
    assert [each[:2] for each in found] == [each[:2] for each in wanted], told
    for (_, _, line), (_, _, part) in zip(found, wanted, strict=True):
        assert part in line, told
    assert [part for part in request_.shows if not any(part in sentence for sentence in seen)] == []
    assert len(seen) == len(request_.shows), seen
    assert answer.returncode == request_.code, (unseen, answer.stderr)


def report(folder: Path) -> list[dict[str, str]]:
    """What became of each step and check; nothing where the schema was not touched."""
    file = folder / "reports" / "report.json"
    checks: list[dict[str, str]] = (
        json.loads(file.read_text(encoding="utf-8"))["checks"] if file.exists() else []
    )
    return checks


def judged(reports: Path, checkout: Path) -> tuple[list[tuple[str, str, str]], list[str], list[str]]:
    """What decides, with the text of the line that it is shown on; what a reviewer is shown; every detail."""
    if not reports.exists():  # nothing of the schema was touched
        return [], [], []
    data = json.loads((reports / "report.json").read_text(encoding="utf-8"))
    issues = json.loads((reports / "report.gitlab.json").read_text(encoding="utf-8"))
    places = {issue["fingerprint"]: issue["location"] for issue in issues}
    found, seen, details = [], [], []
    for finding in data["findings"]:
        place = places[finding["fingerprint"]]
        if finding["check"] == "reviewer-must-see":
            seen.append(finding["detail"])
        elif finding["severity"] != "low" and finding["confidence"] != "hint":
            lines = (checkout / place["path"]).read_text(encoding="utf-8").splitlines() or [""]
            found.append((finding["check"], place["path"], lines[place["lines"]["begin"] - 1].strip()))
            details.append(f"{finding['check']}: {finding['detail']}")
    return sorted(found), seen, details
