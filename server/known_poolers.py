"""The poolers of platforms that are known by their address alone."""

from __future__ import annotations

import re

KNOWN: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"-pooler\."), "", "Neon's pooler: name the endpoint without -pooler"),
    (re.compile(r"supabase"), "6543", "Supabase's pooler for transactions: port 5432 keeps a session"),
    (re.compile(r"\.proxy-.*\.rds\.amazonaws\.com$"), "", "an RDS Proxy: name the instance's own endpoint"),
)
"""Host, port or any, and what to do instead, as docs/managed.md says of each platform."""


def known_pooler(host: str, port: str) -> str | None:
    """What stands there by its address alone, and what to name instead; None where that tells nothing."""
    for pattern, only, what in KNOWN:
        if pattern.search(host) and only in ("", port):
            return f"{host}:{port} is {what}"
    return None
