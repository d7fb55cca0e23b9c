"""Scratch databases: made for one purpose, dropped whatever happens."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from string import ascii_lowercase

from nosender.errors import NosenderError


@contextmanager
def scratch_database(
    conninfo: str, *, template: str = "template0", owner: str | None = None
) -> Iterator[str]:
    """Make a database beside the one that `conninfo` names, yield its conninfo, drop it at the end.

    The role needs CREATEDB. The default template is template0: what an administrator added to
    template1 is no part of a comparison. `owner`: whose it is, where not the role's own.
    """
    import psycopg
    from psycopg import sql
    from psycopg.conninfo import make_conninfo

    from nosender.server.target import Target

    name = _unused()
    identifier = sql.Identifier(name)
    made = sql.SQL("create database {} template {}").format(identifier, sql.Identifier(template))
    if owner is not None:
        made += sql.SQL(" owner {}").format(sql.Identifier(owner))
    with Target(conninfo).connect("nosender scratch", autocommit=True) as admin:
        try:
            admin.execute(made)
        except psycopg.errors.InsufficientPrivilege:
            raise NosenderError(
                "the role may not create a scratch database: grant it CREATEDB, or use --embedded"
            ) from None
    try:
        yield make_conninfo(conninfo, dbname=name)
    finally:
        with Target(conninfo).connect("nosender scratch", autocommit=True) as admin:
            admin.execute(sql.SQL("drop database if exists {} with (force)").format(identifier))


@contextmanager
def plain_owner(conninfo: str, roles: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """A role for somebody else's code on a scratch server: its name, and the conninfo by which it logs in.

    An index's expression is worked out while the index is made, with the rights of whoever makes it. In a
    superuser's it could start programs with the server's account. The role exists on that server alone, may
    make what it likes in its own database, and is a member of `roles`. Where `conninfo` names no superuser
    it stays who it is.
    """
    from psycopg import OperationalError, sql
    from psycopg.conninfo import make_conninfo

    from nosender.server.target import Target

    name, password = _unused(), secrets.token_urlsafe(24)
    role = sql.Identifier(name)
    with Target(conninfo).connect("nosender scratch", autocommit=True) as admin:
        if admin.info.parameter_status("is_superuser") != "on":
            yield admin.info.user, conninfo
            return
        # Before 16 CREATEROLE lets its owner take any right but a superuser's, and so start programs.
        creates = "createrole" if admin.info.server_version >= 160000 else ""
        admin.execute(
            sql.SQL("create role {} login {} password {}").format(
                role, sql.SQL(creates), sql.Literal(password)
            )
        )
    plain = make_conninfo(conninfo, user=name, password=password)
    try:
        with Target(conninfo).connect("nosender scratch", autocommit=True) as admin:
            admin.execute(sql.SQL("alter role {} set statement_timeout to '1min'").format(role))
            for each in roles:
                given = sql.SQL("grant {} to {} with admin option")
                admin.execute(given.format(sql.Identifier(each), role))
        try:
            Target(plain).connect("nosender scratch").close()
        except (OperationalError, NosenderError):
            raise NosenderError(
                "a superuser was named for the scratch server, where what stands in the schema would run "
                "with its rights, and a role without them cannot log in there by a password: name one that "
                "is no superuser and has CREATEDB"
            ) from None
        yield name, plain
    finally:
        with Target(conninfo).connect("nosender scratch", autocommit=True) as admin:
            admin.execute(sql.SQL("drop role {}").format(role))


def _unused() -> str:
    """Letters alone: twelve digits among them would read like a phone number, to whoever audits beside it."""
    return "nosender_scratch_" + "".join(secrets.choice(ascii_lowercase) for _ in range(12))
