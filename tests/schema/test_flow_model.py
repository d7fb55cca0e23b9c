"""Random interleavings of the flows against a model of them in Python, which must agree after every step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from psycopg import errors

from nosender.schema import ddl
from nosender.server.embedded import EmbeddedServer
from nosender.server.scratch import scratch_database

from .app import CIPHERTEXT, IDENTITY, SIGNATURE, App, app

PHONES = [f"+1555010{number:04}" for number in range(3)]
MESSAGES = [f"m{number}" for number in range(6)]
SESSIONS = [f"s{number}" for number in range(4)]
EXCHANGES = [f"x{number}" for number in range(4)]


@dataclass
class Device:
    """A device and what it has."""

    number: int
    active: bool = True
    deliveries: dict[str, str] = field(default_factory=dict)
    """Message id → state."""
    keys: dict[str, list[Any]] = field(default_factory=dict)
    """Session key id → [counter, active]."""


@dataclass
class Person:
    """A registered phone number."""

    number: int
    devices: list[Device] = field(default_factory=list)
    version: int = 0

    def active(self) -> list[Device]:
        return [device for device in self.devices if device.active]


class Flow(RuleBasedStateMachine):
    """The database on one side, dictionaries on the other."""

    conninfo: str
    owner: psycopg.Connection

    def __init__(self) -> None:
        super().__init__()
        self.owner.execute("truncate users, messages, ephemeral_keys restart identity cascade")
        self.stack = ExitStack()
        self.app: App = self.stack.enter_context(app(self.conninfo))
        self.people: dict[str, Person] = {}
        self.messages: dict[str, tuple[str, int]] = {}  # message id → destination, number
        self.exchanges: dict[str, str] = {}  # exchange id → destination
        self.credentials = 0

    def teardown(self) -> None:
        self.stack.close()

    def refused(self, error: type[psycopg.Error], function: str, *arguments: Any) -> None:
        with pytest.raises(error):
            self.app.rows(function, *arguments)

    # Users and devices

    @rule(phone=st.sampled_from(PHONES))
    def register_user(self, phone: str) -> None:
        if phone in self.people:
            self.refused(errors.UniqueViolation, "register_user", phone)
        elif phone in self.exchanges.values() or phone in {to for to, _ in self.messages.values()}:
            self.refused(errors.ObjectInUse, "register_user", phone)
        else:
            self.people[phone] = Person(self.app.call("register_user", phone))

    @precondition(lambda self: self.people)
    @rule(data=st.data())
    def register_device(self, data: st.DataObject) -> None:
        person = data.draw(st.sampled_from(list(self.people.values())))
        self.credentials += 1
        credential = self.credentials.to_bytes(16, "big")
        person.devices.append(Device(self.app.call("register_device", person.number, credential, b"k")))

    @precondition(lambda self: any(person.devices for person in self.people.values()))
    @rule(data=st.data())
    def revoke_device(self, data: st.DataObject) -> None:
        device = data.draw(st.sampled_from([d for p in self.people.values() for d in p.devices]))
        assert self.app.call("revoke_device", device.number) == device.active
        device.active = False
        for key in device.keys.values():
            key[1] = False
        waiting = [name for name, state in device.deliveries.items() if state == "pending"]
        for name in waiting:
            del device.deliveries[name]
            if not any(name in d.deliveries for p in self.people.values() for d in p.devices):
                del self.messages[name]

    @rule(phone=st.sampled_from(PHONES))
    def forget(self, phone: str) -> None:
        anything = phone in self.people or phone in self.exchanges.values()
        anything = anything or phone in {to for to, _ in self.messages.values()}
        assert self.app.call("forget_phone_number", phone) == anything
        self.people.pop(phone, None)
        self.messages = {name: row for name, row in self.messages.items() if row[0] != phone}
        self.exchanges = {name: to for name, to in self.exchanges.items() if to != phone}

    # Messages

    def stored(self, phone: str, message: str) -> bool | None:
        """What sending answers; None for a refusal. The model takes the message in."""
        devices = self.people[phone].active() if phone in self.people else []
        if not devices:
            return True
        if message in self.messages:
            return False if self.messages[message][0] == phone else None
        self.messages[message] = (phone, -1)
        for device in devices:
            device.deliveries[message] = "pending"
        return True

    def number_the_new(self) -> None:
        for name, number in self.owner.execute("select message_id, id from messages").fetchall():
            self.messages[name] = (self.messages[name][0], number)

    @rule(phone=st.sampled_from(PHONES), message=st.sampled_from(MESSAGES))
    def send(self, phone: str, message: str) -> None:
        answer = self.stored(phone, message)
        if answer is None:
            self.refused(errors.UniqueViolation, "send_message", phone, CIPHERTEXT, message)
        else:
            assert self.app.send(phone, message) == answer
            self.number_the_new()

    @rule(
        batch=st.lists(st.tuples(st.sampled_from(PHONES), st.sampled_from(MESSAGES)), min_size=1, max_size=6)
    )
    def send_batch(self, batch: list[tuple[str, str]]) -> None:
        phones, names = map(list, zip(*batch, strict=True))
        arguments = (phones, [CIPHERTEXT] * len(batch), names)
        known = {phone for phone in phones if phone in self.people and self.people[phone].active()}
        homes = {name: to for name, (to, _) in self.messages.items()}
        for phone, name in batch:
            if phone in known and homes.setdefault(name, phone) != phone:
                self.refused(errors.UniqueViolation, "send_messages", *arguments)
                return
        answers = [self.stored(phone, name) for phone, name in batch]
        assert self.app.call("send_messages", *arguments) == answers
        self.number_the_new()

    @precondition(lambda self: self.messages and any(person.devices for person in self.people.values()))
    @rule(data=st.data(), outcome=st.sampled_from(["delivered", "read", "failed"]))
    def acknowledge(self, data: st.DataObject, outcome: str) -> None:
        device = data.draw(st.sampled_from([d for p in self.people.values() for d in p.devices]))
        names = data.draw(st.lists(st.sampled_from(sorted(self.messages)), min_size=1, max_size=3))
        changes = {"delivered": ["pending", "failed"], "failed": ["pending"]}.get(
            outcome, ["pending", "failed", "delivered"]
        )
        changed = {name for name in names if device.deliveries.get(name) in changes}
        numbers = [self.messages[name][1] for name in names]
        assert self.app.call("acknowledge", device.number, numbers, outcome) == len(changed)
        device.deliveries.update(dict.fromkeys(changed, outcome))

    # Keys

    @precondition(lambda self: self.people)
    @rule(data=st.data(), key=st.binary(min_size=32, max_size=32).filter(any))
    def publish_public_key(self, data: st.DataObject, key: bytes) -> None:
        phone = data.draw(st.sampled_from(sorted(self.people)))
        person = self.people[phone]
        key = b"k" + key[1:]
        person.version += 1
        assert self.app.call("publish_public_key", person.number, key, SIGNATURE, IDENTITY) == person.version
        assert self.app.rows("active_public_key", phone) == [(person.version, key, SIGNATURE, IDENTITY, 1)]

    @precondition(lambda self: any(person.active() for person in self.people.values()))
    @rule(
        data=st.data(),
        replaced=st.one_of(st.none(), st.sampled_from(SESSIONS)),
        session=st.sampled_from(SESSIONS),
    )
    def rotate(self, data: st.DataObject, replaced: str | None, session: str) -> None:
        person = data.draw(st.sampled_from([p for p in self.people.values() if p.active()]))
        devices = data.draw(st.permutations(person.active()))
        mine = [device.keys[replaced] for device in person.devices if replaced in device.keys]
        numbers = [device.number for device in devices]
        arguments = (person.number, replaced, session, numbers, [b"w" * 60] * len(devices))
        if replaced and not mine:
            self.refused(errors.NoDataFound, "rotate_session_key", *arguments)
        elif replaced and not any(active for _, active in mine):
            self.refused(errors.ObjectNotInPrerequisiteState, "rotate_session_key", *arguments)
        elif any(
            session in device.keys
            for other in self.people.values()
            for device in (devices if other is person else other.devices)
        ):
            self.refused(errors.UniqueViolation, "rotate_session_key", *arguments)
        else:
            counter = self.app.call("rotate_session_key", *arguments)
            if replaced:
                assert counter == max(count for count, _ in mine) + 1
            else:
                assert 0 <= counter < 2**31
            for key in mine:
                key[1] = False
            for device in devices:
                device.keys[session] = [counter, True]

    @rule(phone=st.sampled_from(PHONES), exchange=st.sampled_from(EXCHANGES))
    def publish_ephemeral_key(self, phone: str, exchange: str) -> None:
        arguments = (phone, b"k" * 32, exchange)
        if phone in self.people and exchange in self.exchanges:
            self.refused(errors.UniqueViolation, "publish_ephemeral_key", *arguments)
        else:
            self.app.rows("publish_ephemeral_key", *arguments)
            if phone in self.people:
                self.exchanges[exchange] = phone

    @rule(phone=st.sampled_from(PHONES), exchange=st.one_of(st.none(), st.sampled_from(EXCHANGES)))
    def claim(self, phone: str, exchange: str | None) -> None:
        there = {name for name, to in self.exchanges.items() if to == phone and exchange in (None, name)}
        claimed = {row[0] for row in self.app.rows("claim_ephemeral_key", phone, exchange)}
        assert claimed <= there
        assert len(claimed) == bool(there)
        for name in claimed:
            del self.exchanges[name]

    # What must be so after every step

    @invariant()
    def every_device_sees_what_the_model_says(self) -> None:
        for person in self.people.values():
            found = [row[0] for row in self.app.rows("active_devices", person.number)]
            assert found == [device.number for device in person.active()]
            for device in person.devices:
                keys = {row[0]: [row[2], row[4]] for row in self.app.rows("session_keys", device.number)}
                assert keys == device.keys
                if device.active:
                    waiting = [name for name, state in device.deliveries.items() if state == "pending"]
                    waiting.sort(key=lambda name: self.messages[name][1])
                    assert self.app.waiting(device.number) == waiting

    @invariant()
    def the_tables_hold_that_and_no_more(self) -> None:
        assert dict(self.owner.execute("select message_id, destination_phone from messages").fetchall()) == {
            name: to for name, (to, _) in self.messages.items()
        }
        assert (
            dict(
                self.owner.execute("select key_exchange_id, destination_phone from ephemeral_keys").fetchall()
            )
            == self.exchanges
        )
        deliveries = sum(len(d.deliveries) for p in self.people.values() for d in p.devices)
        assert self.owner.execute("select count(*) from message_deliveries").fetchone() == (deliveries,)
        active = sum(person.version > 0 for person in self.people.values())
        assert self.owner.execute(
            "select count(*) from messaging_public_keys where is_active"
        ).fetchone() == (active,)


@pytest.fixture
def machine(server: EmbeddedServer) -> Iterator[type[Flow]]:
    with (
        scratch_database(server.conninfo()) as conninfo,
        psycopg.connect(conninfo, options="-c TimeZone=UTC", autocommit=True) as owner,
    ):
        ddl.load(owner, "public")

        class Here(Flow):
            pass

        Here.conninfo, Here.owner = conninfo, owner
        yield Here


def test_the_database_agrees_with_the_model(machine: type[Flow]) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=30,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
