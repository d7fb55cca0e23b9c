"""How long a deleted row outlives the sweep, as every report says it from the server's settings."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest

from nosender.privacy_audit.result.limits import lifetime, unsettled_tables
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.schema.catalogue import load
from nosender.schema.catalogue.sides import sides
from nosender.schema.observe import observe
from nosender.schema.observe.cluster_model import Setting


def snapshot(settings: dict[str, str | None], slots: tuple[tuple[str, str], ...] = ()) -> Snapshot:
    """As much of a snapshot as the sentence is made from; None is a setting that the role may not see."""
    live = SimpleNamespace(
        settings=tuple(
            Setting(name, "hidden" if value is None else "set", value, None, None, pending_restart=False)
            for name, value in settings.items()
        )
    )
    return cast(Snapshot, SimpleNamespace(live=live, surroundings=SimpleNamespace(slots=slots)))


SLOT = (("s", "physical"),)


@pytest.mark.parametrize(
    ("settings", "slots", "said"),
    [
        ({"archive_mode": "off", "wal_keep_size": "0"}, (), "the server archives none of it."),
        ({"archive_mode": "on"}, (), "is on, so it lives on for as long as the archive is kept."),
        ({"archive_mode": "always"}, (), "archive_mode is always, so"),
        ({"archive_mode": None}, (), "this role may not see whether that is archived."),
        ({"archive_mode": "off", "wal_keep_size": "512"}, (), "wal_keep_size keeps 512 MB of it."),
        ({"archive_mode": "off", "max_slot_wal_keep_size": "-1"}, SLOT, "a slot keeps it without a bound"),
        ({"archive_mode": "off", "max_slot_wal_keep_size": "64"}, SLOT, "the server archives none of it."),
        ({"archive_mode": "off", "max_slot_wal_keep_size": "-1"}, (), "the server archives none of it."),
    ],
)  # fmt: skip
def test_the_sentence(settings: dict[str, str | None], slots: Any, said: str) -> None:
    assert said in lifetime(snapshot(settings, slots))


def test_a_server_is_read_so(connection: psycopg.Connection, run_nosender: Callable[..., Any]) -> None:
    """The embedded server archives nothing and keeps nothing; the report says so."""
    live = observe(connection, "public")
    values = {each.name: each.value for each in live.settings}
    assert (values["archive_mode"], values["wal_keep_size"]) == ("off", "0")
    answer = run_nosender(
        "--url", f"{connection.info.dsn}", "audit", "run", "--format", "json", "--check", "copied-log"
    )
    assert "the server archives none of it." in answer.stdout + answer.stderr


def test_tables_that_no_sweep_settles_are_named() -> None:
    """Who declares a table beside ours is told that its rows keep their order."""
    catalogue = load()
    ours = [name for name, side in sides(catalogue).items() if side != "bookkeeping"]

    def told(settled: list[str]) -> list[str]:
        rows = tuple({"table_name": name} for name in settled)
        probes = {"audit_settling": rows}
        snapshot = SimpleNamespace(probes=probes, catalogue=catalogue, tables=dict.fromkeys(ours))
        return unsettled_tables(cast(Snapshot, snapshot))

    assert told(ours) == []
    (limit,) = told([name for name in ours if name != "ephemeral_keys"])
    assert "no sweep settles ephemeral_keys, so" in limit
