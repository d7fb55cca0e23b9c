"""The application's side of the message flow: a session that may call functions and touch no table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

KEY, OTHER_KEY = b"x" * 32, b"y" * 32
SIGNATURE, IDENTITY = b"s" * 64, b"i" * 32
CIPHERTEXT = b"c" * 40
SEALED = b"w" * 60


class App:
    """Calls the functions by name, each in a transaction of its own."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def rows(self, function: str, *values: Any, **named: Any) -> list[tuple[Any, ...]]:
        """All rows of one call."""
        arguments = [sql.Placeholder()] * len(values) + [
            sql.SQL("{} => {}").format(sql.Identifier(name), sql.Placeholder()) for name in named
        ]
        query = sql.SQL("select * from {}({})").format(
            sql.Identifier("public", function), sql.SQL(", ").join(arguments)
        )
        return self.connection.execute(query, [*values, *named.values()]).fetchall()

    def call(self, function: str, *values: Any, **named: Any) -> Any:
        """The one value that a call returns."""
        [(value,)] = self.rows(function, *values, **named)
        return value

    def user(self, phone: str, devices: int = 1) -> tuple[int, list[int]]:
        """Register somebody with devices; the numbers of both."""
        owner = self.call("register_user", phone)
        seed = f"{phone}/".encode()
        return owner, [
            self.call("register_device", owner, seed + bytes([number]) * 16, b"device key")
            for number in range(devices)
        ]

    def send(self, phone: str, message: str, content: bytes = CIPHERTEXT, **named: Any) -> bool:
        """Send one message."""
        return bool(self.call("send_message", phone, content, message, **named))

    def waiting(self, device: int, page: int = 100) -> list[str]:
        """The message ids that wait for a device, in order."""
        return [row[1] for row in self.rows("fetch_messages", device, page)]


@contextmanager
def app(conninfo: str) -> Iterator[App]:
    """An application that is careless about its session: another time zone, a search_path of its own."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("set role nosender_app")
        connection.execute("set time zone 'Asia/Tokyo'")
        connection.execute("set search_path to pg_temp")
        yield App(connection)
