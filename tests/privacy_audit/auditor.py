"""A login with the rights of an auditor and no other: SET ROLE gives no right up for good."""

from __future__ import annotations

from contextlib import suppress

import psycopg
from psycopg import errors, sql

LOGIN = "nosender_test_auditor"


def as_auditor(conninfo: str) -> str:
    """The same database, as that login; made at its first use."""
    role = sql.SQL("create role {} login in role nosender_auditor").format(sql.Identifier(LOGIN))
    with (
        psycopg.connect(conninfo, autocommit=True) as admin,
        suppress(errors.DuplicateObject, errors.UniqueViolation),
    ):
        admin.execute(role)
    return psycopg.conninfo.make_conninfo(conninfo, user=LOGIN)
