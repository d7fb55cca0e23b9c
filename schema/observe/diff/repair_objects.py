"""Repairs of what stands beside tables: functions, types, statistics, extensions and rarer kinds."""

from nosender.schema.observe.cluster_model import Extension
from nosender.schema.observe.diff.repair import (
    Repair,
    comments_on,
    full_name,
    function_word,
    joined,
    signature,
    table_name,
    type_word,
)
from nosender.schema.observe.diff.repair_rights import create_grant
from nosender.schema.observe.model import Function, Other, Statistics, Type
from nosender.schema.observe.quoting import literal, quoted


def create_function(repair: Repair, function: Function) -> str:
    """With its rights and comments."""
    comments = comments_on(repair, f"{full_name(function)}(")
    owner = repair.owned(f"routine {signature(function)}")
    return joined((_function(function), owner, _function_grants(repair, function), comments))


def drop_function(_: Repair, function: Function) -> str:
    """The one of these arguments."""
    return f"drop routine if exists {signature(function)};"


def change_function(repair: Repair, old: Function, new: Function, field: str) -> str:
    """Put the whole in its place, as far as PostgreSQL can replace it."""
    if field in ("result", "kind", "arguments"):
        return replace_function(repair, old, new)
    return _function(old)


def replace_function(repair: Repair, old: Function, new: Function) -> str:
    """What cannot be replaced in its place is dropped, and the triggers that call it are made again."""
    called = f"{full_name(new)}()"
    callers = [t for t in repair.found.triggers if t.function == called and not t.internal]
    ours = {(t.table, t.name): t for t in repair.wanted.triggers}
    again = [t for t in (ours.get((each.table, each.name)) for each in callers) if t is not None]
    return joined(
        (
            *(f"drop trigger if exists {quoted(t.name)} on {table_name(t)};" for t in callers),
            drop_function(repair, new),
            create_function(repair, old),
            *(f"{trigger.definition};" for trigger in again),
        )
    )


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
        text += f" cost {function.cost:g}"
        text += f" rows {function.rows:g}" if function.rows else ""
        text += f" support {function.support}" if function.support else ""
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
    revoked = f"revoke all on routine {signature(function)} from public;"
    return " ".join([revoked, *(create_grant(repair, each) for each in grants)])


def create_type(_: Repair, record: Type) -> str:
    """An enum, the one kind that stands alone."""
    if record.kind != "enum":
        return ""
    return f"create type {full_name(record)} as enum ({', '.join(map(literal, record.labels))});"


def drop_type(_: Repair, record: Type) -> str:
    """As long as nothing is of it."""
    return f"drop {type_word(record)} {full_name(record)};"


def create_statistics(_: Repair, statistics: Statistics) -> str:
    """By its definition."""
    return f"{statistics.definition.rstrip(';')};"


def drop_statistics(_: Repair, statistics: Statistics) -> str:
    """The object and what it gathered."""
    return f"drop statistics if exists {full_name(statistics)};"


def create_extension(_: Repair, extension: Extension) -> str:
    """In the version that the server has."""
    return f"create extension if not exists {quoted(extension.name)};"


def drop_extension(_: Repair, _extension: Extension) -> str:
    """Nothing: it may serve others."""
    return ""


def create_other(_: Repair, _other: Other) -> str:
    """Nothing: none of ours is of so rare a kind."""
    return ""


def drop_other(_: Repair, _other: Other) -> str:
    """Nothing: it is somebody else's."""
    return ""
