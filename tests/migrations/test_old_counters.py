"""Equal counters of session keys of before random starts joined two people; the upgrade parts them."""

from __future__ import annotations

import psycopg

from nosender.migrations import runner
from nosender.server.target import Target

Counters = dict[int, list[int]]


def counters(owner: psycopg.Connection) -> Counters:
    found: Counters = {}
    query = "select user_id, key_rotation_counter from device_session_keys order by session_key_id"
    for person, counter in owner.execute(query):
        found.setdefault(person, []).append(counter)
    return found


def test_an_upgrade_parts_equal_counters_and_leaves_the_rest(database: str) -> None:
    target = Target(database)
    runner.upgrade(target, "0009", runner.Options(replay=True, verify=False))
    with psycopg.connect(database, autocommit=True, options="-c TimeZone=UTC") as owner:
        owner.execute(
            "insert into users (phone_number) select '+1555010000' || n from generate_series(1, 4) as n"
        )
        owner.execute(
            """
            insert into device_session_keys (
              user_id, session_key_id, encrypted_session_key, key_rotation_counter
            )
            select u.id, u.id || '-' || n, decode(repeat('ab', 60), 'hex'),
              n + case when u.id > 2 then 1000000 * u.id else 0 end
            from users as u cross join generate_series(0, 3) as n
            """
        )
        before = counters(owner)
        assert before[1] == before[2] == [0, 1, 2, 3]
        runner.upgrade(target)
        after = counters(owner)
    assert (after[3], after[4]) == (before[3], before[4])  # begun at random
    shifts = [{new - old for new, old in zip(after[user], before[user], strict=True)} for user in (1, 2)]
    assert [len(each) for each in shifts] == [1, 1]  # the order of each, and one more with each rotation
    assert shifts[0] != shifts[1]
