"""A pooler that is told from its address."""

from __future__ import annotations

import pytest

from nosender.server.pooler import known_pooler


@pytest.mark.parametrize(
    ("host", "port", "says"),
    [
        ("ep-cool-1-pooler.eu-central-1.aws.neon.tech", "5432", "the endpoint without -pooler"),
        ("aws-0-eu-central-1.pooler.supabase.com", "6543", "port 5432 keeps a session"),
        ("shop.proxy-abc.eu-central-1.rds.amazonaws.com", "5432", "the instance's own endpoint"),
        ("aws-0-eu-central-1.pooler.supabase.com", "5432", None),
        ("ep-cool-1.eu-central-1.aws.neon.tech", "5432", None),
        ("shop.abc.eu-central-1.rds.amazonaws.com", "5432", None),
        ("/var/run/postgresql", "6543", None),
    ],
)
def test_it_says_what_to_name_instead(host: str, port: str, says: str | None) -> None:
    found = known_pooler(host, port)
    assert (found is None) if says is None else (found is not None and says in found)
