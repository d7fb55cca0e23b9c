"""One snapshot: what a check is given to look at, and the questions that many checks ask of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from nosender.privacy_audit.finding import NotTested
from nosender.privacy_audit.snapshot.object_names import dotted, function_name, schema_of, words_of
from nosender.schema.catalogue.places import declared_name, place_of
from nosender.schema.catalogue.sides import sides

if TYPE_CHECKING:
    from nosender.privacy_audit.snapshot.surroundings import Surroundings
    from nosender.schema.catalogue import Catalogue
    from nosender.schema.knobs import Knobs
    from nosender.schema.observe import Observation
    from nosender.schema.observe.model import Column, Function, Relation
    from nosender.schema.observe.observation import SchemaKind

Row = Mapping[str, Any]

_TELLING = {"destination-phone", "ciphertext", "wrapped-key"}
"""Classes of columns by which a table is told from any other that happens to bear its name."""


ON_COORDINATOR = "this is a worker: what rows hold is asked of the coordinator"
"""Why no probe is asked on a worker of a distributed database."""
NOT_OURS = "the schema holds none of our tables"
"""Why nothing of ours is looked for there."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """A probe that gave no answer, and why."""

    reason: str


@dataclass(frozen=True)
class Snapshot:
    """The live database beside what is declared. Frozen, and read once: every check sees the same moment."""

    live: Observation
    """What the catalogs say, of every schema but PostgreSQL's own."""
    declared: Observation
    """What the DDL would have them say, in the same schema."""
    catalogue: Catalogue
    surroundings: Surroundings
    """What moves: sessions, slots, vacuums, other databases."""
    probes: Mapping[str, tuple[Row, ...] | Unseen] = field(default_factory=dict)
    """The answers of the counting functions, by their names."""
    by_node: frozenset[str] = frozenset()
    """Those that were asked on each node of a distributed database, of the rows that stand there."""
    wanted: Knobs | None = None
    """The knobs of nosender.toml; None where it says nothing of them."""

    @property
    def schema(self) -> str:
        """The schema of our tables."""
        return self.live.schema

    def probe(self, name: str) -> tuple[Row, ...]:
        """The rows of one counting function; NotTested with the reason where it was not called."""
        answer = self.probes.get(name, Unseen(f"the function {name} was not called"))
        if isinstance(answer, Unseen):
            raise NotTested(answer.reason)
        return answer

    def setting(self, name: str) -> str:
        """The value of a server setting; NotTested where this role may not see it, "" where there is none."""
        found = next((each for each in self.live.settings if each.name == name), None)
        if found is None or found.state == "absent":
            return ""
        if found.unseen is not None:
            raise NotTested(f"{name} {found.unseen}")
        return found.value or ""

    def declared_name(self, thing: Any) -> str:
        """What the catalogue would call a relation, or the table that something stands on."""
        return declared_name(thing.schema, getattr(thing, "table", thing.name), self.schema)

    def named(self, table: str, *more: str) -> str:
        """A declared table, or something of it, as a finding calls it."""
        return dotted(*place_of(table, self.schema), *more)

    @cached_property
    def schemas(self) -> frozenset[str]:
        """The schema of our tables, and those of a project's own."""
        return frozenset({self.schema, *self.catalogue.schemas})

    @cached_property
    def tables(self) -> dict[str, Relation]:
        """The declared tables that exist, by the names that the catalogue gives them."""
        names = {table.name for table in self.catalogue.tables}
        return {
            name: each
            for each in self.live.relations
            if each.kind in ("table", "partitioned table")
            and (name := declared_name(each.schema, each.name, self.schema)) in names
        }

    @cached_property
    def has_ours(self) -> bool:
        """Whether the schema holds tables of ours, and not only some of the same names."""
        return self.holds_ours(self.schema)

    def holds_ours(self, schema: str) -> bool:
        """Whether a schema holds a table of ours: by name, half of its columns, and one that tells."""
        for table in self.catalogue.tables:
            if self.kinds.get((schema, table.name)) not in ("table", "partitioned table"):
                continue
            names = {column.name for column in self.columns_by_table.get((schema, table.name), ())}
            shared = [column for column in table.columns if column.name in names]
            telling = any(column.data_class.name in _TELLING for column in shared)
            if telling and 2 * len(shared) >= len(table.columns):
                return True
        return False

    @cached_property
    def nothing_stored(self) -> bool:
        """Whether the files of all our tables about people and messages are empty."""
        about = {name for name, side in sides(self.catalogue).items() if side != "bookkeeping"}
        pages = [each.pages for each in self.surroundings.vacuums if each.table in about]
        if any(self.is_spread(*place_of(name, self.schema)) for name in about):
            return False  # the rows may stand on another node
        return self.has_ours and bool(pages) and not any(pages)

    def is_spread(self, schema: str, table: str) -> bool:
        """Whether the rows of a table stand in shards, on this node and others."""
        spread = self.live.distribution
        return spread is not None and spread.table(schema, table) is not None

    def stands(self, schema: str, table: str) -> str:
        """How the rows of a table stand: distributed, reference, or local to one server."""
        spread = self.live.distribution
        found = spread.table(schema, table) if spread is not None else None
        return found.kind if found is not None else "local"

    @cached_property
    def touching(self) -> dict[str, list[str]]:
        """Schemas besides ours in which something leans on a table or function of ours, and what does."""
        reasons: dict[str, set[str]] = {}

        def note(schema: str | None, what: str) -> None:
            if schema is not None and schema != self.schema:
                reasons.setdefault(schema, set()).add(what)

        for dependency in self.live.dependencies:
            if dependency.referenced_schema == self.schema and not self._of_extension(
                dependency.referenced_name
            ):
                note(dependency.schema, dependency.object)
        for constraint in self.live.constraints:
            if constraint.referenced_schema == self.schema:
                note(constraint.schema, dotted(constraint.schema, constraint.table, constraint.name))
            elif constraint.schema == self.schema:
                note(
                    constraint.referenced_schema, dotted(constraint.schema, constraint.table, constraint.name)
                )
        ours = {self.named(name) for name in self.tables}
        for relation in self.live.relations:
            if relation.parents and ours & {parent.replace('"', "") for parent in relation.parents}:
                note(relation.schema, dotted(relation.schema, relation.name))
        for trigger in self.live.triggers:
            if trigger.schema == self.schema:
                note(schema_of(trigger.function), trigger.function)
        for function in self.live.functions:
            if function.schema != self.schema and function.extension is None and self.names_ours(function):
                note(function.schema, function_name(function))
        return {schema: sorted(what) for schema, what in reasons.items()}

    @cached_property
    def scope(self) -> frozenset[str]:
        """The schemas in which everything must be declared: ours, and each that holds something of ours."""
        return self.schemas | frozenset(self.touching)

    def undeclared(
        self, kind: SchemaKind, declared: Iterable[Any], key: Callable[[Any], object]
    ) -> Iterator[Any]:
        """What of one kind lives in the scope and is neither declared nor brought along by an extension."""
        known = {key(each) for each in declared}
        for each in self.in_scope(kind):
            if key(each) not in known and not brought_along(each):
                yield each

    def in_scope(self, kind: SchemaKind) -> list[Any]:
        """What of one kind, such as `columns`, lives in the scope."""
        return self._standing_in(kind, self.scope)

    @cached_property
    def scoped(self) -> Observation:
        """What the catalogs say of the scope: all that stands in a schema, of the schemas in scope."""
        kinds: tuple[SchemaKind, ...] = (
            "relations", "columns", "constraints", "indexes", "types", "triggers", "rules", "policies",
            "functions",
        )  # fmt: skip
        scoped: dict[str, Any] = {kind: tuple(self.in_scope(kind)) for kind in kinds}
        return replace(self.live, **scoped)

    def ours(self, kind: SchemaKind) -> list[Any]:
        """What of one kind lives in our schema, and in those of a project's own."""
        return self._standing_in(kind, self.schemas)

    def _standing_in(self, kind: SchemaKind, schemas: Set[str]) -> list[Any]:
        """What of one kind lives in these schemas: parted once, for most of a large database is elsewhere."""
        if kind not in self._parted:
            parts: dict[str, list[Any]] = {}
            for schema, some in groupby(self.live.of(kind), attrgetter("schema")):
                parts.setdefault(schema, []).extend(some)
            self._parted[kind] = parts
        return [each for schema in sorted(schemas) for each in self._parted[kind].get(schema, ())]

    @cached_property
    def _parted(self) -> dict[SchemaKind, dict[str, list[Any]]]:
        return {}

    def columns_of(self, relation: Relation) -> list[Column]:
        """The columns of a relation, in their order."""
        return self.columns_by_table.get((relation.schema, relation.name), [])

    @cached_property
    def kinds(self) -> dict[tuple[str, str], str]:
        """What each relation is, by schema and name."""
        return {(each.schema, each.name): each.kind for each in self.live.relations}

    @cached_property
    def columns_by_table(self) -> dict[tuple[str, str], list[Column]]:
        """The columns of every relation, in their order, by its schema and name."""
        columns: dict[tuple[str, str], list[Column]] = {}
        for column in self.live.columns:
            columns.setdefault((column.schema, column.table), []).append(column)
        return columns

    def names_ours(self, function: Function) -> bool:
        """Whether the text of a function names one of our tables, or calls one of our functions."""
        text = f"{function.body} {function.sql_body or ''}"
        words = words_of(text)
        return any(name in words for name in self.distinctive) or bool(self._qualified.search(text))

    @cached_property
    def _qualified(self) -> re.Pattern[str]:
        """A name of ours with our schema before it, which is ours however common the name."""
        names = "|".join(sorted(map(re.escape, {*self.tables, *self._own_functions}))) or "(?!)"
        return re.compile(rf'(?<!\w)"?{re.escape(self.schema)}"?\s*\.\s*"?({names})"?(?!\w)', re.IGNORECASE)

    @cached_property
    def distinctive(self) -> frozenset[str]:
        """The names of our tables and functions that nobody else's bears, or would by chance."""
        elsewhere = {each.name for each in self.live.functions if each.schema != self.schema}
        return frozenset(name for name in {*self.tables, *(self._own_functions - elsewhere)} if "_" in name)

    @cached_property
    def _own_functions(self) -> frozenset[str]:
        return frozenset(
            each.name for each in self.live.functions if each.schema == self.schema and each.extension is None
        )

    def _of_extension(self, name: str) -> bool:
        return name in self._extension_functions

    @cached_property
    def _extension_functions(self) -> frozenset[str]:
        return frozenset(each.name for each in self.live.functions if each.extension is not None)


def brought_along(thing: object) -> bool:
    """Whether an extension brought the thing, so far as that excuses it.

    Membership is what somebody declared with ALTER EXTENSION ... ADD, so it excuses types, operators and code
    in C from the server's own library folder; never a relation, which stores, nor a body that anybody could
    write.
    """
    if getattr(thing, "extension", None) is None or hasattr(thing, "persistence"):
        return False
    library = getattr(thing, "library", None)
    language = getattr(thing, "language", None)
    if language is None:
        return True
    return language == "internal" or (language == "c" and str(library).startswith("$libdir/"))
