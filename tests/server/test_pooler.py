"""A pooler that is told from its address."""

from __future__ import annotations

import click
import pytest

from nosender.server.known_poolers import known_pooler
from nosender.server.target import DatabaseOptions, Target, from_context


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


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://u@db.invalid,ep-cool-1-pooler.aws.neon.tech/mail", "the endpoint without -pooler"),
        ("postgresql://u@a.supabase.com:5432,b.supabase.com:6543/mail", "b.supabase.com:6543"),
        ("host=shop.proxy-a.eu.rds.amazonaws.com dbname=mail", "the instance's own endpoint"),
        ("postgresql://u@ep-cool-1.aws.neon.tech/mail", None),
        ("service=shop", None),
    ],
)
def test_what_needs_a_session_is_told_so_before_it_connects(
    url: str, told: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    context = click.Context(click.Command("sweep"), obj=DatabaseOptions(target=Target(url)))
    from_context(context)
    assert capsys.readouterr().err == ""  # whoever only reads needs none
    from_context(context, keeps="a sweep")
    said = capsys.readouterr().err
    assert (
        said == "" if told is None else told in said and said.endswith("a sweep needs a session of its own\n")
    )
