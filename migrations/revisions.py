"""The revisions as files: read without importing them or Alembic, so that asking is cheap and safe."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from nosender.errors import NosenderError, UsageError, did_you_mean
from nosender.migrations.checksum import revision_digest, sql_tokens
from nosender.schema import ddl
from nosender.schema.observe.quoting import quoted
from nosender.terminal_text import visible

Direction = Literal["up", "down"]

VERSIONS = Path(__file__).parent / "versions"
_STEP = re.compile(r"^-- step: *(.*)\n", re.MULTILINE)
_INDEX = re.compile(
    r"create (?:unique )?index concurrently (?:if not exists )?"
    r'(?:(?P<quoted>"(?:[^"]|"")+")|(?P<plain>[a-z_][\w$]*)) on ',
    re.IGNORECASE,
)
_FIELDS = (
    "revision",
    "down_revision",
    "branch_labels",
    "transactional",
    "downgrade_is",
    "loses",
    "written_for",
)


class RevisionError(NosenderError):
    """A revision must be corrected first: the same run would end so again, whoever else is at work.

    A file that does not parse, two heads, a gap in the chain, a statement that PostgreSQL refuses, a
    schema that is not what was promised.
    """

    def __init__(self, sentence: str, revision: str | None = None) -> None:
        """`revision` names the one at fault, where it is one."""
        super().__init__(sentence)
        self.revision = revision


@dataclass(frozen=True)
class Step:
    """One statement of a revision that runs in steps."""

    number: int
    """Within the revision and the direction, from 1."""

    what: str
    """What its author wrote behind `-- step:`."""

    sql: str

    @cached_property
    def waits_for_snapshots(self) -> bool:
        """Whether it waits for older transactions and blocks nobody meanwhile."""
        tokens = self._words
        return (
            "concurrently" in tokens and tokens[0] != "refresh"
        )  # which locks out writers, in a transaction

    @cached_property
    def alone(self) -> bool:
        """Whether it cannot, or should not, be part of a transaction."""
        first, second, *_ = [*self._words, "", ""]
        if self.waits_for_snapshots or first in ("vacuum", "reindex", "cluster", "checkpoint"):
            return True
        if first in ("call", "do"):
            return True  # it may commit
        objects = ("database", "tablespace", "subscription", "system")
        return first in ("create", "alter", "drop") and second in objects

    @cached_property
    def index_name(self) -> str | None:
        """The index that it builds concurrently, None for any other statement."""
        text = " ".join(sql_tokens(self.sql)).replace('" "', '""')  # a doubled quote is two tokens
        match = _INDEX.match(text)
        if match is None:
            return None
        quoted = match["quoted"]
        return quoted[1:-1].replace('""', '"') if quoted else match["plain"].lower()

    @cached_property
    def _words(self) -> tuple[str, ...]:
        return tuple(token.lower() for token in sql_tokens(self.sql))


@dataclass(frozen=True)
class Revision:
    """One revision: a module, and the SQL of both directions beside it."""

    path: Path
    revision: str
    down_revision: str | None
    summary: str
    transactional: bool
    downgrade_is: str
    loses: tuple[str, ...]
    written_for: str | None
    """The schema that the SQL names; None where it names none, and relies on the search_path."""

    def sql(self, direction: Direction) -> str:
        """The SQL of "up" or "down" as it stands in its file; empty where the module writes it in Python."""
        file = self.path.with_suffix(f".{direction}.sql")
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def steps(self, direction: Direction) -> tuple[Step, ...]:
        """The steps of a revision that is not transactional."""
        pieces = _STEP.split("\n" + self.sql(direction))[1:]
        return tuple(
            Step(number, what.strip(), sql.strip())
            for number, (what, sql) in enumerate(zip(pieces[::2], pieces[1::2], strict=True), start=1)
        )

    def search_path(self, schema: str) -> str:
        """Where its names are looked up."""
        return ddl.PATH if self.written_for else f"{quoted(schema)}, pg_temp"

    def rendered(self, text: str, schema: str) -> str:
        """What stands in its files, for a schema."""
        return ddl.render(text, schema) if self.written_for else text

    @cached_property
    def checksum(self) -> str:
        """What the revision does, as 64 hexadecimal digits."""
        return revision_digest(self.path.read_text(encoding="utf-8"), self.sql("up"), self.sql("down"))

    @property
    def expected(self) -> Path:
        """The Observation that stands when the revision is done."""
        return self.path.with_suffix(".json")


@dataclass(frozen=True)
class Chain:
    """The revisions in the order in which they are applied."""

    revisions: tuple[Revision, ...]

    @classmethod
    def load(cls, folder: Path = VERSIONS) -> Chain:
        """Read the folder. RevisionError: a file that does not parse, two heads, a missing link."""
        found = [_read(path) for path in sorted(folder.glob("*.py")) if not path.name.startswith("__")]
        after: dict[str | None, list[Revision]] = {}
        for revision in found:
            after.setdefault(revision.down_revision, []).append(revision)
        for base, following in after.items():
            if len(following) > 1:
                names = " and ".join(sorted(each.revision for each in following))
                raise RevisionError(
                    f"two heads: the revisions {names} both follow {base or 'nothing'}; give one of them "
                    "the other as its down_revision"
                )
        chain: list[Revision] = []
        while following := after.get(chain[-1].revision if chain else None, []):
            chain.append(following[0])
        lost = {each.revision for each in found} - {each.revision for each in chain}
        if lost:
            name = min(lost)
            below = next(each.down_revision for each in found if each.revision == name)
            raise RevisionError(f"revision {name} follows {below}, which does not exist")
        return cls(tuple(chain))

    @property
    def head(self) -> str | None:
        """The last revision."""
        return self.revisions[-1].revision if self.revisions else None

    def get(self, name: str) -> Revision:
        """The revision of this name; KeyError where there is none."""
        for revision in self.revisions:
            if revision.revision == name:
                return revision
        raise KeyError(name)

    def position(self, name: str | None) -> int:
        """How many revisions are applied at `name`; nothing, or `base`, is none. KeyError if unknown."""
        if name in (None, "base"):
            return 0
        return self.revisions.index(self.get(str(name))) + 1

    def position_of(self, recorded: str | None) -> int:
        """How many revisions a database has that records this one; NosenderError if it is unknown here."""
        try:
            return self.position(recorded)
        except KeyError:
            raise NosenderError(
                f"the database is at revision {visible(str(recorded))}, which this version of nosender does "
                "not know: use the version that migrated it, or a newer one"
            ) from None

    def resolve(self, name: str, current: str | None) -> str | None:
        """What a user wrote (head, base, +1, -1, a name or the start of one) as a revision, None for base."""
        if name in ("head", "heads"):
            return self.head
        if name == "base":
            return None
        if re.fullmatch(r"[+-]\d+", name):
            at = self.position(current) + int(name)
            if not 0 <= at <= len(self.revisions):
                raise UsageError(f"{name} leads out of the chain: {at - int(name)} revisions are applied")
            return self.revisions[at - 1].revision if at else None
        matches = [each.revision for each in self.revisions if each.revision.startswith(name)] if name else []
        if name in matches:
            return name
        if len(matches) != 1:
            known = ", ".join(each.revision for each in self.revisions) or "none"
            what = "is not clear" if matches else "does not exist"
            guess = did_you_mean(name, [each.revision for each in self.revisions])
            raise UsageError(f"revision {name} {what}; the revisions are {known}.{guess}")
        return matches[0]


def _read(path: Path) -> Revision:
    """One module, parsed and not run."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=path.name)
    except (SyntaxError, UnicodeDecodeError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise RevisionError(
            f"the revision file {path.name}{line} is not valid Python: {error.args[0]}"
        ) from None
    values: dict[str, Any] = {}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            value = getattr(node, "value", None)
            if isinstance(target, ast.Name) and target.id in _FIELDS and value is not None:
                try:
                    values[target.id] = ast.literal_eval(value)
                except ValueError:
                    raise RevisionError(
                        f"the revision file {path.name}: {target.id} must be a plain value"
                    ) from None
    if not isinstance(values.get("revision"), str):
        raise RevisionError(f"the revision file {path.name} names no revision")
    down = values.get("down_revision")
    if isinstance(down, tuple | list):
        raise RevisionError(f"the revision file {path.name} merges branches; the chain has one head")
    return Revision(
        path,
        values["revision"],
        down,
        (ast.get_docstring(tree) or path.stem).splitlines()[0],
        bool(values.get("transactional", True)),
        str(values.get("downgrade_is", "lossless")),
        tuple(values.get("loses", ())),
        values.get("written_for"),
    )
