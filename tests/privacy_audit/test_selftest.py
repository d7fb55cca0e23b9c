"""`audit selftest` finds what it plants, and says so when it does not."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace

from nosender.privacy_audit.check import Answer
from nosender.privacy_audit.runner import chosen
from nosender.privacy_audit.selftest import trials

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]


def test_it_finds_what_it_plants(run_nosender: RunNosender) -> None:
    answer = run_nosender("audit", "selftest", "--check", "undeclared-column", "--check", "plaintext")
    assert answer.returncode == 0, answer.stderr
    assert (
        "found   undeclared-column  public.message_deliveries.via, public.messages.sender_phone"
        in answer.stdout
    )
    assert answer.stderr.strip() == "2 of 2 leaks found"


def test_a_check_that_cannot_fail_is_missed() -> None:
    (loaded,) = chosen(["undeclared-column"])
    blind = replace(loaded, look=lambda _: Answer(0, ()))
    (trial,) = trials([blind])
    assert not trial.passed


def test_a_database_that_it_would_not_use_is_refused(run_nosender: RunNosender) -> None:
    answer = run_nosender("--url", "postgresql://nowhere/x", "audit", "selftest")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "a PostgreSQL of its own" in answer.stderr
