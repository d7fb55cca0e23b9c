"""What a client feels while a sweep runs: latency of a mix of sends, fetches and acknowledgements."""

from __future__ import annotations

from typing import Any


def foreground(messages: int, runs: int) -> dict[str, Any]:
    """Filled in below."""
    return {"messages": messages, "runs": runs}
