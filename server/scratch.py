"""Scratch databases: made for one purpose, dropped whatever happens."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from string import ascii_lowercase

from nosender.errors import NosenderError


@contextmanager
def scratch_database(conninfo: str, *, template: str = "template0") -> Iterator[str]:
    """Make a database beside the one that `conninfo` names, yield its conninfo, drop it at the end.

    The role needs CREATEDB. The default template is template0: what an administrator added to
    template1 is no part of a comparison.
    """
    import psycopg
    from psycopg import sql
    from psycopg.conninfo import make_conninfo

    from nosender.server.target import Target

    # Letters alone: twelve digits among them would read like a phone number, to whoever audits beside it.
    name = "nosender_scratch_" + "".join(secrets.choice(ascii_lowercase) for _ in range(12))
    identifier = sql.Identifier(name)
    with Target(conninfo).connect("nosender scratch", autocommit=True) as admin:
        try:
            admin.execute(
                sql.SQL("create database {} template {}").format(identifier, sql.Identifier(template))
            )
        except psycopg.errors.InsufficientPrivilege:
            raise NosenderError(
                "the role may not create a scratch database: grant it CREATEDB, or use --embedded"
            ) from None
    try:
        yield make_conninfo(conninfo, dbname=name)
    finally:
        with Target(conninfo).connect("nosender scratch", autocommit=True) as admin:
            admin.execute(sql.SQL("drop database if exists {} with (force)").format(identifier))
