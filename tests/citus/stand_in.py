"""Databases that look as if Citus distributed them."""

from __future__ import annotations

from pathlib import Path

import psycopg

from nosender.schema.observe import Observation, observe
from nosender.schema.observe.citus_own import without_own
from nosender.server.target import Target

STAND_IN = (Path(__file__).parent / "stand_in.sql").read_bytes()


def run(conninfo: str, *statements: str | bytes) -> None:
    with psycopg.connect(conninfo, options="-c TimeZone=UTC -c allow_system_table_mods=on") as connection:
        for statement in statements:
            connection.execute(statement if isinstance(statement, bytes) else statement.encode())


def seen(conninfo: str) -> Observation:
    with Target(conninfo).connect("test", reading=True) as connection:
        return without_own(observe(connection, "public"))
