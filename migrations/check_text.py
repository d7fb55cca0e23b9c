"""What `db check` prints: one line a difference with its SQL, or the SQL alone as a script."""

from collections.abc import Callable, Iterable, Iterator

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
    """A line a difference, and indented under it what repairs it; `whose` names the project of an object."""
    for item in found:
        owner = whose(item.object)
        yield f"{item.severity}: {item.line}" + (f" (of {visible(owner)})" if owner else "")
        first, *body = _statements(item)
        yield f"    {visible(first)}"
        yield from map(visible, body)  # the lines of a function's body stay where they are


def as_script(found: Iterable[Difference], revision: str) -> Iterator[str]:
    """One transaction, in order; what destroys something stands in it as a comment."""
    yield f"-- repairs what differs from revision {revision}"
    yield "begin;"
    yield "set local check_function_bodies to off;"
    for item in found:
        yield f"-- {item.severity}: {item.line}"
        yield from _statements(item)
    yield "commit;"


def _statements(item: Difference) -> list[str]:
    if not item.sql:
        return ["-- to be made again by hand" if item.declared else THEIRS]
    lines = item.sql.split("\n")
    if item.destroys:
        return [f"-- destroys {visible(item.destroys)}:", *(f"-- {visible(line)}" for line in lines)]
    if any(not line.replace("\t", "").isprintable() for line in lines):
        return ["-- by hand, for a name with control characters:", *(f"-- {visible(line)}" for line in lines)]
    return lines
