"""What the statements of a repair have in common: the two sides, names as DDL writes them, comments.

The SQL turns what was found into what is expected: printed for a DBA, never run here. For each kind there is
how an object is created, dropped and, where PostgreSQL can, changed in one field. All of it may run in one
transaction in the order of the differences, so a statement bears that an earlier one did its work already.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from nosender.schema.observe.model import Comment, Constraint, Function, Relation, Type
from nosender.schema.observe.observation import Observation
from nosender.schema.observe.quoting import literal, qualified, quoted
from nosender.schema.observe.reference import OWNER

_RELATION = {"partitioned table": "table", "composite type": "type"}


@dataclass(frozen=True, slots=True)
class Repair:
    """Where two Observations of one schema differ, and who should own what is made again there."""

    wanted: Observation
    found: Observation
    owner: str
    """The role that should own our objects."""

    def role(self, name: str) -> str:
        """A role as SQL would write it; the owner's own name for `OWNER`."""
        name = self.owner if name == OWNER else name
        return name.lower() if name in ("PUBLIC", "current_user") else quoted(name)

    def owned(self, altered: str) -> str:
        """What gives an object that is made anew to the owner of ours, whoever runs it."""
        return "" if self.owner == "current_user" else f"alter {altered} owner to {self.role(OWNER)};"


class InSchema(Protocol):
    """Whatever has a name in a schema."""

    @property
    def schema(self) -> str:
        """The schema."""

    @property
    def name(self) -> str:
        """The name in it."""


class OnTable(InSchema, Protocol):
    """Whatever belongs to a table, in the schema of the table."""

    @property
    def table(self) -> str:
        """The table's name."""


def full_name(record: InSchema) -> str:
    """As SQL would write it."""
    return qualified(record.schema, record.name)


def aside(name: str) -> str:
    """What something is renamed to that has the name of one of ours."""
    return f"{name[:50]}_set_aside"


def signature(function: Function) -> str:
    """A function with the arguments that tell it from its namesakes."""
    return f"{full_name(function)}({function.identity})"


def relation_word(relation: Relation) -> str:
    """What DDL calls it."""
    return _RELATION.get(relation.kind, relation.kind)


def function_word(function: Function) -> str:
    """What DDL calls it."""
    return "function" if function.kind == "window" else function.kind


def type_word(record: Type) -> str:
    """What DDL calls it."""
    return "domain" if record.kind == "domain" else "type"


def table_name(record: OnTable) -> str:
    """The table it belongs to, as SQL would write it."""
    return qualified(record.schema, record.table)


def not_null_name(constraint: Constraint) -> str:
    """What PostgreSQL calls a NOT NULL, which then says no more than its column."""
    return f"{constraint.table}_{''.join(constraint.columns)}_not_null"


def joined(parts: Iterable[str]) -> str:
    """Statements on one line, without those that are not needed."""
    return " ".join(part for part in parts if part)


def comment_statement(comment: Comment) -> str:
    """What says it."""
    return f"comment on {_commented(comment)} is {literal(comment.text)};"


def create_comment(_: Repair, comment: Comment) -> str:
    """Its text."""
    return comment_statement(comment)


def drop_comment(_: Repair, comment: Comment) -> str:
    """No text."""
    return f"comment on {_commented(comment)} is null;"


def change_comment(repair: Repair, old: Comment, _new: Comment, _field: str) -> str:
    """The other text."""
    return create_comment(repair, old)


def comments_on(repair: Repair, *starts: str) -> str:
    """The comments on an object made anew: one named so, or, with `.` or `(` at the end, starting so."""
    return " ".join(
        create_comment(repair, comment)
        for comment in repair.wanted.comments
        if any(
            comment.object.startswith(start) if start[-1] in ".(" else comment.object == start
            for start in starts
        )
    )


def _commented(comment: Comment) -> str:
    if comment.kind == "domain constraint":
        return f"constraint {comment.object.replace(' on ', ' on domain ', 1)}"
    words = {"table constraint": "constraint", "statistics object": "statistics"}
    word = "column" if comment.kind.endswith(" column") else words.get(comment.kind, comment.kind)
    return f"{word} {comment.object}"
