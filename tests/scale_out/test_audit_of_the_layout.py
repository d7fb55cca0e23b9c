"""`audit run` and `catalogue check` hold a database in the layout against that, and see what is planted."""

from __future__ import annotations

from nosender.privacy_audit import runner
from nosender.privacy_audit.finding import Severity
from nosender.server.target import Target

from ..citus.stand_in import run
from ..conftest import RunNosender
from .test_later_revisions import laid_out

__all__ = ["laid_out"]

PLANTED = {
    ("undeclared-column", "public.messages.sender_phone"),
    ("function-differs", "public.new_delivery_id()"),
    ("missing-constraint", "public.webauthn_credentials.webauthn_credentials_id_is_active_key"),
    ("missing-foreign-key", "public.message_deliveries.webauthn_credential_id.destination_phone"),
}


def found(conninfo: str) -> set[tuple[str, str]]:
    """What an audit finds of how the database is made; its rows are another test's."""
    audit = runner.run(Target(conninfo))
    of_rows = {"unsettled-row", "overdue-row", "undeclared-extension", "surviving-canary"}
    return {
        (each.check, each.object)
        for each in audit.findings
        if each.severity is not Severity.LOW and each.check not in of_rows
    }


def test_what_the_layout_adds_is_declared(laid_out: str, run_nosender: RunNosender) -> None:
    assert found(laid_out) == set()
    answer = run_nosender("--url", laid_out, "catalogue", "check")
    assert answer.returncode == 0, answer.stdout
    run(
        laid_out,
        "alter table public.messages add column sender_phone varchar(20)",
        "alter table public.message_deliveries "
        "drop constraint message_deliveries_webauthn_credential_id_fkey",
        "alter table public.webauthn_credentials drop constraint webauthn_credentials_id_is_active_key",
        "create or replace function public.new_delivery_id() returns bigint "
        "language sql as 'select 1::bigint'",
    )
    assert found(laid_out) >= PLANTED
    assert run_nosender("--url", laid_out, "catalogue", "check").returncode == 1
