"""Repairs of what stands beside tables: functions, types, statistics, extensions and rarer kinds."""

from nosender.schema.observe.cluster_model import Extension
from nosender.schema.observe.diff.repair import (
    Repair,
    comments_on,
    full_name,
    function_word,
    signature,
    type_word,
)
from nosender.schema.observe.diff.repair_rights import create_grant
from nosender.schema.observe.model import Function, Other, Statistics, Type
from nosender.schema.observe.quoting import literal, quoted


def create_function(repair: Repair, function: Function) -> str:
    """With its rights and comments."""
    comments = comments_on(repair, f"{full_name(function)}(")
    return f"{_function(function)} {_function_grants(repair, function)} {comments}".rstrip()


def drop_function(_: Repair, function: Function) -> str:
    """The one of these arguments."""
    return f"drop {function_word(function)} {signature(function)};"


def change_function(_: Repair, old: Function, new: Function, field: str) -> str:
    """Put the whole in its place, as far as PostgreSQL can replace it."""
    if field in ("result", "kind") or (field == "arguments" and old.kind != new.kind):
        return ""
    return _function(old)


def _function(function: Function) -> str:
    if function.kind == "aggregate":
        return f"-- create the aggregate {full_name(function)} again"
    text = f"create or replace {function_word(function)} {full_name(function)}({function.arguments})"
    if function.result:
        text += f" returns {function.result}"
    text += f" language {function.language}"
    if function.kind != "procedure":
        strict = " strict" if function.strict else ""
        text += f" {function.volatility}{strict} parallel {function.parallel}"
        text += " leakproof" if function.leakproof else ""
    text += " security definer" if function.security_definer else ""
    for line in function.config:
        name, _, value = line.partition("=")
        # a search_path is kept as a list of identifiers, any other value as one string
        text += f" set {name} to {value if name == 'search_path' and value else literal(value)}"
    if function.sql_body:
        return f"{text} {function.sql_body};"
    tag = "$body$"
    while tag in function.body:
        tag = tag[:-1] + "_$"
    return f"{text} as {tag}{function.body}{tag};"


def _function_grants(repair: Repair, function: Function) -> str:
    """PUBLIC may execute what is created anew, so that is taken back and the rest is given."""
    name = f"{function.name}({function.identity})"
    grants = [g for g in repair.wanted.grants if g.kind == "function" and g.object == name]
    revoked = f"revoke all on function {signature(function)} from public;"
    return " ".join([revoked, *(create_grant(repair, each) for each in grants)])


def create_type(_: Repair, record: Type) -> str:
    """An enum; anything else is left to a person."""
    if record.kind != "enum":
        return f"-- create it again: types {record.name}"
    return f"create type {full_name(record)} as enum ({', '.join(map(literal, record.labels))});"


def drop_type(_: Repair, record: Type) -> str:
    """As long as nothing is of it."""
    return f"drop {type_word(record)} {full_name(record)};"


def create_statistics(_: Repair, statistics: Statistics) -> str:
    """By its definition."""
    return f"{statistics.definition.rstrip(';')};"


def drop_statistics(_: Repair, statistics: Statistics) -> str:
    """The object and what it gathered."""
    return f"drop statistics {full_name(statistics)};"


def create_extension(_: Repair, extension: Extension) -> str:
    """In the version that the server has."""
    return f"create extension {quoted(extension.name)};"


def drop_extension(_: Repair, _extension: Extension) -> str:
    """Nothing: it may serve others."""
    return ""


def create_other(_: Repair, other: Other) -> str:
    """Left to a person."""
    return f"-- create it again: others {other.name}"


def drop_other(_: Repair, other: Other) -> str:
    """Left to a person."""
    return f"-- drop {other.kind} {other.name} by hand"
