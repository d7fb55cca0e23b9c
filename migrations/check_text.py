"""What `db check` prints: one line a difference with its SQL, or the SQL alone as a script."""

import re
from collections.abc import Callable, Iterable, Iterator

from nosender.migrations.nodes import CheckedNode
from nosender.schema.observe import Difference
from nosender.terminal_text import visible

TO_THE_AUDIT = (
    "what is of no schema is for nosender audit run: event triggers, casts, publications, subscriptions, "
    "foreign servers, large objects, security labels, memberships of roles, settings, other schemas"
)
THEIRS = "-- somebody else's: declare it, or move it to another schema"


def unseen(nodes: int) -> str:
    """That the shards on other servers were not held against their tables."""
    told = "1 node was" if nodes == 1 else f"{nodes} nodes were"
    return f"{told} not looked at: nosender audit run --every-node holds each shard against its table"


def of_nodes(nodes: Iterable[CheckedNode], *, as_comment: bool = False) -> Iterator[str]:
    """A line for whatever differs on a node, and for each that was not looked at."""
    start = "-- " if as_comment else ""
    for each in nodes:
        if each.why is not None:
            yield f"{start}node {each.node} was not looked at: {visible(each.why)}"
        for line in each.differences:
            yield f"{start}strict: {line}, on node {each.node}"


WITHOUT_RIGHTS = (
    "every function is PUBLIC's, as after a restore without rights (--no-privileges): "
    "nosender db check --format sql | psql puts them back"
)


def restored_without_rights(found: Iterable[Difference]) -> bool:
    """Whether PUBLIC may call what a dump without rights leaves to it: functions and nothing else."""
    objects = [d.object for d in found if d.kind == "grant" and d.expected == "absent"]
    public = [name for name in objects if name.startswith("function ") and name.endswith(" to PUBLIC")]
    return len(public) > 20


def _ours(_name: str) -> str | None:
    """Whose an object is where there is no project."""
    return None


def as_text(found: Iterable[Difference], whose: Callable[[str], str | None] = _ours) -> Iterator[str]:
    """A line a difference, and indented under it, on one line, the SQL that repairs it.

    Cut out by its indent, it runs as it stands: no backslash of it is doubled for the eye. `whose` names the
    project of an object.
    """
    for item in found:
        owner = whose(item.object)
        yield f"{item.severity}: {item.line}" + (f" (of {visible(owner)})" if owner else "")
        yield from (f"    {line}" for line in _statements(item, on_one_line))


def as_script(found: Iterable[Difference], revision: str) -> Iterator[str]:
    """One transaction, in order; what destroys something stands in it as a comment."""
    yield f"-- repairs what differs from revision {revision}"
    yield "begin;"
    yield "set local check_function_bodies to off;"
    for item in found:
        yield f"-- {item.severity}: {item.line}"
        yield from _statements(item, lambda sql: sql)
    yield "commit;"


def _statements(item: Difference, spelled: Callable[[str], str]) -> list[str]:
    if not item.sql:
        return ["-- to be made again by hand" if item.declared else THEIRS]
    text = spelled(item.sql) if _shows(item.sql) else on_one_line(item.sql)
    if not _shows(text):
        lines = item.sql.split("\n")
        return ["-- by hand, for a name with control characters:", *(f"-- {visible(line)}" for line in lines)]
    if item.destroys:
        return [f"-- destroys {visible(item.destroys)}:", *(f"-- {line}" for line in text.split("\n"))]
    return text.split("\n")


def _shows(text: str) -> bool:
    return all(line.replace("\t", "").isprintable() for line in text.split("\n"))


_PIECE = re.compile(
    r"""
    [eE]'(?P<escaped>(?:[^'\\]|''|\\.)*)'
    | '(?P<plain>(?:[^']|'')*)'
    | "(?:[^"]|"")*"
    | \$(?P<tag>\w*)\$(?P<body>.*?)\$(?P=tag)\$
    | (?P<space>\s+)
    """,
    re.VERBOSE | re.DOTALL,
)


def on_one_line(sql: str) -> str:
    """The same statements on one line, where what stands in quotes over several has escapes for its ends."""

    def spelled(found: re.Match[str]) -> str:
        if found["space"] is not None:
            return " "
        body = found["body"] if found["body"] is not None else found["plain"]
        if _shows(found[0]) and "\n" not in found[0]:
            return found[0]
        if found["escaped"] is not None:
            return f"E'{''.join(map(_escape, found['escaped']))}'"
        if body is None:
            return found[0]
        quotes = body.replace("'", "''") if found["body"] is not None else body
        return f"E'{''.join(map(_escape, quotes.replace(chr(92), chr(92) * 2)))}'"

    return _PIECE.sub(spelled, sql) if "\n" in sql or not _shows(sql) else sql


def _escape(character: str) -> str:
    if character.isprintable() or character == "\t":
        return character
    if character == "\n":
        return "\\n"
    point = ord(character)
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
