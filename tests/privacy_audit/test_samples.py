"""What the probes read: how much they say they read, what that finds, and how many pages it costs."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from nosender.privacy_audit.snapshot.samples import Sample
from nosender.schema import ddl
from nosender.server.embedded import EmbeddedServer

from ..conftest import ROOT, clone

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]

_spec = importlib.util.spec_from_file_location("benchmark_audit", ROOT / "benchmarks" / "audit.py")
assert _spec is not None
assert _spec.loader is not None
benchmark: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(benchmark)


@pytest.fixture(scope="module")
def large(server: EmbeddedServer) -> Iterator[str]:
    """Every table far above what a probe reads whole, ciphertexts outside their rows among them."""
    with clone(server) as conninfo:
        with psycopg.connect(conninfo, options="-c TimeZone=UTC") as connection:
            ddl.load(connection, "public")
        benchmark.grow(conninfo, 1, 40_000)
        yield conninfo


@pytest.mark.parametrize("probe", benchmark.PROBES)
def test_a_probe_reads_at_most_120_pages_of_a_column(large: str, probe: str) -> None:
    assert benchmark.pages(large, probe) <= benchmark.bound(probe)


def test_what_was_read_is_said_with_what_it_finds(large: str, run_nosender: RunNosender) -> None:
    answer = run_nosender("--url", large, "audit", "run", "--format", "json")
    report = json.loads(answer.stdout)
    read = {check["check"]: {each["object"]: each for each in check["samples"]} for check in report["checks"]}
    content = read["plaintext"]["public.messages.encrypted_content"]
    assert not content["whole"]
    assert 100 < content["examined"] < 10_000
    assert content["finds"] == pytest.approx(1 - 0.05 ** (1 / content["examined"]), rel=0.1)
    deliveries = read["delivery-to-stranger"]["public.message_deliveries.webauthn_credential_id"]
    assert 300 <= deliveries["examined"] <= 1_500
    assert not deliveries["whole"]
    assert deliveries["finds"] <= 0.01
    assert read["matching-value"]["other.calls.number"]["examined"] == 300
    probing = {"plaintext", "repeated-ciphertext", "guessable-identifier", "distinguishing-size"}
    probing |= {"unverified-signature", "contact-in-value", "fine-time", "shared-value", "matching-value"}
    probing |= {"delivery-to-stranger", "session-key-of-stranger", "same-transaction", "unsettled-row"}
    probing |= {"sequence-id", "unusual-lifetime"}
    assert {slug for slug, samples in read.items() if samples} == probing


def test_of_small_tables_all_is_read(migrated: str, run_nosender: RunNosender) -> None:
    filled = run_nosender("--url", migrated, "traffic", "fill", "--users", "30", "--messages", "300")
    assert filled.returncode == 0, filled.stderr
    for form in ("json", "text", "markdown", "html"):
        answer = run_nosender("--url", migrated, "audit", "run", "--format", form)
        if form == "json":
            checks = {check["check"]: check["samples"] for check in json.loads(answer.stdout)["checks"]}
            samples = [each for read in checks.values() for each in read]
            assert len(samples) > 20
            assert [each for each in samples if not (each["whole"] and each["finds"] == 0)] == []
        else:
            assert "all rows of " in answer.stdout, form


@pytest.mark.parametrize(
    ("examined", "whole", "finds"),
    [
        (10_000, False, 0.0003),
        (300, False, 0.01),
        (24, False, 0.12),
        (1, False, 0.95),
        (0, False, None),
        (3, True, 0.0),
    ],
)
def test_the_share_that_a_sample_finds(examined: int, whole: bool, finds: float | None) -> None:
    sample = Sample("public.messages.odd", examined, whole)
    assert sample.finds == finds
    if finds and examined > 1:  # not less than what 95 % need, and not much more
        assert (1 - finds) ** examined <= 0.05 < (1 - finds * 0.9) ** examined


def test_an_audit_takes_at_most_twenty_one_statements_whatever_the_size(migrated: str) -> None:
    alone = benchmark.statements(migrated)
    benchmark.fill(migrated, 200)
    benchmark.grow(migrated, 1, 200)
    assert len(benchmark.collect(migrated).snapshot.live.relations) > 200
    assert 10 < alone == benchmark.statements(migrated) <= 21
