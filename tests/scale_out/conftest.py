"""A database in the layout for Citus, its tables in parts of plain PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import psycopg
import pytest
from psycopg import sql

from nosender.scale_out import stand_in
from nosender.schema import ddl
from nosender.server.embedded import EmbeddedServer

from ..conftest import clone

TEMPLATE = "nosender_in_parts"


@cache
def template(server: EmbeddedServer) -> str:
    with psycopg.connect(server.conninfo(), autocommit=True) as admin:
        admin.execute(sql.SQL("create database {} template template0").format(sql.Identifier(TEMPLATE)))
    with psycopg.connect(server.conninfo(TEMPLATE), options="-c TimeZone=UTC") as connection:
        ddl.load(connection, "public")
        stand_in.make(connection, "public")
    return TEMPLATE


@pytest.fixture
def in_parts(server: EmbeddedServer) -> Iterator[str]:
    """The layout, empty; made once and cloned."""
    with clone(server, template(server)) as conninfo:
        yield conninfo
