"""The plan: which tables in which order, by the catalogue and the foreign keys that there are."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from nosender.errors import NosenderError
from nosender.retention.plan import Reference, make_plan, references
from nosender.retention.policy import declared_plan, live_plan
from nosender.retention.sweep import sweep
from nosender.schema.catalogue import Catalogue, load
from nosender.schema.observe import observe, reference
from nosender.server.target import Target

from . import rows

KEYS = references(reference())


def declaring(child: str, *parents: str) -> Catalogue:
    """Our catalogue, with other parents for one table."""
    catalogue = load()
    return replace(
        catalogue,
        tables=tuple(
            replace(table, retention=replace(table.retention, parents=parents))
            if table.name == child
            else table
            for table in catalogue.tables
        ),
    )


def test_the_keys_are_the_observed_ones(connection: psycopg.Connection) -> None:
    assert Reference("message_deliveries", "messages", cascades=True) in KEYS
    assert len(KEYS) == len(load().foreign_keys)
    assert sorted(references(observe(connection, "public")), key=repr) == sorted(KEYS, key=repr)
    assert live_plan(connection, "public") == declared_plan() == make_plan(load(), KEYS)


def test_a_table_comes_after_those_that_refer_to_it() -> None:
    swept = [rule.table for rule in declared_plan().rules]
    assert swept == [*sorted(swept[:-1]), "retention_runs"]
    assert {"device_session_keys", "ephemeral_keys", "messages"} <= set(swept)
    above = Reference("messages", "ephemeral_keys", cascades=True)
    catalogue = declaring("messages", "ephemeral_keys")
    plan = make_plan(catalogue, [*KEYS, above])
    order = [rule.table for rule in plan.rules]
    assert order.index("messages") < order.index("ephemeral_keys")
    assert plan.rules[order.index("ephemeral_keys")].children == ("message_deliveries", "messages")


BAD = [
    pytest.param(
        [
            Reference("messages", "ephemeral_keys", cascades=True),
            Reference("ephemeral_keys", "messages", cascades=True),
        ],
        r"circle, from (messages to ephemeral_keys to messages|ephemeral_keys to messages to ephemeral_keys)",
        id="circle",
    ),
    pytest.param(
        [Reference("messages", "messages", cascades=True)], "circle, from messages to messages", id="itself"
    ),
    pytest.param(
        [Reference("message_tags", "messages", cascades=True)],
        "delete rows of message_tags by cascade, which the catalogue does not declare",
        id="undeclared",
    ),
    pytest.param(
        [Reference("other.tags", "message_deliveries", cascades=True)],
        "delete rows of other.tags by cascade",
        id="undeclared, further down",
    ),
    pytest.param(
        [Reference("message_tags", "messages", cascades=False)],
        "message_tags refers to messages without ON DELETE CASCADE",
        id="forbids",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("more", "reason"), BAD)
def test_keys_with_which_no_order_is_right(more: list[Reference], reason: str) -> None:
    with pytest.raises(NosenderError, match=reason):
        make_plan(load(), [*KEYS, *more])


def test_a_declared_cascade_that_is_missing() -> None:
    with pytest.raises(NosenderError, match="message_deliveries should go with those of messages"):
        make_plan(load(), [key for key in KEYS if key.parent != "messages"])


def test_a_name_is_no_cascade(connection: psycopg.Connection) -> None:
    connection.execute(
        'create table t (id int, "ON DELETE CASCADE" bigint references messages on update cascade)'
    )
    found = {key.child: key.cascades for key in references(observe(connection, "public"))}
    assert found["t"] is False
    with pytest.raises(NosenderError, match="t refers to messages without"):
        live_plan(connection, "public")


@pytest.mark.parametrize("rule", ["on delete cascade", "on delete set null", ""])
def test_a_sweep_is_refused_before_it_deletes(
    target: Target, connection: psycopg.Connection, rule: str
) -> None:
    """A table that somebody hung on messages is named, and nothing goes."""
    connection.autocommit = True
    rows.people(connection)
    rows.messages(connection, 3, "now() - interval '1 hour'")
    connection.execute("create schema other")
    connection.execute(
        f"create table other.tags (message_id bigint references public.messages {rule})".encode()
    )
    with pytest.raises(NosenderError, match=r"other\.tags"):
        sweep(target)
    assert rows.count(connection, "messages") == 3
    assert rows.count(connection, "retention_runs") == 0
