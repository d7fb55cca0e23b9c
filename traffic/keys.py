"""Real keys and real ciphertext, drawn from a seed instead of chance: the same seed gives the same bytes.

Nothing here is a secret: whoever knows the seed knows every key. That is the point of synthetic data.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = 160
"""Plaintext is padded to multiples of this many bytes, so that a length says little about the text."""

_COSE_ED25519 = bytes.fromhex("a4010103272006215820")
"""The CBOR of a WebAuthn public key up to its 32 bytes: an Ed25519 key (OKP, EdDSA)."""


@dataclass(frozen=True, slots=True)
class Seed:
    """The one source of every byte that looks random."""

    number: int
    """What the user gave as `--seed`."""

    def draw(self, size: int, *path: object) -> bytes:
        """`size` bytes that belong to this seed and this path, and to no other."""
        label = "/".join(["nosender traffic", str(self.number), *map(str, path)])
        return hashlib.shake_256(label.encode()).digest(size)

    def x25519(self, *path: object) -> X25519PrivateKey:
        """The X25519 private key of a path."""
        return X25519PrivateKey.from_private_bytes(self.draw(32, "x25519", *path))

    def ed25519(self, *path: object) -> Ed25519PrivateKey:
        """The Ed25519 private key of a path."""
        return Ed25519PrivateKey.from_private_bytes(self.draw(32, "ed25519", *path))


def credential(seed: Seed, *device: object) -> tuple[bytes, bytes]:
    """A device's WebAuthn credential: its id (32 bytes) and its public key as COSE (42 bytes)."""
    key = seed.ed25519("credential", *device).public_key()
    return seed.draw(32, "credential", *device), _COSE_ED25519 + key.public_bytes_raw()


def signed_public_keys(seed: Seed, person: int, count: int) -> Iterator[tuple[bytes, bytes, bytes]]:
    """A person's messaging keys, oldest first: X25519 key, Ed25519 signature of it, identity key."""
    identity = seed.ed25519("identity", person)
    identity_key = identity.public_key().public_bytes_raw()
    for version in range(count):
        key = seed.x25519("messaging", person, version).public_key().public_bytes_raw()
        yield key, identity.sign(key), identity_key


def session_key(seed: Seed, person: int, generation: int) -> bytes:
    """The key (32 bytes) that a peer's ephemeral key and the person's messaging key agree on."""
    ephemeral = seed.x25519("exchange", person, generation)
    messaging_key = seed.x25519("messaging", person, generation).public_key()
    return _agree(ephemeral, messaging_key, b"session")


def seal_for_device(seed: Seed, key: bytes, person: int, device: int, generation: int) -> bytes:
    """A session key that one device alone opens: ephemeral key (32), nonce (12), key and tag (48 bytes)."""
    ephemeral = seed.x25519("seal", person, generation)
    device_key = seed.x25519("device", person, device).public_key()
    nonce = seed.draw(12, "seal", person, device, generation)
    sealed = AESGCM(_agree(ephemeral, device_key, b"device")).encrypt(nonce, key, None)
    return ephemeral.public_key().public_bytes_raw() + nonce + sealed


def open_on_device(seed: Seed, sealed: bytes, person: int, device: int) -> bytes:
    """What a device does: the session key out of `seal_for_device`; InvalidTag if it was not for this one."""
    ephemeral = X25519PublicKey.from_public_bytes(sealed[:32])
    key = _agree(seed.x25519("device", person, device), ephemeral, b"device")
    return AESGCM(key).decrypt(sealed[32:44], sealed[44:], None)


def encrypt(key: bytes, nonce: bytes, padded: bytes) -> bytes:
    """A message as it is stored: nonce (12), ciphertext, tag (16 bytes)."""
    return nonce + AESGCM(key).encrypt(nonce, padded, None)


def decrypt(key: bytes, content: bytes) -> bytes:
    """The padded plaintext of a stored message; InvalidTag if the key is another."""
    return AESGCM(key).decrypt(content[:12], content[12:], None)


def pad(text: str) -> bytes:
    """The text's UTF-8, a 0x80 and zeros up to a whole number of blocks."""
    plain = text.encode() + b"\x80"
    return plain.ljust(-(-len(plain) // _BLOCK) * _BLOCK, b"\0")


def unpad(padded: bytes) -> str:
    """The text that `pad` was given."""
    return padded.rstrip(b"\0")[:-1].decode()


def _agree(own: X25519PrivateKey, theirs: X25519PublicKey, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"nosender " + purpose).derive(own.exchange(theirs))
