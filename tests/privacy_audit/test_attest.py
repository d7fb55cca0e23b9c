"""Signed reports: what holds, what does not, and that another implementation agrees."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from nosender.errors import NosenderError, UsageError
from nosender.privacy_audit.evidence import attest

REPORT = json.dumps(
    {
        "format": "nosender.audit/1",
        "verdict": "pass",
        "run": {"id": "1", "finished": "2026-03-01T12:00:00Z", "ledger": {"length": 9, "head": "ab" * 32}},
        "target": {"database": "mail", "fingerprint": "sha256:00"},
        "claims": [],
        "checks": [],
        "findings": [],
    }
).encode()

OPERATOR = Ed25519PrivateKey.from_private_bytes(b"operator" * 4)
REVIEWER = Ed25519PrivateKey.from_private_bytes(b"reviewer" * 4)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"stranger" * 4)


def signed(*keys: Ed25519PrivateKey, report: bytes = REPORT) -> bytes:
    return attest.sign(report, "report.json", list(keys))


def check(report: bytes, envelope: bytes, *keys: Ed25519PrivateKey) -> attest.Verified | str:
    return attest.verify(report, envelope, "report.json", [key.public_key() for key in keys])


def test_a_signed_report_verifies_and_says_what_was_signed() -> None:
    verified = check(REPORT, signed(OPERATOR), OPERATOR)
    assert isinstance(verified, attest.Verified)
    assert verified.signers == (attest.key_id(OPERATOR.public_key()),)
    assert verified.predicate["ledger"] == {"length": 9, "head": "ab" * 32}
    assert verified.predicate["database"]["fingerprint"] == "sha256:00"
    assert verified.strangers == 0


def test_a_reviewer_signs_off_beside_the_operator() -> None:
    envelope = attest.sign(REPORT, "report.json", [REVIEWER], signed(OPERATOR))
    both = check(REPORT, envelope, OPERATOR, REVIEWER)
    assert isinstance(both, attest.Verified)
    assert len(both.signers) == 2
    one = check(REPORT, envelope, REVIEWER)
    assert isinstance(one, attest.Verified)
    assert one.strangers == 1
    assert attest.sign(REPORT, "report.json", [REVIEWER], envelope) == envelope


def test_every_key_that_is_named_must_have_signed() -> None:
    answer = check(REPORT, signed(OPERATOR), OPERATOR, REVIEWER)
    assert isinstance(answer, str)
    assert "is not signed by the key" in answer


def test_a_stranger_is_not_believed_even_under_a_trusted_id() -> None:
    assert isinstance(check(REPORT, signed(STRANGER), OPERATOR), str)
    forged = json.loads(signed(STRANGER))
    forged["signatures"][0]["keyid"] = attest.key_id(OPERATOR.public_key())
    answer = check(REPORT, json.dumps(forged).encode(), OPERATOR)
    assert isinstance(answer, str)
    assert "does not hold" in answer


@pytest.mark.parametrize(
    "change", [(b'"pass"', b'"fail"'), (b'"length": 9', b'"length": 8'), (b": []}", b":  []}")]
)
def test_an_altered_report_is_found(change: tuple[bytes, bytes]) -> None:
    assert check(REPORT.replace(*change), signed(OPERATOR), OPERATOR) == (
        "report.json was altered after it was signed"
    )


def test_an_altered_statement_is_found() -> None:
    envelope = json.loads(signed(OPERATOR))
    payload = base64.b64decode(envelope["payload"]).replace(b'"pass"', b'"fail"')
    envelope["payload"] = base64.b64encode(payload).decode()
    answer = check(REPORT, json.dumps(envelope).encode(), OPERATOR)
    assert isinstance(answer, str)
    assert "does not hold" in answer


def test_signatures_of_another_report_are_not_added_to() -> None:
    with pytest.raises(NosenderError, match="of another report"):
        attest.sign(REPORT + b" ", "report.json", [REVIEWER], signed(OPERATOR))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (REPORT[:-30], "is cut off"),
        (REPORT.replace(b"audit/1", b"audit/2"), "newer than this program"),
        (b"[]", "is not a report"),
        (b"{}", "is not a report"),
        (b'{"format": "nosender.audit/1"}', "is not a report"),
        (b"", "is not a report"),
        (b"\xff\xfe", "is not a report"),
        (b"[" * 100_000, "is not a report"),
        (b"%PDF-1.7", "is not a report"),
    ],
)
def test_what_is_no_report_is_said_in_one_sentence(content: bytes, sentence: str) -> None:
    for act in (
        lambda: attest.sign(content, "r.json", [OPERATOR]),
        lambda: attest.verify(content, signed(OPERATOR), "r.json", [OPERATOR.public_key()]),
    ):
        with pytest.raises(UsageError, match=sentence) as raised:
            act()
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b'{"signatures": 3}', b"\xff"])
def test_what_is_no_envelope_is_said(content: bytes) -> None:
    with pytest.raises(UsageError, match="no signed statement"):
        check(REPORT, content, OPERATOR)


def test_another_implementation_verifies_ours_and_finds_the_change() -> None:
    envelope = Envelope.from_dict(json.loads(signed(OPERATOR, REVIEWER)))
    keys = []
    for one in (OPERATOR, REVIEWER):
        public = one.public_key()
        value = public.public_bytes_raw().hex()
        keys.append(SSlibKey(attest.key_id(public), "ed25519", "ed25519", {"public": value}))
    assert len(envelope.verify(keys, threshold=2)) == 2
    envelope.payload += b" "
    with pytest.raises(VerificationError):
        envelope.verify(keys, threshold=1)


def test_what_0_1_0_signed_still_verifies() -> None:
    """By our code, and by nothing but the standard's sentence about what is signed."""
    folder = Path(__file__).with_name("signed_by_0_1_0")
    report, envelope = (folder / "report.json").read_bytes(), (folder / "report.json.dsse").read_bytes()
    keys = [attest.load_public_key(folder / f"{name}.pub") for name in ("operator", "reviewer")]
    verified = attest.verify(report, envelope, "report.json", keys)
    assert isinstance(verified, attest.Verified)
    assert (len(verified.signers), verified.strangers) == (2, 0)
    assert verified.predicate["verdict"] == "fail"
    assert attest.verify(report + b" ", envelope, "report.json", keys) == (
        "report.json was altered after it was signed"
    )
    parsed = json.loads(envelope)
    payload = base64.b64decode(parsed["payload"])
    said = b" ".join((b"DSSEv1", b"28", b"application/vnd.in-toto+json", b"%d" % len(payload), payload))
    for key, signature in zip(keys, parsed["signatures"], strict=True):
        key.verify(base64.b64decode(signature["sig"]), said)
    (subject,) = json.loads(payload)["subject"]
    assert subject["digest"] == {"sha256": hashlib.sha256(report).hexdigest()}


