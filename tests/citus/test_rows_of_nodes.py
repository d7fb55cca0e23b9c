"""What rows hold is read on each node, in the shards that stand there: no Citus is needed."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from nosender.privacy_audit import runner
from nosender.privacy_audit.finding import Outcome
from nosender.privacy_audit.result.audit import Audit
from nosender.privacy_audit.snapshot.probes.by_part import NO_READER, together
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from .sharded import ONE, TWO, named, sharded
from .stand_in import run

CHECKS = ("plaintext", "delivery-to-stranger", "same-transaction")
MESSAGE = (
    "insert into public.messages_{shard} "
    "(id, destination_phone, encrypted_content, message_id, created_at, timestamp) "
    "select {number}, '{phone}', {content}, gen_random_uuid()::text, t, t "
    "from date_trunc('hour', now() at time zone 'utc') as t"
)
WORDS = "convert_to(repeat('hi Bob ', 9), 'UTF8')"
NOISE = "decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')"


@pytest.fixture
def urls(server: EmbeddedServer) -> Iterator[tuple[str, ...]]:
    with sharded(server) as found:
        for number in range(1, 20):
            run(found[1], MESSAGE.format(shard=102010, number=number, phone=ONE, content=NOISE))
            run(found[2], MESSAGE.format(shard=102011, number=number, phone=TWO, content=NOISE))
        yield found


def audited(urls: tuple[str, ...]) -> Audit:
    return runner.run(Target(urls[0]), runner.Options(checks=CHECKS, nodes=named(urls)))


def outcomes(audit: Audit) -> dict[str, tuple[Outcome, str | None]]:
    return {each.check.slug: (each.outcome, each.reason) for each in audit.checks}


def test_what_stands_in_a_shard_is_found(urls: tuple[str, ...]) -> None:
    assert outcomes(audited(urls)) == dict.fromkeys(CHECKS, (Outcome.PASS, None))
    run(
        urls[2],
        *(
            MESSAGE.format(
                shard=102011, number=number, phone=TWO, content="convert_to(repeat('hi Bob ', 9), 'UTF8')"
            )
            for number in range(20, 30)
        ),
        "insert into public.message_deliveries_102031 "
        "(destination_phone, message_id, webauthn_credential_id) "
        f"select '{TWO}', 1, min(d.id) from public.webauthn_credentials_102002 as d "
        f"where d.phone_number = '{ONE}'",
    )
    with psycopg.connect(urls[1], options="-c TimeZone=UTC") as one:
        one.execute(MESSAGE.format(shard=102010, number=50, phone=ONE, content=NOISE).encode())
        one.execute("update public.webauthn_credentials_102002 set sign_count = 1 where user_id = 2")
    found = {each.check: each for each in audited(urls).findings}
    assert found.keys() == set(CHECKS)
    assert found["delivery-to-stranger"].facts["strangers"] == 1
    facts = found["same-transaction"].facts
    assert (facts["transactions"], facts["other"]) == (1, "webauthn_credentials")
    assert "10 with printable text" in found["plaintext"].detail


def test_without_a_node_its_rows_were_not_looked_at(urls: tuple[str, ...]) -> None:
    audit = runner.run(Target(urls[0]), runner.Options(checks=CHECKS, nodes={"1": Target(urls[1])}))
    told = outcomes(audit)
    assert told["same-transaction"][0] is Outcome.NOT_TESTED
    assert audit.decided.nodes_unseen == ("node 2",)


def test_who_may_read_no_table_is_told_of_no_part(urls: tuple[str, ...]) -> None:
    from nosender.privacy_audit.reading import read_snapshot
    from nosender.schema.catalogue import load

    with Target(urls[1]).connect("test", reading=True) as connection:
        connection.execute("set session authorization nosender_auditor")
        connection.commit()
        reading = read_snapshot(connection, "public", load())
    assert {getattr(each, "reason", None) for each in reading.parts.values()} == {NO_READER}


def test_counts_of_parts_are_added_up() -> None:
    rows = (
        {"table_name": "a", "examined": 2, "found": 1, "whole": True},
        {"table_name": "b", "examined": 5, "found": 0, "whole": True},
        {"table_name": "a", "examined": 3, "found": 2, "whole": False},
    )
    assert together(rows) == (
        {"table_name": "a", "examined": 5, "found": 3, "whole": False},
        {"table_name": "b", "examined": 5, "found": 0, "whole": True},
    )
