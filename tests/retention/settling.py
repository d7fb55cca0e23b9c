"""A database whose clock is what a test says, and what stands in its rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psycopg
from psycopg.conninfo import make_conninfo

from nosender.linkability.driver import drive
from nosender.linkability.grading import order_statistic
from nosender.retention.sweep import FAST, Pace, SweepReceipt, sweep
from nosender.server.target import Target

CLOCK = Path(drive.__file__).parent / "clock.sql"
DAY = "2031-05-06"


def set_back(owner: psycopg.Connection) -> None:
    """From here on the database's clock is the setting nosender.clock of each session."""
    owner.execute(CLOCK.read_bytes())


def at(conninfo: str, time: str, day: str = DAY) -> Target:
    """The database for sessions at this time."""
    return Target(make_conninfo(conninfo, options=f"-c TimeZone=UTC -c nosender.clock={day}T{time}:00+00:00"))


def settle(conninfo: str, time: str, day: str = DAY, pace: Pace = FAST) -> SweepReceipt:
    """One sweep at this time."""
    return sweep(at(conninfo, time, day), pace=pace)


def do(conninfo: str, time: str, *statements: str, day: str = DAY) -> None:
    """Calls of an application at this time, a transaction each."""
    with psycopg.connect(at(conninfo, time, day).conninfo, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def person(number: int) -> str:
    """The phone number of one of those that `people` registers."""
    return f"+1555{number:07}"


def people(conninfo: str, count: int, time: str = "00:30", day: str = DAY) -> None:
    """So many people, each with the device of the same number."""
    do(
        conninfo,
        time,
        *(f"select register_user('{person(n)}')" for n in range(1, count + 1)),
        *(f"select register_device({n}, sha256('{n}'), '\\x{n:08x}'::bytea)" for n in range(1, count + 1)),
        day=day,
    )


def send(
    conninfo: str,
    time: str,
    count: int,
    *,
    to: int = 1,
    name: str = "m",
    day: str = DAY,
    size: int = 40,
    expires: str = "null",
) -> None:
    """So many messages, a transaction each; those of a `size` above 2000 are stored out of line."""
    content = (
        f"(select string_agg(sha256(convert_to('{name} ' || n || ' ' || i, 'UTF8')), '')"
        f" from generate_series(1, {size // 32 + 1}) as i)"
    )
    do(  # in one call, for a thousand of them cost seconds
        conninfo,
        time,
        f"""
        do $$
        begin
          for n in 0 .. {count - 1} loop
            perform send_message('{person(to)}', {content}, '{name}' || n, 'text', {expires});
            commit;
          end loop;
        end
        $$
        """,
        day=day,
    )


def groups(owner: psycopg.Connection, table: str, where: str = "true") -> list[int]:
    """How many rows the transactions wrote that wrote any, the larger first."""
    rows = owner.execute(
        f"select count(*) from {table} where {where} group by xmin::text order by 1 desc".encode()
    ).fetchall()
    return [count for (count,) in rows]


def transactions(owner: psycopg.Connection, table: str, where: str = "true") -> set[str]:
    """The transactions that wrote the rows."""
    rows = owner.execute(f"select distinct xmin::text from {table} where {where}".encode()).fetchall()
    return {number for (number,) in rows}


def unsettled(owner: psycopg.Connection, table: str, where: str = "true") -> int:
    """Rows that no settle wrote."""
    row = owner.execute(
        f"select count(*) from {table} as r where {where} and not exists (select from retention_runs as e"
        f" where e.xmin = r.xmin and e.phase = 'settled' and e.table_name = '{table}')".encode()
    ).fetchone()
    assert row is not None
    return int(row[0])


def kept_order(owner: psycopg.Connection, table: str, column: str, true_order: str) -> tuple[float, int]:
    """|r| times the root of n - 1 of a column, or place, with the true order; and of how many rows."""
    rows = owner.execute(
        f"select row_number() over (order by {column}), row_number() over (order by {true_order}) "
        f"from {table} where {column} is not null".encode()
    ).fetchall()
    found = np.array(rows, dtype=np.int64).reshape(-1, 2)
    return order_statistic(found[:, 0], np.zeros(len(found), dtype=np.int64), found[:, 1])
