"""A login with the rights of an auditor and no other: SET ROLE gives no right up for good."""

from __future__ import annotations

import psycopg
from psycopg import errors, sql

LOGIN = "nosender_test_auditor"


def as_auditor(conninfo: str) -> str:
    """The same database, as that login; made at its first use."""
    with psycopg.connect(conninfo, autocommit=True) as admin:
        try:
            admin.execute(
                sql.SQL("create role {} login in role nosender_auditor").format(sql.Identifier(LOGIN))
            )
        except (errors.DuplicateObject, errors.UniqueViolation):
            pass
    return psycopg.conninfo.make_conninfo(conninfo, user=LOGIN)
