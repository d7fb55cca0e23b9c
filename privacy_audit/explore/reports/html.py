"""The exploration for a person: one page that needs nothing but itself, with the diagram of what joins people."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from nosender.markup import html, statement
from nosender.privacy_audit.explore.model import Kind
from nosender.privacy_audit.explore.reports.sentences import (
    LIMITS,
    QUESTION,
    TITLES,
    answer,
    basis,
    name,
    tallies,
)
from nosender.schema import diagram
from nosender.schema.drawing import draw

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nosender.privacy_audit.explore.model import Exploration, Guess, Place, Table
    from nosender.schema.diagram import Side

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2127; --paper: #fdfcfa; --soft: #545d69; --line: #d9d6cf;
  --bad: #a3201d; --bad-wash: #fbe7e5 }
@media (prefers-color-scheme: dark) { :root { --ink: #e7e4de; --paper: #14171b; --soft: #a7adb6;
  --line: #363c45; --bad: #ff9d94; --bad-wash: #3a1a19 } }
body { margin: 2rem auto; max-width: 62rem; padding: 0 1rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif }
.answer { font-size: 1.5rem } .soft, .class, .label { color: var(--soft); fill: var(--soft) }
table { border-collapse: collapse; width: 100% } th, td { border-bottom: 1px solid var(--line);
  padding: .4rem .6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere }
code { font-size: .85em } svg { width: 100%; height: auto; font: 12px system-ui, sans-serif }
svg text { fill: currentColor } .name, .zone { font-weight: 600 }
.table { fill: none; stroke: var(--soft) } .bad-box { fill: var(--bad-wash); stroke: var(--bad) }
svg .bad-fill { fill: var(--bad) } .edge { fill: none; stroke: var(--soft) } .edge.bad { stroke: var(--bad);
  stroke-width: 2 } .tip { fill: var(--soft) } .axis, .gap { stroke: var(--line) }
"""
_MOST_DRAWN = 8
_MOST_JOINING = 12
_ZONES: Mapping[Side, str] = {
    "people": "People",
    "messages": "Messages, and what people share",
    "undeclared": "What joins people",
}


def render(exploration: Exploration) -> str:
    """The exploration as one HTML document, UTF-8."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    rows = "".join(_row(number, place) for number, place in enumerate(exploration.places, start=1))
    table = (
        "<table><thead><tr><th>No.</th><th>Table</th><th>What it tells</th><th>How sure, and why</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
    said = [
        *exploration.notes,
        *tallies(exploration),
        *(f"Not looked at: {each}." for each in exploration.unseen),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        f"style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html(f'Who could be linked to whom in {exploration.database}')}</title>"
        f"<style>{_STYLE}</style></head>\n<body><main>"
        f'<h1>{html(QUESTION)}</h1><p class="answer">{html(answer(exploration))}</p>'
        f'<p class="soft">Database {html(exploration.database)}, PostgreSQL {html(exploration.server)}, looked at as '
        f"{html(exploration.role)} with {html(exploration.tool)}.</p>"
        f"{table if exploration.places else ''}"
        f"<ul>{''.join(f'<li>{html(each)}</li>' for each in said)}</ul>"
        f"<figure>{drawing(exploration)}</figure>"
        f"<p>{html(basis(exploration))}</p><ul>{''.join(f'<li>{html(each)}</li>' for each in LIMITS)}</ul>"
        "</main></body></html>\n"
    )


def _row(number: int, place: Place) -> str:
    return (
        f"<tr><td>{number}</td><td><code>{html(name(place))}</code></td>"
        f"<td><strong>{html(TITLES[place.kind])}</strong><br>{html(place.sentence)}</td>"
        f"<td>{place.confidence.value}: {html(place.why)}"
        f"<details><summary>The evidence, for your own psql</summary><code>{statement(place.query)}</code></details>"
        "</td></tr>\n"
    )


def drawing(exploration: Exploration) -> str:
    """People on the left, messages on the right, and in red the tables that join them."""
    guesses = dict(exploration.guesses)
    kinds = dict(exploration.entities)
    joining = list(dict.fromkeys(place.table for place in exploration.places))[:_MOST_JOINING]
    people = [table for table, _ in exploration.people if table not in joining][:_MOST_DRAWN]
    messages = [
        table for table, kind in exploration.entities if kind is not Kind.PERSON and table not in joining
    ][:_MOST_DRAWN]
    nodes = [_node(table, "people", guesses, {}) for table in people]
    nodes += [_node(table, "messages", guesses, {}) for table in messages]
    edges = []
    for table in joining:
        named = {column for place in exploration.places if place.table == table for column in place.people}
        nodes.append(_node(table, "undeclared", guesses, dict.fromkeys(named, "names a person")))
        for guess in guesses.get(table, ()):
            parent = guess.entity or next((each for each in kinds if kinds[each] is guess.kind), None)
            if parent in people or parent in messages:
                red = guess.column in named
                edges.append(
                    diagram.Edge(".".join(table), (guess.column,), ".".join(parent), guess.column, not red)
                )
    return draw(nodes, edges, zones=_ZONES)


def _node(
    table: Table, side: diagram.Side, guesses: dict[Table, tuple[Guess, ...]], named: dict[str, str]
) -> diagram.Node:
    columns = tuple(
        (each.column, named.get(each.column, each.kind.value)) for each in guesses.get(table, ())
    ) or tuple(named.items())
    return diagram.Node(".".join(table), side, columns)
