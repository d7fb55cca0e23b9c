"""A plan as text for a person and as JSON for a program."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from nosender.terminal_text import to_paste, visible

if TYPE_CHECKING:
    from nosender.scale_out.plan import MovedTable, Plan
    from nosender.scale_out.servers import Server

FORMAT = "nosender.scale-out/1"

NEXT = (
    "Nothing was changed. db scale-out rehearse tries the keys and functions on a copy, db scale-out apply "
    "distributes the database and db scale-out back brings it back; docs/scale-out.md says more."
)


def as_json(plan: Plan) -> str:
    """The plan for a program."""
    document = {"format": FORMAT, **asdict(plan)}
    for key in document["keys"]:
        del key["place"]
    document |= {
        "bytes": plan.bytes,
        "seconds": plan.seconds,
        "differing": list(plan.differing),
        "applied_by": "db scale-out apply",
    }
    return json.dumps(document, indent=2) + "\n"


def as_lines(plan: Plan) -> list[str]:
    """The plan for a person."""
    lines = [f"schema {visible(plan.schema)} of database {visible(plan.database)} over "
             f"{len(plan.servers)} server{'s' * (len(plan.servers) != 1)}"]  # fmt: skip
    for server in plan.servers:
        lines += ["", *_server(server)]
    if len(plan.servers) == 1:
        lines.append(
            "  no other was named: --node 1=URL asks one that is to be a node, before it holds a row"
        )
    lines += [f"! {visible(each)}" for each in plan.differing]
    lines += ["", "tables", *map(_table, plan.tables)]
    if plan.problems:
        lines += ["", "what Citus would refuse, and nothing is known to take its place"]
        lines += [
            f"  ! {visible(each.table)}{'.' * bool(each.name)}{visible(each.name)} {visible(each.sentence)}"
            for each in plan.problems
        ]
    lines += ["", f"keys that cannot hold ({len(plan.keys)}), what stands in their place, and what is lost"]
    for key in plan.keys:
        instead = f"({', '.join(key.instead)})" if key.instead else "nothing"
        lines += [f"  {key.table}.{key.name}: {instead}", f"      {key.lost}"]
    lines += ["", f"triggers that cannot stand on a node ({len(plan.triggers)}), and what is lost"]
    for trigger in plan.triggers:
        lines += [f"  {trigger.function}", f"      {trigger.lost}"]
    lines += ["", "room and time", *_cost(plan), "", NEXT]
    return lines


def _server(server: Server) -> list[str]:
    where = f"{server.name}: {visible(server.place)}"
    if server.version is None:
        return [where, *(f"  ! not looked at: {visible(each)}" for each in server.unseen)]
    citus = "Citus is not installed there"
    if server.citus is not None:
        citus = f"Citus {visible(server.citus)} is {'in the database' if server.created else 'installed'}"
    lines = [where, f"  PostgreSQL {server.version}; {citus}"]
    for loud in server.loud:
        of = f" for {visible(loud.where)}" if loud.where else ""
        lines.append(f"  ! {loud.name} is '{visible(loud.value)}'{of}: {loud.leaks}")
        lines.append(f"      {to_paste(loud.statement)}")
    if any(not each.where for each in server.loud):
        lines.append("      select pg_reload_conf();")
    lines += [f"  ! not looked at: {visible(each)}" for each in server.unseen]
    if not (server.loud or server.unseen):
        lines.append("  quiet: none of the settings asked for writes values of rows; audit run looks at all")
    return lines


def _table(table: MovedTable) -> str:
    where = {
        "distributed": f"distributed by {table.column}",
        "reference": "a copy on every node",
        "local": "stays on the coordinator",
    }[table.kind]
    more = "" if table.whose == "nosender" else ", in no layout"
    return f"  {visible(table.name)}: {where}{more}; about {table.rows:,} rows, {size(table.bytes)}"


def _cost(plan: Plan) -> list[str]:
    rows = sum(each.rows for each in plan.moved)
    return [
        f"  {size(plan.bytes)} in {len(plan.moved)} tables would move, and both copies stand meanwhile: as "
        "much again has to be free, most of it on the nodes.",
        f"  About {plan.seconds:,} s in which nobody writes, for {rows:,} rows at the rate of two cores.",
        "  The rows that stood here are emptied with it.",
    ]


def size(count: int) -> str:
    """A number of bytes as a person reads it."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if amount >= 10 or unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TB"
