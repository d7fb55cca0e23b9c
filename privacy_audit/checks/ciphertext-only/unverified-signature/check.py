"""Published keys whose Ed25519 signature does not verify.

Whoever can put a key of their own in the place of another's reads what is encrypted to it. The database
checks lengths; this verifies, with the keys and signatures that the one declared exception gives out: public
by nature, without owner, up to a thousand in random order.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.completeness import columns_of, passed_over
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.samples import samples
from nosender.privacy_audit.snapshot.snapshot import Snapshot


def raw(value: object) -> bytes:
    """The bytes of a bytea as PostgreSQL writes it into JSON."""
    return bytes.fromhex(str(value).removeprefix("\\x"))


GIVEN_OUT = (("messaging_public_keys", "ed25519_signature"),)
"""Whose rows the probe gives out: they do not say."""

CHECK = Check(
    slug="unverified-signature",
    title="Every published key carries a signature that verifies.",
    claim=Claim.CIPHERTEXT_ONLY,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Delete the key and have its owner publish again; find out who could write it.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Verifies what the probe gives out."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    rows = snapshot.probe("audit_public_keys")
    wrong = 0
    for row in rows:
        try:
            identity = Ed25519PublicKey.from_public_bytes(raw(row["ed25519_public_key"]))
            identity.verify(raw(row["ed25519_signature"]), raw(row["x25519_public_key"]))
        except (InvalidSignature, ValueError):
            wrong += 1
    found: tuple[Found, ...] = ()
    if wrong:
        found = (
            Found(
                dotted(snapshot.schema, "messaging_public_keys", "ed25519_signature"),
                "column",
                f"{wrong} of {len(rows)} signatures looked at do not verify.",
                {"wrong": wrong, "examined": len(rows)},
            ),
        )
    read = {"examined": len(rows), "whole": all(row["whole"] for row in rows)}
    return Answer(
        len(rows),
        found,
        passed_over("audit_public_keys", columns_of(snapshot.catalogue, "signature"), GIVEN_OUT),
        samples(snapshot.schema, [read], "messaging_public_keys", "ed25519_signature"),
    )
