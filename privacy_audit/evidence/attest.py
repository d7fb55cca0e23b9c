"""Signed reports: an in-toto statement about a report in a DSSE envelope, signed with Ed25519 key files.

Everything works offline and any DSSE implementation verifies it. The statement names the report by its
digest and repeats what a later audit is held against: the database's fingerprint, and the head and length
of the retention ledger. Several people may sign: the operator who ran the audit, a reviewer who signs off.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from nosender.errors import NosenderError, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:nosender:audit-report:1"
REPORT_FORMAT = "nosender.audit/1"


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verified report says, and who signed it."""

    report: dict[str, Any]
    """The report itself, parsed."""
    predicate: dict[str, Any]
    """What was signed beside the digest: run, verdict, database, ledger."""
    signers: tuple[str, ...]
    """The ids of the trusted keys whose signatures hold, in the order they were given."""
    others: Mapping[str, str]
    """SHA-256, in hexadecimal, of the files of the same run in other formats, by the name of the file."""
    strangers: int
    """Further signatures by keys that were not given; nothing is known about them."""


def make_key(path: Path) -> str:
    """Write a new private key (mode 0600) to `path` and its public key to `path`.pub; return its id.

    Nothing is overwritten, and no part of the private key is returned or printed.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    public_path = path.with_name(path.name + ".pub")
    if public_path.exists():
        raise UsageError(f"{public_path} exists already: keys are never overwritten, choose another name")
    made: list[Path] = []
    try:
        for place, content, mode in ((path, private, 0o600), (public_path, public, 0o644)):
            with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                made.append(place)
                file.write(content)
    except FileExistsError:
        raise UsageError(f"{path} exists already: keys are never overwritten, choose another name") from None
    except OSError as error:
        for place in made:  # an empty one would be in the way of the next
            place.unlink(missing_ok=True)
        raise UsageError(f"the key cannot be written to {path}: {error.strerror}") from None
    return key_id(key.public_key())


def key_id(key: Ed25519PublicKey) -> str:
    """The SHA-256 of the key's DER form, in hexadecimal: what a signer reads out over the telephone."""
    from cryptography.hazmat.primitives import serialization

    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def load_private_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key; refuses one that others may read, as ssh does."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        text = path.read_bytes()
        if text.startswith(b"-----BEGIN PUBLIC KEY"):
            raise UsageError(f"{path} is a public key: sign with the file beside it that has no .pub")
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise UsageError(f"the key {path} is readable by others: run chmod 600 {path}")
        key = load_pem_private_key(text, password=None)
    except OSError as error:
        raise UsageError(f"the key {path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UsageError(f"{path} is not a private key without a password, as `evidence key` makes") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path} is not an Ed25519 key: make one with `nosender evidence key`")
    return key


