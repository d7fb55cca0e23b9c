"""A small world through the real functions: the clock, the copy, and the whole measurement on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psycopg
import pytest

from nosender.errors import NosenderError
from nosender.linkability import grading, measure, outcome
from nosender.linkability.copied import NONE, Copy
from nosender.linkability.discovery import discover
from nosender.linkability.driver import drive, take
from nosender.linkability.driver.layout import CONTROL, HEAD, Layout
from nosender.linkability.grading import Truth
from nosender.linkability.score import Score
from nosender.linkability.simulation import conduct
from nosender.linkability.simulation.world import World, make_world
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

CLOCK = Path(drive.__file__).parent / "clock.sql"
FUNCTIONS = (
    "select proname || pg_get_functiondef(oid) from pg_proc "
    "where pronamespace = 'public'::regnamespace and prokind in ('f', 'p') order by 1"
)


class Trial(NamedTuple):
    """One world of 0.1.0's tables, while its database lives."""

    world: World
    copy: Copy
    truth: Truth
    conninfo: str
    planted: drive.Planted


@pytest.fixture(scope="module")
def template(server: EmbeddedServer) -> Iterator[str]:
    with drive.layout_template(server, CONTROL) as name:
        yield name


@pytest.fixture(scope="module")
def trial(server: EmbeddedServer, template: str) -> Iterator[Trial]:
    """A hundred people who talk for a day, swept twice."""
    world = make_world(conduct.read(), 100, 30.0, 1, 7)
    rare = dataclasses.replace(CONTROL, sweep_minute=None)
    with drive.planted(server.conninfo(), template, rare, world, connections=3) as planted:
        copy = take.take(planted.conninfo, world)
        truth = grading.truth_of(world, copy, *take.true_order(planted.conninfo))
        yield Trial(world, copy, truth, planted.conninfo, planted)


def test_the_stepped_clock_reaches_functions_defaults_and_guards(any_migrated: str) -> None:
    with psycopg.connect(any_migrated, autocommit=True, options="-c TimeZone=UTC") as connection:
        shipped = connection.execute(FUNCTIONS).fetchall()
        connection.execute(CLOCK.read_text())
        connection.execute("set nosender.clock = '2031-05-06T07:08:09+00:00'")
        connection.execute("select register_user('+9990000001')")
        connection.execute("select register_device(1, decode(repeat('ab', 16), 'hex'), '\\x00')")
        connection.execute(
            "select send_message('+9990000001', decode(repeat('ab', 40), 'hex'), 'm', 'text', '2 hours')"
        )
        connection.execute("set nosender.clock = '2031-05-06T08:00:00+00:00'")
        connection.execute("select acknowledge(1, array(select id from messages), 'read')")
        stored = connection.execute(
            "select m.created_at::text, m.expires_at::text, d.read_at::text, u.created_at::text "
            "from messages as m, message_deliveries as d, users as u"
        ).fetchone()
        assert stored == (
            *("2031-05-06 07:00:00", "2031-05-06 10:00:00", "2031-05-06 08:00:00", "2031-05-06 07:00:00"),
        )
        assert connection.execute(FUNCTIONS).fetchall() == shipped
        connection.execute("set nosender.clock = ''")
        (apart,) = connection.execute(
            "select abs(extract(epoch from now() - transaction_timestamp()))"
        ).fetchone()
        assert apart == 0


def test_a_function_with_a_clock_of_its_own_is_refused(migrated: str) -> None:
    with psycopg.connect(migrated, autocommit=True) as connection:
        connection.execute(
            "create function late() returns timestamptz language sql as 'select current_timestamp'"
        )
        with pytest.raises(NosenderError, match="stepped for late"):
            drive._refuse_other_clocks(connection)


