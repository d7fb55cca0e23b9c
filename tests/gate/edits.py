"""How the tests write a pull request: edits of a checkout, and what the gate must say of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nosender.migrations.layout_step import touched

from ..conftest import ROOT
from ..recipes.contributor import replaceable

MESSAGES = "schema/ddl/120_messages.sql"
CATALOGUE = "schema/catalogue/messages.toml"
POLICY = "schema/catalogue/policy.toml"
VERSIONS = "migrations/versions"
OLD = f"{VERSIONS}/0003_retention.up.sql"
NEW = f"{VERSIONS}/0099_change"
"""Where the revision of a pull request lies; its number does not matter to the chain."""

Edit = Callable[[Path], None]


@dataclass(frozen=True)
class Judgement:
    """What the gate said."""

    found: list[tuple[str, str, str]]
    """Of each finding that decides: the step or check, the file, and the text of the line it is shown on."""
    shown: list[tuple[str, str, str]]
    """What a reviewer must see, heaviest first: the sentence, the file, the text of the line."""
    unseen: list[str]
    """Why a step or check could not look."""
    code: int
    errors: str


@dataclass(frozen=True)
class PullRequest:
    """One change, and what the gate must say of it."""

    name: str
    edits: tuple[Edit, ...]
    finds: tuple[tuple[str, str, str], ...] = ()
    """Of each finding that decides: the step or check, the file, and text that its line must hold."""
    shows: tuple[tuple[str, str, str], ...] = ()
    """Of each sentence that a reviewer must see, in order: a part of it, the file, text of its line."""
    unseen: tuple[str, ...] = ()
    """How each reason begins why something could not look, where the test is about that."""
    generate: bool = False
    """The author ran `make generate` before the commit."""

    @property
    def code(self) -> int:
        """The exit code."""
        return 1 if self.finds else 0

    def check(self, judged: Judgement) -> None:
        """Hold what the gate said to what it must say, and nothing more."""
        wanted = sorted(self.finds)
        assert [each[:2] for each in judged.found] == [each[:2] for each in wanted], judged
        for (_, _, line), (_, _, part) in zip(judged.found, wanted, strict=True):
            assert part in line, judged
        assert len(judged.shown) == len(self.shows), judged
        for (sentence, file, line), (part, path, text) in zip(judged.shown, self.shows, strict=True):
            assert part in sentence, judged
            assert (file, text in line) == (path, True), judged
        assert all(any(each.startswith(part) for each in judged.unseen) for part in self.unseen), judged
        assert judged.code == self.code, judged


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


def rename(old: str, new: str) -> Edit:
    """Give a revision's files another name."""

    def edit(root: Path) -> None:
        for path in (root / old).parent.glob(f"{Path(old).name}.*"):
            path.rename((root / new).with_name(path.name.replace(Path(old).name, Path(new).name)))

    return edit


def crlf(file: str) -> Edit:
    """Save a file as Windows does."""

    def edit(root: Path) -> None:
        path = root / file
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    return edit


def revision(
    up: str, down: str, *, name: str = NEW, after: str | None = None, laid_out: bool = True, **fields: str
) -> Edit:
    """A revision on top of the chain (or after another one), with the SQL of both directions.

    `laid_out`: with the same text as its form in the layout, where it needs one.
    """

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
        forms = root / "schema" / "layouts" / "citus" / "revisions"
        if laid_out and touched(up):
            forms.mkdir(exist_ok=True)
            (forms / f"{Path(name).name[:4]}.up.sql").write_text(up, encoding="utf-8")
            (forms / f"{Path(name).name[:4]}.down.sql").write_text(down, encoding="utf-8")

    return edit


DECLARED_BY_FUNCTION = "schema/ddl/603_audit_declared.sql"
"""What the catalogue declares, as a function that `make generate` writes and a revision carries."""


def declaring(rows: Mapping[str, str]) -> tuple[Edit, str, str]:
    """The function with rows after those that they follow; its text for the way up, and for the way down."""
    before = after = (ROOT / DECLARED_BY_FUNCTION).read_text(encoding="utf-8")
    for last, more in rows.items():
        assert last in after, last
        after = after.replace(last, last + more)
    return replace(DECLARED_BY_FUNCTION, before, after), replaceable(after), replaceable(before)


SENDER = replace(
    MESSAGES,
    "  destination_phone varchar(20)",
    "  sender_phone varchar(20),\n  destination_phone varchar(20)",
)
SENDER_UP = "alter table public.messages add column sender_phone varchar(20);\n"
SENDER_DOWN = "alter table public.messages drop column sender_phone;\n"
SENDER_ENTRY = '[columns.sender_phone]\nclass = "account-phone"\npurpose = "Who wrote it."\n\n'
SENDER_DECLARED = replace(
    CATALOGUE, "[columns.encrypted_content]", f"{SENDER_ENTRY}[columns.encrypted_content]"
)
TAG = replace(MESSAGES, "  message_type varchar(20)", "  padding_class smallint,\n  message_type varchar(20)")
TAG_DECLARED = append(
    CATALOGUE, '\n[columns.padding_class]\nclass = "state"\npurpose = "Which length it is padded to."\n'
)
INDEX = "create index idx_messages_type on public.messages (message_type);\n"
TODAY = datetime.now(UTC).date()
E164 = "  constraint messages_destination_phone_e164 check (destination_phone ~ '^\\+[1-9][0-9]{6,14}$'),\n"
COMMENTS = "migrations/versions/0005_comments"
SEND = "schema/ddl/430_send_message.sql"
GDPR = "privacy_audit/standards/gdpr.toml"

PADDING = """create table public.padding_lengths (
  id serial primary key,
  bytes integer not null
);
"""
PADDING_COMMENTS = """comment on table public.padding_lengths is 'Lengths that content is padded to.';
comment on column public.padding_lengths.id is 'Number of the length.';
comment on column public.padding_lengths.bytes is 'How long.';
"""
PADDING_DECLARED = """table = "padding_lengths"
purpose = "Lengths that content is padded to."

[retention]
rule = "kept"
kept_because = "No row of it is about anybody."

[columns.id]
class = "serial"
purpose = "Number of the length."

[columns.bytes]
class = "counter"
purpose = "How long."
"""
