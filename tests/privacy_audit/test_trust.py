"""Who reads everything on a server that somebody else runs, and what a stored setting or a waiver hides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from nosender.privacy_audit.check import discover
from nosender.privacy_audit.finding import Finding, Outcome, Severity
from nosender.privacy_audit.result.audit import CheckResult
from nosender.privacy_audit.result.object_hashes import definitions
from nosender.privacy_audit.runner import ask, read_snapshot
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.schema import ddl
from nosender.schema.catalogue import load
from nosender.schema.observe import observe
from nosender.server.embedded import EmbeddedServer

CHECKS = {loaded.check.slug: loaded for loaded in discover()}
PLATFORM = """
    create role platform_group createrole nologin;
    grant pg_read_all_data to platform_group;
    create role console_users in role platform_group;
    create role messenger login in role nosender_app;
    create role sweeper login in role nosender_sweeper;
    create role auditor login in role nosender_auditor;
    grant pg_read_all_settings to auditor;
"""


@pytest.fixture(scope="module")
def platform() -> Iterator[str]:
    """A server whose console puts everybody into one group, and that logs every statement."""
    with EmbeddedServer(settings={"log_statement": "all"}) as server:
        with psycopg.connect(server.conninfo()) as owner:
            ddl.load(owner, "public")
            owner.execute(PLATFORM.encode())
        yield server.conninfo()


def look(conninfo: str, slug: str, user: str = "postgres") -> tuple[CheckResult, list[Finding]]:
    with psycopg.connect(psycopg.conninfo.make_conninfo(conninfo, user=user)) as connection:
        snapshot = read_snapshot(connection, "public", load(), call_probes=False).snapshot
    result, found = ask(CHECKS[slug], snapshot)
    return result, list(found)


def test_a_login_is_named_however_it_came_into_the_group_of_the_platform(platform: str) -> None:
    with psycopg.connect(platform, autocommit=True) as owner:
        owner.execute("create role alice login in role console_users")
        owner.execute("grant console_users to messenger")
        _, found = look(platform, "all-seeing-role")
        owner.execute("revoke console_users from messenger; drop role alice")
    assert {each.object: each.severity for each in found if each.object != "platform_group"} == {
        "messenger": Severity.CRITICAL,
        "alice": Severity.HIGH,
        "console_users": Severity.MEDIUM,
    }


def test_a_setting_of_the_role_that_looks_hides_nothing(platform: str) -> None:
    with psycopg.connect(platform, autocommit=True) as owner:
        before, _ = look(platform, "recording-setting", "auditor")
        owner.execute("alter role auditor set log_statement = 'none'")
        after, found = look(platform, "recording-setting", "auditor")
        owner.execute("alter role auditor reset log_statement")
    assert before.outcome is Outcome.FAIL
    assert "log_statement is stored for the role that looks" in (after.reason or "")
    assert [each for each in found if each.object == "log_statement"] == []


def test_the_server_s_setting_is_low_where_each_login_of_ours_has_its_own(platform: str) -> None:
    def severity() -> Severity:
        _, found = look(platform, "recording-setting", "auditor")
        (server,) = [each for each in found if each.object == "log_statement"]
        return server.severity

    with psycopg.connect(platform, autocommit=True) as owner:
        owner.execute("alter role messenger set log_statement = 'none'")
        assert severity() is Severity.MEDIUM
        # The auditor has none: it would hide from it what holds for the others.
        for login in ("sweeper", "postgres"):
            owner.execute(f"alter role {login} set log_statement = 'none'".encode())
        assert severity() is Severity.LOW
        # Nor does one hide anything then that decides.
        owner.execute("alter role auditor set log_statement = 'none'")
        result, _ = look(platform, "recording-setting", "auditor")
        assert (severity(), result.reason) == (Severity.LOW, None)
        owner.execute("alter role auditor reset log_statement")
        owner.execute("create role clerk login in role nosender_clerk")
        assert severity() is Severity.MEDIUM
        owner.execute("drop role clerk; alter role sweeper set log_statement = 'mod'")
        assert severity() is Severity.MEDIUM


def test_what_tracks_no_statement_tracks_no_utility(platform: str) -> None:
    with psycopg.connect(platform) as connection:
        snapshot = read_snapshot(connection, "public", load(), call_probes=False).snapshot

    def finds(track: str) -> set[str]:
        own = tuple(
            replace(
                snapshot.live.settings[0],
                name=f"pg_stat_statements.{name}",
                value=value,
                source="configuration file",
                state="set",
            )
            for name, value in (("track", track), ("track_utility", "on"))
        )
        live = replace(snapshot.live, settings=(*snapshot.live.settings, *own))
        _, found = ask(CHECKS["recording-setting"], replace(snapshot, live=live))
        return {each.object for each in found} & {each.name for each in own}

    assert finds("top") == {"pg_stat_statements.track_utility"}
    assert finds("none") == set()


WIDER = {
    "platform_group": "grant pg_execute_server_program to platform_group",
    "console_users": "grant pg_write_all_data to platform_group",
    "postgres: table": "alter default privileges grant all on tables to public",
    "watch": (
        "create or replace function public.noted() returns event_trigger language plpgsql"
        " as $$ begin raise notice 'noted'; end $$"
    ),
    "public.messages.noted": (
        "create or replace function public.row_noted() returns trigger language plpgsql"
        " as $$ begin raise notice 'noted'; return null; end $$"
    ),
}


@pytest.mark.parametrize("name", WIDER)
def test_whatever_widens_what_was_waived_is_another_definition(platform: str, name: str) -> None:
    with psycopg.connect(platform) as owner:
        owner.execute(
            "alter default privileges grant select on tables to console_users;"
            "create function public.noted() returns event_trigger language plpgsql as $$ begin end $$;"
            "create event trigger watch on ddl_command_end execute function public.noted();"
            "create function public.row_noted() returns trigger language plpgsql"
            " as $$ begin return null; end $$;"
            "create trigger noted after insert on public.messages for each row"
            " execute function public.row_noted()"
        )

        def hashes() -> dict[str, str]:
            return dict(definitions(observe(owner, "public"), WIDER))

        before = hashes()
        owner.execute(WIDER[name].encode())
        after = hashes()
        owner.rollback()
    assert before.keys() == WIDER.keys()
    assert before[name] != after[name]
    assert {each for each in WIDER if before[each] != after[each]} <= {
        name,
        "platform_group",
        "console_users",
    }


def test_a_receiver_without_a_slot_is_a_copy(platform: str) -> None:
    with psycopg.connect(platform) as connection:
        snapshot: Snapshot = read_snapshot(connection, "public", load(), call_probes=False).snapshot
    received = replace(snapshot, surroundings=replace(snapshot.surroundings, standbys=1))
    assert "receivers" not in {each.object for each in ask(CHECKS["copied-log"], snapshot)[1]}
    assert "receivers" in {each.object for each in ask(CHECKS["copied-log"], received)[1]}
    with_slot = replace(received.surroundings, slots=(("standby", "physical"),))
    found = ask(CHECKS["copied-log"], replace(received, surroundings=with_slot))[1]
    assert [each.object for each in found] == ["standby"]
