"""Every server of a database that Citus distributes: read one by one, and told together.

Each node is read over a connection that the user names, in one read-only transaction: where the coordinator
carries the questions, whoever owns it answers them. A password goes to no address that only a database names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from nosender.errors import NosenderError
from nosender.privacy_audit.finding import Outcome
from nosender.privacy_audit.reading import LOCK_MILLISECONDS, Reading, read_snapshot
from nosender.privacy_audit.snapshot.object_names import without_numbers
from nosender.privacy_audit.snapshot.snapshot import NOT_OURS, ON_COORDINATOR, Row, Unseen
from nosender.schema.observe.distribution_model import COORDINATOR, Distribution

if TYPE_CHECKING:
    from nosender.privacy_audit.finding import Finding
    from nosender.privacy_audit.result.audit import CheckResult
    from nosender.project.frozen import Frozen
    from nosender.schema.catalogue.model import Catalogue
    from nosender.schema.observe.distribution_model import Node
    from nosender.server.target import Target

OWN_CONNECTION = "a connection of its own"


@dataclass(frozen=True, slots=True)
class NodeReading:
    """One node beside the coordinator."""

    node: Node
    reading: Reading | None
    """None where it could not be read."""
    why: str = ""
    """Why not."""


@dataclass(frozen=True, slots=True)
class NodeAnswer:
    """What the checks say of one node."""

    node: Node
    results: list[CheckResult]
    findings: list[Finding]
    definitions: Mapping[str, str] = field(default_factory=dict)
    """The definitions of the objects that the findings name."""


def read_nodes(
    here: Reading,
    named: Mapping[str, Target],
    catalogue: Catalogue,
    frozen: Frozen | None,
    lock_timeout: int = LOCK_MILLISECONDS,
) -> tuple[NodeReading, ...]:
    """The nodes beside the one that `here` is a reading of, which has to be the coordinator.

    UsageError for a name that is no node's, and where `here` is a worker.
    """
    spread = here.snapshot.live.distribution or Distribution(COORDINATOR, standby=False)
    spread.refuse_unknown(named)
    return tuple(
        _read(each, spread, named.get(each.key), catalogue, frozen, lock_timeout) for each in spread.others
    )


def _read(
    node: Node,
    spread: Distribution,
    target: Target | None,
    catalogue: Catalogue,
    frozen: Frozen | None,
    lock_timeout: int,
) -> NodeReading:
    if target is None:
        return NodeReading(node, None, f"no --node {node.key}=URL names a connection to it")
    try:
        with target.connect("nosender audit", reading=True) as connection:
            reading = read_snapshot(
                connection,
                target.schema,
                catalogue,
                lock_timeout=lock_timeout,
                frozen=frozen,
                target=target,
            )
    except NosenderError as error:
        return NodeReading(node, None, str(error))
    if why := spread.mistaken(node, reading.snapshot.live.distribution):
        return NodeReading(node, None, why)
    # what is queued to be dropped, the coordinator knows
    queued = {each.name.rpartition(".")[2] for each in spread.queued if each.group == node.group}
    around = reading.snapshot.surroundings
    copies = tuple(replace(each, queued=each.queued or each.name in queued) for each in around.copies)
    snapshot = replace(reading.snapshot, surroundings=replace(around, copies=copies))
    return NodeReading(node, replace(reading, snapshot=snapshot))


def with_parts(here: Reading, nodes: Sequence[NodeReading]) -> Reading:
    """The coordinator's reading, with what each node answers of its own rows in the place of its own answers.

    Where a node was not read or could not answer, what was asked through the coordinator stands, if anything.
    """
    from nosender.privacy_audit.snapshot.probes.by_part import together as added

    answers = dict(here.snapshot.probes)
    told = set()
    for name, answer in here.parts.items():
        rows: list[Row] = []
        why = ""
        for place, one in (("the coordinator", answer), *_of_nodes(name, nodes)):
            if isinstance(one, Unseen):
                why = why or f"{place}: {one.reason}"
            else:
                rows += one
        if not why:
            answers[name] = added(rows)
            told.add(name)
        elif isinstance(answers.get(name), Unseen):
            answers[name] = Unseen(why)
    return replace(here, snapshot=replace(here.snapshot, probes=answers, by_node=frozenset(told)))


def _of_nodes(name: str, nodes: Sequence[NodeReading]) -> Iterator[tuple[str, tuple[Row, ...] | Unseen]]:
    for each in nodes:
        if each.reading is None:
            yield each.node.name, Unseen("was not looked at")
        else:
            yield each.node.name, each.reading.parts.get(name, Unseen("told nothing of its rows"))


def with_shards(findings: list[Finding], spread: Distribution | None) -> list[Finding]:
    """The findings, each with the shards in which it was found and not in their table."""
    shards: dict[str, set[str]] = {}
    for each in spread.differences if spread is not None else ():
        shards.setdefault(each.object, set()).add(each.shard)
    return [
        replace(each, facts={**each.facts, "shards": sorted(map(without_numbers, found))})
        if (found := shards.get(each.object))
        else each
        for each in findings
    ]


def together(
    results: list[CheckResult], findings: list[Finding], answers: list[NodeAnswer]
) -> tuple[list[CheckResult], list[Finding]]:
    """The coordinator's answers with those of the other nodes.

    What several nodes have alike is one finding; one that the coordinator has not says on which nodes it is,
    in its object, and so in its fingerprint.
    """
    where: dict[tuple[str, str, str], list[str]] = {}
    first: dict[tuple[str, str, str], Finding] = {}
    for each in findings:
        where[each.check, each.object, each.detail] = []
        first[each.check, each.object, each.detail] = each
    here = set(first)
    for answer in answers:
        for each in answer.findings:
            same = each.check, each.object, each.detail
            where.setdefault(same, []).append(answer.node.key)
            first.setdefault(same, each)
    told = [
        replace(
            first[same],
            object=first[same].object if same in here else _on(first[same].object, nodes),
            facts={**first[same].facts, **({"nodes": ["0"] * (same in here) + nodes} if nodes else {})},
        )
        for same, nodes in where.items()
    ]
    return [_of_all(each, answers) for each in results], told


def _on(name: str, nodes: list[str]) -> str:
    return f"{name} on node {nodes[0]}" if len(nodes) == 1 else f"{name} on nodes {', '.join(nodes)}"


def definitions_on(answers: list[NodeAnswer], findings: list[Finding]) -> dict[str, str]:
    """The definitions of objects that only other nodes have, by what the findings call them."""
    found = {}
    for each in findings:
        name, _, nodes = each.object.rpartition(" on node")
        for answer in answers:
            if name in answer.definitions and answer.node.key in nodes.lstrip("s ").split(", "):
                found[each.object] = answer.definitions[name]
    return found


def _of_all(result: CheckResult, answers: list[NodeAnswer]) -> CheckResult:
    """The outcome of one check on all nodes: it passed where it passed on each."""
    outcome, reason, examined = result.outcome, result.reason, result.examined
    for answer in answers:
        one = next(each for each in answer.results if each.check.slug == result.check.slug)
        if is_asked_elsewhere(one):
            continue
        examined += one.examined
        if one.outcome is Outcome.FAIL:
            outcome = Outcome.FAIL
        elif one.reason is not None and reason is None:
            reason = f"{answer.node.name}: {one.reason}"
            outcome = one.outcome if outcome is Outcome.PASS else outcome
    return replace(result, outcome=outcome, reason=reason, examined=examined)


def is_asked_elsewhere(result: CheckResult) -> bool:
    """Whether a check asks for rows, as the coordinator is asked, or for tables that stand elsewhere."""
    return result.reason in (ON_COORDINATOR, NOT_OURS)