def test_the_copy_is_the_world(trial: Trial) -> None:
    copy, talk = trial.copy, trial.world.talk
    assert trial.planted.repeated == 0
    assert len(copy.messages) == len(talk.time)  # nothing was swept
    assert copy.people == len(copy.users) == 100
    by_turn = np.argsort(trial.truth.turn)
    np.testing.assert_array_equal(trial.truth.sender[by_turn], talk.sender)
    np.testing.assert_array_equal(copy.messages.person[by_turn], talk.destination)
    np.testing.assert_array_equal(copy.messages.hour[by_turn], (talk.time // 3600).astype(int))
    lives = talk.lifetime >= 0
    assert ((copy.messages.expires[by_turn] == NONE) == ~lives).all()
    assert len(copy.devices) == len(trial.world.society.device_owner)
    assert set(np.unique(copy.session_keys.active)) <= {0, 1}


def test_calls_overlap_and_yet_keep_their_order(trial: Trial) -> None:
    table = trial.copy.messages
    for column in (table.id, table.xmin):
        assert len(np.unique(column)) == len(column)
        ranks = np.argsort(np.argsort(column)), np.argsort(np.argsort(trial.truth.turn))
        assert np.corrcoef(*ranks)[0, 1] > 0.99
    assert (np.diff(table.id[np.argsort(trial.truth.turn)]) < 0).any()


def test_nothing_in_the_database_says_who_sends(trial: Trial) -> None:
    """The driver's own queue has one person a call: destination, owner of a device, or owner of a key."""
    with psycopg.connect(trial.conninfo) as connection:
        two = "select count(*) from driver.calls where num_nonnulls(phone, device, owner) > 1 and kind <= 3"
        columns = connection.execute(
            "select attname from pg_attribute where attrelid = 'driver.calls'::regclass and attnum > 0"
        ).fetchall()
        assert {name for (name,) in columns} == {
            *("turn", "clock", "kind", "phone", "device", "owner", "token", "tokens", "size", "hours"),
            *("replaced", "devices"),
        }
        row = connection.execute(
            f"{two} and owner is not null and phone <> (select phone_number from users where id = owner)"
        ).fetchone()
        assert row == (0,)


def test_values_out_of_line_are_found_with_and_without_the_function(trial: Trial) -> None:
    known = trial.copy.messages.toast
    assert (known != NONE).any()
    assert (known == NONE).any()
    with Target(trial.conninfo).connect("test") as connection:
        chunk, join = take._toast(connection, 15)
        found = take._array(connection, f"select m.id, {chunk} from public.messages as m {join}", 2)
    by_id = dict(zip(trial.copy.messages.id.tolist(), known.tolist(), strict=True))
    assert dict(found.tolist()) == by_id


def test_a_holder_of_many_copies_sees_each_message_in_the_next_one(trial: Trial) -> None:
    talk, seen = trial.world.talk, trial.copy.seen_minute
    expected = np.sort(np.ceil(talk.time / 60).astype(int) * 60)
    expected = expected[expected <= trial.world.seconds]
    assert abs(len(seen.moment) - len(expected)) <= 5
    # A connection that waits for the processor lets others pass: on a busy machine a copy comes late.
    assert abs(np.median(seen.moment) - np.median(expected)) <= 900
    assert abs(len(trial.copy.seen_hour.moment) - (talk.time < 22 * 3600 - 1).sum()) < 0.1 * len(talk.time)


def test_the_attack_succeeds_on_the_tables_of_0_1_0_and_fails_on_the_control(trial: Trial) -> None:
    result = measure.measure(trial.copy, trial.truth, discover(), 7)
    layout = outcome.pool("0.1.0", "0005", [result])
    rows = {row.channel.slug: row for row in layout.rows}
    for slug in (
        "id",
        "xmin",
        "ctid",
        "acknowledgement",
        "rotation-order",
        "rotation-counter",
        "copy-minute",
    ):
        assert rows[slug].success.point > 0.35, slug
        assert rows[slug].success.point > rows[slug].control.point + 0.12, slug
    assert rows["block"].success.point > 0.2
    assert rows["user-lock"].success.point > 0.15
    assert rows["group-sender"].success.point > 0.1
    assert outcome.blindness(layout, 100, 1) == ()
    # A hundred people rotate too little for a finding: their rotations are above by their points alone.
    assert {"id", "xmin"} <= set(outcome.findings(layout))
    assert {order.column for order in layout.orders if order.all_rows > 20} >= {
        "messages.id",
        "messages.xmin",
    }


def test_an_attack_that_sees_nothing_is_blind(trial: Trial) -> None:
    nothing = [
        Score(score.slug, score.channel, lambda copy: np.zeros((copy.people, copy.people)))
        for score in discover()
        if score.names == "contacts"
    ]
    layout = outcome.pool("0.1.0", "0005", [measure.measure(trial.copy, trial.truth, nothing, 7)])
    reasons = outcome.blindness(layout, 100, 1)
    assert len(reasons) == 5
    assert outcome.blindness(layout, 1000, 2)[0].startswith("on 0.1.0 id named a contact first for 0.0")
    assert outcome.findings(layout) == ("order of messages.id", "order of deliveries.id")


def test_a_score_of_another_shape_is_refused(trial: Trial) -> None:
    wrong = Score("wrong", "id", lambda copy: np.zeros(copy.people))
    with pytest.raises(NosenderError, match="score wrong of channel id returned shape"):
        measure.measure(trial.copy, trial.truth, [wrong], 7)


@pytest.mark.parametrize("layout", [CONTROL, HEAD], ids=lambda layout: layout.name)
def test_a_layout_is_swept_under_the_stepped_clock(server: EmbeddedServer, layout: Layout) -> None:
    """A few people for a day: what had expired by the last sweep is gone, and the ledger has its hours."""
    world = make_world(conduct.read(), 20, 20.0, 1, 9)
    with (
        drive.layout_template(server, layout) as template,
        drive.planted(server.conninfo(), template, layout, world, connections=2) as planted,
        psycopg.connect(planted.conninfo) as connection,
    ):
        left = connection.execute(
            "select count(*) from messages where expires_at <= '2031-05-05 21:15'"
        ).fetchone()
        sweeps = connection.execute(
            "select count(*), min(cutoff)::text, max(cutoff)::text from retention_runs "
            "where phase = 'started'"
        ).fetchone()
    assert left == (0,)
    assert sweeps == (22, "2031-05-05 00:15:00", "2031-05-05 21:15:00")


def test_a_deadline_ends_a_world(server: EmbeddedServer, template: str) -> None:
    world = make_world(conduct.read(), 20, 20.0, 1, 9)
    with (
        pytest.raises(drive.TimeIsUpError),
        drive.planted(server.conninfo(), template, CONTROL, world, connections=1, deadline=0.0),
    ):
        pass
