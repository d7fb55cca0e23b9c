"""The answer as JSON, `nosender.attack/1`: what others script against."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from nosender import __version__
from nosender.linkability.reports.words import LIMITS, headline

if TYPE_CHECKING:
    from nosender.linkability.outcome import LayoutResult, Outcome, Row

FORMAT = "nosender.attack/1"


def render(outcome: Outcome) -> str:
    """The document, with a newline at the end."""
    document = {
        "format": FORMAT,
        "verdict": outcome.verdict,
        "run": {
            "tool": f"nosender {__version__}",
            "server": outcome.server,
            "users": outcome.users,
            "rate": outcome.rate,
            "days": outcome.days,
            "seeds": list(outcome.seeds),
            "worlds_asked": outcome.asked,
            "conduct": f"sha256:{outcome.conduct}",
            "calls": outcome.calls,
            "repeated": outcome.repeated,
            "seconds": round(outcome.seconds, 1),
        },
        "layouts": [_layout(outcome.head, "head"), _layout(outcome.control, "control")],
        "one_table": outcome.one_table,
        "findings": list(outcome.findings),
        "blind": list(outcome.blind),
        "cut": list(outcome.cut),
        "limits": list(LIMITS),
    }
    return json.dumps(_finite(document), indent=1, ensure_ascii=False) + "\n"


def _layout(layout: LayoutResult, role: str) -> dict[str, Any]:
    return {
        "name": layout.name,
        "role": role,
        "revision": layout.revision,
        "worlds": layout.worlds,
        "messages": layout.messages,
        "headline": headline(layout),
        "rows": [_row(row) for row in layout.rows],
        "orders": [asdict(order) for order in layout.orders],
        "old_locks": layout.old_locks,
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "channel": row.channel.slug,
        "title": row.channel.title,
        "population": row.channel.population,
        "count": row.count,
        "score": row.score,
        "scores": row.scores,
        "success": asdict(row.success),
        "popular": asdict(row.popular),
        "control": asdict(row.control),
        "settled": asdict(row.settled) if row.settled is not None else None,
        "unsettled": asdict(row.unsettled) if row.unsettled is not None else None,
        "chance": row.chance,
        "excess": asdict(row.excess),
        "named": row.named,
        "margin": row.channel.margin,
        "bounds": [asdict(bound) for bound in row.bounds],
        "reason": row.channel.reason,
        "standing": row.standing,
        "curve": [asdict(point) for point in row.curve],
    }


def _finite(value: Any) -> Any:
    """Floats to six digits; what is no number, for want of people, is null."""
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