def test_a_key_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    former = os.umask(0)
    try:
        id_ = attest.make_key(tmp_path / "operator")
    finally:
        os.umask(former)
    assert stat.S_IMODE((tmp_path / "operator").stat().st_mode) == 0o600
    key = attest.load_private_key(tmp_path / "operator")
    assert (
        id_
        == attest.key_id(key.public_key())
        == attest.key_id(attest.load_public_key(tmp_path / "operator.pub"))
    )


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    for existing in ("one", "two.pub"):
        (tmp_path / existing).write_text("precious")
        with pytest.raises(UsageError, match="exists already"):
            attest.make_key(tmp_path / existing.removesuffix(".pub"))
        assert (tmp_path / existing).read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two.pub"]


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    attest.make_key(tmp_path / "key")
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        attest.load_private_key(tmp_path / "key")


def test_who_signs_with_the_public_key_is_told_the_other(tmp_path: Path) -> None:
    attest.make_key(tmp_path / "key")
    with pytest.raises(UsageError, match="is a public key: sign with"):
        attest.load_private_key(tmp_path / "key.pub")


def test_what_is_no_key_is_said(tmp_path: Path) -> None:
    attest.make_key(tmp_path / "key")
    for load, path in (
        (attest.load_public_key, tmp_path / "key"),
        (attest.load_private_key, tmp_path / "missing"),
        (attest.load_public_key, tmp_path / "missing"),
    ):
        with pytest.raises(UsageError) as raised:
            load(path)
        assert str(path) in str(raised.value)
        assert "PRIVATE" not in str(raised.value)
