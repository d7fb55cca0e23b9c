"""What was stored this moment is as new at night as at noon, whatever its times are rounded to."""

from __future__ import annotations

import psycopg
import pytest

from nosender.privacy_audit.runner import run

from ..retention import settling

TIMES = ("00:00", "03:10", "11:59", "23:50")


@pytest.mark.parametrize("swept", [False, True])
def test_an_audit_finds_the_same_at_every_hour(migrated: str, swept: bool) -> None:
    with psycopg.connect(migrated, autocommit=True) as owner:
        settling.set_back(owner)
    found = {}
    for number, time in enumerate(TIMES, start=1):
        day = f"2031-05-{number:02}"
        person = settling.person(number)
        settling.do(
            migrated,
            time,
            f"select register_person('{person}', sha256('{number}'), sha256('p{number}'), "
            f"sha256('x{number}'), sha512('s{number}'), sha256('i{number}'))",
            f"select rotate_session_key({number}, null, gen_random_uuid()::text, array[{number}], "
            f"array[sha512('k{number}')])",
            f"select publish_ephemeral_key('{person}', sha256('e{number}'), gen_random_uuid()::text)",
            f"select send_message('{person}', sha512('{number}'), gen_random_uuid()::text)",
            day=day,
        )
        if swept:
            settling.settle(migrated, time, day)
        audit = run(settling.at(migrated, time, day))
        found[time] = {(each.check, each.object) for each in audit.findings}
        if not swept:
            settling.do(migrated, time, f"select forget_phone_number('{person}')", day=day)
    assert "unsettled-row" not in {check for each in found.values() for check, _ in each}
    assert {time: sorted(each ^ found["11:59"]) for time, each in found.items()} == {
        time: [] for time in TIMES
    }
