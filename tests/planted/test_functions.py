"""No function, guard, CHECK or revision of ours runs what somebody planted, and each plant does work."""

from __future__ import annotations

import psycopg
import pytest

from nosender.errors import NosenderError
from nosender.migrations import runner
from nosender.migrations.revisions import Chain
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from ..conftest import clone
from .calls import every
from .conftest import PLANTS, hijacks, plant

BEFORE = "0005"
"""The last revision whose functions look names up in the schema: what 0.1.0 brought."""


def test_no_call_runs_what_is_planted(any_server: EmbeddedServer, any_database: str) -> None:
    """Upgraded from empty where all is planted already, but for what needs our functions."""
    plant(any_database, *PLANTS[:3])
    with hijacks(any_server) as found:
        runner.upgrade(Target(any_database))
    assert found == []
    plant(any_database, "own_overloads")
    with hijacks(any_server) as found:
        answers = every(any_database)
    assert found == []
    assert len(answers) > 120


def test_the_answers_are_those_without_plants(any_server: EmbeddedServer, any_database: str) -> None:
    runner.upgrade(Target(any_database))
    plant(any_database, *PLANTS)
    with clone(any_server) as another:
        runner.upgrade(Target(another))
        assert every(any_database) == every(another)


def test_what_was_planted_before_the_upgrade_is_not_run_by_it(
    any_server: EmbeddedServer, any_database: str
) -> None:
    target = Target(any_database)
    runner.upgrade(target, BEFORE)
    plant(any_database, *PLANTS)
    with hijacks(any_server) as found:
        assert runner.upgrade(target).applied[0] == "0006"
        every(any_database)
    assert found == []


def test_the_functions_before_ran_what_is_planted(
    any_server: EmbeddedServer, any_database: str, planted: str
) -> None:
    """Or failed for it; else the tests above would prove nothing."""
    runner.upgrade(Target(any_database), BEFORE)
    plant(any_database, planted)
    with hijacks(any_server) as found:
        answers = every(any_database)
    ambiguous = ("select * from public.audit_sizes()", "42725")
    assert ambiguous in answers if planted == "own_overloads" else found != []


def test_only_the_procedure_that_commits_looks_names_up_elsewhere(any_migrated: str) -> None:
    """The proof that needs no plant: every function is pinned, or was bound when it was made."""
    with psycopg.connect(any_migrated) as connection:
        found = connection.execute(
            """
            select p.proname from pg_catalog.pg_proc as p
            where
              p.pronamespace = 'public'::pg_catalog.regnamespace and p.prosqlbody is null
              and coalesce(not 'search_path=pg_catalog, pg_temp' = any (p.proconfig), true)
              and not exists (select from pg_catalog.pg_depend as d where d.objid = p.oid and d.deptype = 'e')
            """
        ).fetchall()
    assert found == [("retention_sweep",)]


_BOUND = r"""
set search_path = public, pg_catalog;
create function like_pattern(varchar, text) returns boolean immutable language sql
return $1::text operator(pg_catalog.~) $2;
create operator ~ (leftarg = varchar, rightarg = text, function = like_pattern);
create function hashtextextended(text, integer) returns bigint immutable language sql
return pg_catalog.hashtextextended($1, $2);
create function date_trunc(text, timestamp) returns timestamp immutable language sql
return pg_catalog.date_trunc($1, $2);
create function num_nulls(bigint, bigint, integer) returns integer immutable language sql
return pg_catalog.num_nulls($1, $2, $3);
alter table users drop constraint users_phone_number_e164,
add constraint users_phone_number_e164 check (phone_number ~ '^\+[1-9][0-9]{6,14}$'),
alter column created_at set default date_trunc('hour', now() at time zone 'utc');
alter table device_session_keys drop constraint device_session_keys_one_user_per_session,
add constraint device_session_keys_one_user_per_session
exclude using gist (hashtextextended(session_key_id, 0) with =, user_id with <>);
create or replace trigger message_deliveries_guard before insert on message_deliveries for each row
when (
  num_nulls(new.id, new.message_id, new.webauthn_credential_id) > 0
  or (new.delivery_status = 'pending' and new.delivered_at is null and new.read_at is null) is not true
)
execute function message_deliveries_guard();
"""


def test_a_rule_that_was_bound_to_a_plant_is_told_and_bound_anew(any_database: str) -> None:
    """By the revision alone, as plain Alembic runs it: `db upgrade` sees the drift before."""
    target = Target(any_database)
    runner.upgrade(target, BEFORE)
    with psycopg.connect(any_database, autocommit=True) as owner:
        owner.execute(_BOUND.encode())
        with pytest.raises(NosenderError, match=r"is not what revision 0005 left: .* and \d more"):
            runner.upgrade(target)
        with pytest.raises(NosenderError) as refused:
            runner.upgrade(target, options=runner.Options(verify=False))
        sentence = str(refused.value)
        for told in (
            "constraint users_phone_number_e164 on table public.users to operator public.~",
            "default value for column created_at of table public.users to function public.date_trunc",
            "constraint device_session_keys_one_user_per_session on table public.device_session_keys",
            "trigger message_deliveries_guard on table public.message_deliveries to function",
        ):
            assert told in sentence
        assert runner.current(target).revision == BEFORE
        mended = sentence.partition("then bind the rule anew: ")[2].partition("); nothing of it was kept")[0]
        owner.execute(mended.replace("\\\\", "\\").encode())  # one in a sentence of ours is written as two
    assert runner.upgrade(target).after == Chain.load().head
    assert [found for found in runner.check(target)[1] if found.declared and found.severity == "strict"] == []