def load_public_key(path: Path) -> Ed25519PublicKey:
    """Read a public key."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise UsageError(f"the key {path} cannot be read: {error.strerror}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError(f"{path} is not a public key: verify with the file that ends in .pub") from None
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(f"{path} is not an Ed25519 key: make one with `nosender evidence key`")
    return key


def envelope_path(report: Path) -> Path:
    """Where the signatures of a report lie: beside it."""
    return report.with_name(report.name + ".dsse")


def parse_report(content: bytes, name: str) -> dict[str, Any]:
    """The report in these bytes; UsageError says whether it is cut off, of a newer format, or no report."""
    try:
        report = json.loads(content)
    except RecursionError:
        raise UsageError(f"{name} is not a report: it is nested too deeply") from None
    except ValueError as error:
        cut = content.lstrip()[:1] == b"{" and not content.rstrip().endswith(b"}")
        problem = "is cut off: it ends before the report does" if cut else f"is not a report: {_short(error)}"
        raise UsageError(f"{name} {problem}") from None
    format_ = report.get("format") if isinstance(report, dict) else None
    if format_ == REPORT_FORMAT and _is_whole(report):
        return dict(report)
    family, _, version = format_.partition("/") if isinstance(format_, str) else ("", "", "")
    if family == "nosender.audit" and version.isdigit() and int(version) > 1:
        raise UsageError(
            f"{name} has format {family}/{version[:9]}, which is newer than this program: upgrade nosender"
        )
    raise UsageError(f"{name} is not a report of `nosender audit run --format json`")


def sign(
    report: bytes,
    name: str,
    keys: list[Ed25519PrivateKey],
    envelope: bytes | None = None,
    others: Mapping[str, bytes] = MappingProxyType({}),
) -> bytes:
    """The envelope of a report with these signatures, added to those of an envelope that is there already.

    `name` is the report's file name, which the statement records, and `others` are files of the same run in
    other formats by theirs: their digests are signed with the report. UsageError when `report` is no report,
    NosenderError when the envelope is of another report.
    """
    parsed = parse_report(report, name)
    if said := contradiction(parsed):
        raise UsageError(f"{name} contradicts itself and is not signed: {said}")
    payload = _statement(parsed, {name: report, **others})
    signatures: list[dict[str, str]] = []
    if envelope is not None:
        former, signatures = _parse_envelope(envelope, name)
        if _digest_of(former) != hashlib.sha256(report).hexdigest():
            raise NosenderError(
                f"the signatures beside {name} are of another report: move them away, then sign this one"
            )
        payload = former
    for key in keys:
        id_ = key_id(key.public_key())
        signature = base64.b64encode(key.sign(_pae(payload))).decode()
        signatures = [one for one in signatures if one["keyid"] != id_]
        signatures.append({"keyid": id_, "sig": signature})
    return _json(
        {
            "payloadType": PAYLOAD_TYPE,
            "payload": base64.b64encode(payload).decode(),
            "signatures": signatures,
        }
    )


def verify(report: bytes, envelope: bytes, name: str, trusted: list[Ed25519PublicKey]) -> Verified | str:
    """What was signed, when every trusted key signed exactly these bytes; else one sentence why not.

    UsageError when one of the two is not what it should be at all.
    """
    parsed = parse_report(report, name)
    payload, signatures = _parse_envelope(envelope, name)
    ids = [key_id(key) for key in trusted]
    for key, id_ in zip(trusted, ids, strict=True):
        # A key id in an envelope is a hint that anybody may write: what counts is which signature holds.
        if any(_holds(key, one["sig"], payload) for one in signatures):
            continue
        if any(one["keyid"] == id_ for one in signatures):
            return (
                f"the signature of the key {id_[:16]}… does not hold: the statement about {name} was altered"
            )
        others = ", ".join(f"{_printable(one['keyid'])[:16]}…" for one in signatures[:5]) or "nobody"
        return f"{name} is not signed by the key {id_[:16]}…; it is signed by {others}"
    if _digest_of(payload) != hashlib.sha256(report).hexdigest():
        return f"{name} was altered after it was signed"
    statement = json.loads(payload)
    predicate, subjects = statement["predicate"], statement["subject"][1:]
    if predicate != _predicate(parsed):
        return f"the statement about {name} says something else than the report"
    strangers = sum(not any(_holds(key, one["sig"], payload) for key in trusted) for one in signatures)
    beside = {str(one["name"]): str(one["digest"]["sha256"]) for one in subjects}
    return Verified(parsed, predicate, tuple(ids), beside, strangers)


def _statement(report: dict[str, Any], files: Mapping[str, bytes]) -> bytes:
    """The first of the files is the report itself."""
    return _json(
        {
            "_type": STATEMENT_TYPE,
            "subject": [
                {"name": name, "digest": {"sha256": hashlib.sha256(content).hexdigest()}}
                for name, content in files.items()
            ],
            "predicateType": PREDICATE_TYPE,
            "predicate": _predicate(report),
        }
    )


def _predicate(report: dict[str, Any]) -> dict[str, Any]:
    """What is signed in clear beside the digest, all of it from the report."""
    run = report["run"]
    since = {key: run[key] for key in ("command", "decided") if "decided" in run and key in run}
    return (
        since
        | {
            "verdict": report["verdict"],
            "run": {key: run.get(key) for key in ("id", "started", "finished", "tool")},
            "database": dict(report["target"]),
            "ledger": run.get("ledger"),
        }
        | ({"trust": report["trust"]} if "trust" in report else {})
    )


def contradiction(report: dict[str, Any]) -> str | None:
    """How the verdict of a report differs from what its own parts say; None where it does not."""
    try:
        return _contradiction(report)
    except (AttributeError, KeyError, TypeError, ValueError):
        return "its parts are not what a report is made of"


def _contradiction(report: dict[str, Any]) -> str | None:
    levels = ("critical", "high", "medium", "low")
    level = report.get("fail_on", "medium")
    decides = [
        one
        for one in report["findings"]
        if one.get("severity") in levels[: levels.index(level) + 1]
        and one.get("confidence") != "hint"
        and not one.get("waived")
    ]
    blind = [
        one
        for one in report["checks"]
        if not one.get("accepted")
        and (one.get("outcome") in ("not-tested", "error") or one.get("reason") is not None)
    ]
    decided = report["run"].get("decided", {})
    trust = report.get("trust", {})
    left = [
        *decided.get("checks_left_out", ()),
        *decided.get("schemas_unaccounted", ()),
        *decided.get("nodes_unseen", ()),
        *trust.get("undeclared", ()),
        *(["expires"] if trust.get("expired") else []),
    ]
    verdict = report["verdict"]
    if (verdict == "fail") != bool(decides):
        return f"the verdict is {verdict}, and {len(decides)} of its findings decide"
    if verdict == "pass" and (blind or left):
        return (
            f"the verdict is pass, {len(blind)} checks could not look, and {len(left)} things were left out"
        )
    failed = {one.get("check") for one in decides}
    for claim in report["claims"]:
        broken = bool(failed & set(claim.get("checks", ())))
        if (claim.get("verdict") == "fail") != broken or (left and claim.get("verdict") == verdict == "pass"):
            return f"the claim {claim.get('id')} is {claim.get('verdict')}, and its findings say otherwise"
    return None


def _is_whole(report: dict[str, Any]) -> bool:
    shape = {"verdict": str, "run": dict, "target": dict, "claims": list, "checks": list, "findings": list}
    return all(isinstance(report.get(key), kind) for key, kind in shape.items())


def _parse_envelope(envelope: bytes, name: str) -> tuple[bytes, list[dict[str, str]]]:
    """The payload and the signatures; UsageError when it is no envelope of ours."""
    try:
        parsed = json.loads(envelope)
        signatures = [{"keyid": str(one["keyid"]), "sig": str(one["sig"])} for one in parsed["signatures"]]
        payload = base64.b64decode(parsed["payload"], validate=True)
        ours = parsed["payloadType"] == PAYLOAD_TYPE and _digest_of(payload) is not None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        ours = False
    if not ours:
        raise UsageError(f"the signatures beside {name} are no signed statement about a report")
    return payload, signatures


def _holds(key: Ed25519PublicKey, signature: str, payload: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(base64.b64decode(signature, validate=True), _pae(payload))
    except (InvalidSignature, ValueError):
        return False
    return True


def _digest_of(payload: bytes) -> str | None:
    """The report's digest in a statement; None if it is another kind of statement."""
    try:
        statement = json.loads(payload)
        if statement["_type"] != STATEMENT_TYPE or statement["predicateType"] != PREDICATE_TYPE:
            return None
        return str(statement["subject"][0]["digest"]["sha256"])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return None


def _pae(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: lengths and all, so that no two messages read the same."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, indent=1, ensure_ascii=True).encode() + b"\n"


def _short(error: ValueError) -> str:
    return (
        f"line {error.lineno} does not parse"
        if isinstance(error, json.JSONDecodeError)
        else "it is not UTF-8"
    )


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
