"""Rows of a project's that belong to a person go with the person, or are refused when they are read."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from nosender.errors import UsageError
from nosender.migrations.freeze import freeze
from nosender.project import Project, find
from nosender.project.declared import catalogue_of
from nosender.retention.erase import erase, measures
from nosender.schema.catalogue import Overlay, load
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from .kindly import KEPT, KEY, table
from .test_retention import filled

FOLLOWS = '[retention]\nrule = "follows"\nparents = ["{}"]\n'
EXPIRES = '[retention]\nrule = "expires"\ncolumn = "expires_at"\naction = "delete"\n'
OWNED = table("t", owner="link")
NUMBERED = table("t", number="account-phone", expires_at="expiry")


@pytest.mark.parametrize(
    ("text", "parent", "says"),
    [
        (OWNED, "users", "by their key to 'users'"),
        (OWNED, "webauthn_credentials", "by their key to 'webauthn_credentials'"),
        (OWNED.replace(KEPT, FOLLOWS.format("webauthn_credentials")), "users", "by their key to 'users'"),
        (OWNED, None, "tell of a person by owner"),
        (NUMBERED, None, "tell of a person by number"),
        (OWNED.replace(KEPT, FOLLOWS.format("users")), "users", None),
        (OWNED.replace(KEPT, FOLLOWS.format("messages")), "messages", None),
        (NUMBERED.replace(KEPT, EXPIRES), None, None),
        (table("t", word="state"), None, None),
    ],
)
def test_what_would_stay_is_refused(tmp_path: Path, text: str, parent: str | None, says: str | None) -> None:
    (tmp_path / "privacy").mkdir()
    (tmp_path / "privacy" / "t.toml").write_text(text)
    if parent is not None:
        key = KEY.format(table="t", column="owner", parent=parent, to="id")
        (tmp_path / "privacy" / "policy.toml").write_text(key)
    overlay = Overlay("shop", tmp_path, tmp_path / "privacy")
    if says is None:
        assert load(overlay=overlay).table("t") is not None
        return
    with pytest.raises(UsageError, match=says) as error:
        load(overlay=overlay)
    assert "t.toml:" in str(error.value)


def test_a_key_that_does_not_delete_by_cascade_is_refused(server: EmbeddedServer, courier: Path) -> None:
    revision = courier / "migrations" / "versions" / "c001_push_tokens.py"
    revision.write_text(revision.read_text().replace("on delete cascade", "on delete restrict"))
    with pytest.raises(UsageError, match="does not delete them: make it on delete cascade"):
        freeze(server.conninfo(), find(courier))


def test_they_go_with_the_person_and_out_of_the_files(both: Target, project: Project) -> None:
    filled(both, 3)
    with psycopg.connect(both.conninfo, options="-c TimeZone=UTC") as connection:
        connection.execute("select forget_phone_number('+4915110000002')")
        assert connection.execute("select count(*) from push_tokens").fetchone() == (2,)
    catalogue = catalogue_of(project)
    ours = {each.table for each in measures(both, rewrite=True)}
    assert {each.table for each in measures(both, rewrite=True, catalogue=catalogue)} - ours == {
        "push_tokens"
    }
    for rewrite in (False, True):
        assert "push_tokens" in {each.table for each in erase(both, rewrite=rewrite, catalogue=catalogue)}
    with psycopg.connect(both.conninfo) as connection:
        rewritten = (
            "select count(*) from retention_runs where phase = 'rewritten' and table_name = 'push_tokens'"
        )
        assert connection.execute(rewritten).fetchone() == (1,)
