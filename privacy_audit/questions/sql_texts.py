"""Every text of SQL, and every other text, that the catalogs hold: where identities and numbers can hide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from nosender.privacy_audit.snapshot.object_names import dotted, function_name, may_hold_numbers, words_of

if TYPE_CHECKING:
    from nosender.schema.observe import Observation
    from nosender.schema.observe.model import Function
    from nosender.schema.observe.observation import Kind

_IDENTITY = re.compile(
    r"\b(current_user|session_user|current_role|system_user|inet_client_(?:addr|port)|pg_backend_pid"
    r"|current_setting|pg_stat_activity|pg_stat_ssl|getpgusername|pg_my_temp_schema|txid_current"
    r"|pg_current_xact_id|ssl_client_\w+)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Text:
    """One text of the catalogs."""

    schema: str | None
    """Where the object stands; None for what belongs to the database or the cluster."""
    object: str
    """The object, as a finding calls it."""
    kind: str
    text: str


def expressions(observation: Observation) -> Iterator[Text]:
    """Every expression and body that PostgreSQL evaluates: defaults, constraints, views, functions."""
    for column in observation.columns:
        if column.default:
            yield Text(
                column.schema, dotted(column.schema, column.table, column.name), "column", column.default
            )
    for type_ in observation.types:
        if type_.default:
            yield Text(type_.schema, dotted(type_.schema, type_.name), type_.kind, type_.default)
    for constraint in observation.constraints:
        if constraint.kind == "check":
            name = dotted(constraint.schema, constraint.table, constraint.name)
            yield Text(constraint.schema, name, "constraint", constraint.definition)
    for index in observation.indexes:
        if text := f"{index.expressions or ''} {index.predicate or ''}".strip():
            yield Text(index.schema, dotted(index.schema, index.name), "index", text)
    for relation in observation.relations:
        if relation.definition:
            name = dotted(relation.schema, relation.name)
            yield Text(relation.schema, name, relation.kind, relation.definition)
    for trigger in observation.triggers:
        name = dotted(trigger.schema, trigger.table, trigger.name)
        yield Text(trigger.schema, name, "trigger", trigger.definition)
    for rule in observation.rules:
        yield Text(rule.schema, dotted(rule.schema, rule.table, rule.name), "rule", rule.definition)
    for policy in observation.policies:
        name = dotted(policy.schema, policy.table, policy.name)
        yield Text(policy.schema, name, "policy", f"{policy.using or ''} {policy.check or ''}")
    for function in observation.functions:
        yield Text(function.schema, function_name(function), function.kind, body_of(function))


def body_of(function: Function) -> str:
    """What a function does, in its own language; BEGIN ATOMIC stands elsewhere than a quoted body."""
    return f"{function.arguments} {function.body} {function.sql_body or ''}"


def identity_words(text: str) -> list[str]:
    """The words in an expression that say who is connected, from where or in which transaction; sorted."""
    return sorted({word.lower() for word in _IDENTITY.findall(without_comments(text))})


def without_comments(text: str) -> str:
    """A text of SQL without its comments; a string that looks like a comment goes with them."""
    return re.sub(r"--[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL)


def calls(text: str, names: frozenset[str]) -> list[str]:
    """Which of these functions a text names."""
    return sorted(words_of(text) & names)


# What a text of each large kind is made of; a record without a number in any of these has none in its texts.
_MADE_OF: Mapping[Kind, tuple[str, ...]] = {
    "relations": ("name", "definition", "partition_bound", "options", "foreign_options"),
    "columns": ("name", "default", "options", "foreign_options"),
    "constraints": ("name", "definition"),
    "indexes": ("name", "expressions", "predicate"),
    "sequences": ("name",),
    "triggers": ("name", "definition", "arguments"),
    "comments": ("text",),
}


_LISTS = {"options", "foreign_options", "arguments"}

KINDS: tuple[Kind, ...] = (
    *_MADE_OF, "schemas", "types", "statistics", "functions", "rules", "policies", "security_labels",
    "publications", "roles", "role_settings", "foreign_servers", "others",
)  # fmt: skip
"""The kinds of objects that have texts."""


def with_numbers(observation: Observation) -> Observation:
    """The same with those records alone, of the large kinds, that may hold a phone number in a text.

    Looks at each distinct text once, and at all of one field together first: a large database has few.
    """

    suspects: dict[str, Any] = {}
    for kind, made_of in _MADE_OF.items():
        records = observation.of(kind)
        holding: dict[str, set[Any]] = {}
        for name in made_of:
            values = list(filter(None, set(map(attrgetter(name), records))))
            texts = list(map(" ".join, values)) if name in _LISTS else values
            if may_hold_numbers(" ".join(texts)):
                holding[name] = {
                    value for value, text in zip(values, texts, strict=True) if may_hold_numbers(text)
                }
        suspects[kind] = (
            tuple(
                each
                for each in records
                if any(getattr(each, name) in found for name, found in holding.items())
            )
            if holding
            else ()
        )
    return replace(observation, **suspects)


def texts(observation: Observation) -> Iterator[Text]:
    """Every name and text that anybody with a login can read in the catalogs."""
    yield from expressions(observation)
    for schema in observation.schemas:
        yield Text(schema.name, dotted(schema.name), "schema", schema.name)
    for relation in observation.relations:
        name = dotted(relation.schema, relation.name)
        options = " ".join((*relation.options, *relation.foreign_options))
        yield Text(
            relation.schema,
            name,
            relation.kind,
            f"{relation.name} {relation.partition_bound or ''} {options}",
        )
    for column in observation.columns:
        name = dotted(column.schema, column.table, column.name)
        options = " ".join((*column.options, *column.foreign_options))
        yield Text(column.schema, name, "column", f"{column.name} {options}")
    for constraint in observation.constraints:
        name = dotted(constraint.schema, constraint.table, constraint.name)
        yield Text(constraint.schema, name, "constraint", f"{constraint.name} {constraint.definition}")
    for index in observation.indexes:
        yield Text(index.schema, dotted(index.schema, index.name), "index", index.name)
    kinds: tuple[Kind, ...] = ("sequences", "statistics", "types", "functions")
    for kind in kinds:
        for each in observation.of(kind):
            labels = " ".join(getattr(each, "labels", ()))
            word = "sequence" if kind == "sequences" else getattr(each, "kind", "statistics")
            name = function_name(each) if kind == "functions" else dotted(each.schema, each.name)
            yield Text(each.schema, name, word, f"{each.name} {labels}")
    for trigger in observation.triggers:
        name = dotted(trigger.schema, trigger.table, trigger.name)
        yield Text(trigger.schema, name, "trigger", " ".join((trigger.name, *trigger.arguments)))
    for comment in observation.comments:
        yield Text(comment.schema, comment.object, f"comment on {comment.kind}", comment.text)
    for label in observation.security_labels:
        yield Text(None, label.object, f"security label on {label.kind}", label.label)
    for publication in observation.publications:
        words = " ".join((publication.name, *publication.tables))
        yield Text(None, dotted(publication.name), "publication", words)
    for role in observation.roles:
        yield Text(None, dotted(role.name), "role", role.name)
    for setting in observation.role_settings:
        owner = setting.role or setting.database or "every role"
        yield Text(None, f"{dotted(owner)}: {setting.name}", "stored setting", setting.value)
    for server in observation.foreign_servers:
        yield Text(None, dotted(server.name), "foreign server", f"{server.name} {' '.join(server.mappings)}")
    for other in observation.others:
        if other.extension is None:
            yield Text(other.schema, other.name, other.kind, f"{other.name} {other.definition}")
