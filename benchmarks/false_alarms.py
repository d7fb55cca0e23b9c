"""How often the content probes cry wolf: databases in which all is as it should be, drawn at random.

    python benchmarks/false_alarms.py [--databases 1000] [--rows 100000] [--seed 1]

Identifiers are drawn as UUID version 4, hex, base64, base32, base58 or nanoid,
ciphertexts are padded or not, and there are 10 rows or as many as the greatest number, evenly by
the logarithm. To hold: not one finding.
"""

from __future__ import annotations

import argparse
import base64
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace

import psycopg

from nosender.privacy_audit.check import discover
from nosender.privacy_audit.finding import Finding
from nosender.privacy_audit.runner import ask, read_snapshot
from nosender.privacy_audit.snapshot import probes
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.schema import ddl
from nosender.schema.catalogue import load
from nosender.server.embedded import EmbeddedServer
from nosender.server.scratch import scratch_database

PROBES = (
    "audit_content", "audit_identifiers", "audit_matching_values", "audit_shared_values", "audit_times",
)  # fmt: skip
CHECKS = (
    "contact-in-value", "plaintext", "repeated-ciphertext", "guessable-identifier", "shared-value",
    "matching-value", "fine-time",
)  # fmt: skip
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
NANOID = "useandom-26T198340PX75pxJACKVERYMINDBUSHWOLF_GQZbfghjklqvwyzrict"

Draw = Callable[[random.Random], str]


def _base58(draw: random.Random) -> str:
    number, letters = draw.getrandbits(128), ""
    while number:
        number, rest = divmod(number, 58)
        letters = BASE58[rest] + letters
    return letters.rjust(22, "1")


WAYS: dict[str, Draw] = {
    "uuid": lambda draw: str(uuid.UUID(int=draw.getrandbits(128), version=4)),
    "uuid in capitals": lambda draw: str(uuid.UUID(int=draw.getrandbits(128), version=4)).upper(),
    "hex": lambda draw: draw.randbytes(16).hex(),
    "long hex": lambda draw: draw.randbytes(32).hex(),
    "base64": lambda draw: base64.b64encode(draw.randbytes(16)).decode(),
    "base64 for URLs": lambda draw: base64.urlsafe_b64encode(draw.randbytes(16)).decode().rstrip("="),
    "base32": lambda draw: base64.b32encode(draw.randbytes(16)).decode().rstrip("="),
    "base58": _base58,
    "nanoid": lambda draw: "".join(draw.choices(NANOID, k=21)),
}
"""The ways in which identifiers are drawn."""


def ciphertext(draw: random.Random, padded: bool) -> bytes:
    """As random as it comes, of one of three lengths or of any."""
    return draw.randbytes(draw.choice((96, 256, 1024)) if padded else draw.randint(28, 700))


def fill(connection: psycopg.Connection, draw: random.Random, rows: int) -> str:
    """Everything anew, with that many messages, and how it was drawn."""
    ways = {name: draw.choice(sorted(WAYS)) for name in ("message", "session", "exchange")}
    padded = draw.random() < 0.5
    users = max(3, rows // draw.randint(3, 30))
    numbers = draw.sample(range(10_000_000, 99_999_999), users)
    connection.execute("set session_replication_role = replica")
    connection.execute(
        "truncate users, webauthn_credentials, messages, device_session_keys, message_deliveries,"
        " ephemeral_keys, messaging_public_keys restart identity"
    )

    def copy(columns: str, lines: Iterator[tuple[object, ...]]) -> None:
        with connection.cursor().copy(f"copy {columns} from stdin".encode()) as target:
            for line in lines:
                target.write_row(line)

    def name(of: str) -> str:
        return WAYS[ways[of]](draw)

    phones = [f"+4915{number}" for number in numbers]
    devices = [user for user in range(1, users + 1) for _ in range(draw.choice((1, 1, 2, 3)))]
    copy("users (phone_number)", ((phone,) for phone in phones))
    copy(
        "webauthn_credentials (user_id, credential_id, public_key)",
        ((user, draw.randbytes(draw.choice((16, 20, 32, 64))), draw.randbytes(77)) for user in devices),
    )
    copy(
        "device_session_keys (user_id, webauthn_credential_id, session_key_id, encrypted_session_key,"
        " key_rotation_counter)",
        (
            (user, place + 1, name("session"), draw.randbytes(60), draw.randint(0, 1 << 31))
            for place, user in enumerate(devices)
        ),
    )
    copy(
        "messaging_public_keys (user_id, x25519_public_key, ed25519_signature, ed25519_public_key,"
        " key_version)",
        (
            (user, draw.randbytes(32), draw.randbytes(64), draw.randbytes(32), 1)
            for user in range(1, users + 1)
        ),
    )
    copy(
        "ephemeral_keys (destination_phone, ephemeral_public_key, key_exchange_id, expires_at)",
        (
            (draw.choice(phones), draw.randbytes(32), name("exchange"), "2030-01-01 00:15:00")
            for _ in range(rows // 10)
        ),
    )
    copy(
        "messages (destination_phone, encrypted_content, message_id, message_type)",
        (
            (draw.choice(phones), ciphertext(draw, padded), name("message"), draw.choice(("text", "media")))
            for _ in range(rows)
        ),
    )
    connection.execute("set session_replication_role = origin")
    connection.commit()
    return f"{rows} messages, {users} users, {'padded' if padded else 'not padded'}, {ways}"


def findings(conninfo: str, snapshot: Snapshot) -> list[Finding]:
    """What the checks of content find in what stands there now."""
    checks = [loaded for loaded in discover() if loaded.check.slug in CHECKS]
    with psycopg.connect(conninfo) as connection:
        answers, _ = probes.ask(connection, snapshot, PROBES)
    filled = replace(snapshot, probes=answers)
    found = []
    for loaded in checks:
        result, some = ask(loaded, filled)
        if result.reason is not None:
            raise AssertionError(f"{loaded.check.slug}: {result.reason}")
        found += some
    return found


def drawn(conninfo: str, databases: int, most: int, seed: int) -> Iterator[tuple[str, list[Finding]]]:
    """So many databases, each with what is found in it."""
    with psycopg.connect(conninfo, options="-c TimeZone=UTC") as connection:
        snapshot = read_snapshot(connection, "public", load(), call_probes=False).snapshot
    for number in range(databases):
        draw = random.Random(seed * 1_000_000 + number)  # noqa: S311  # to be drawn again
        rows = round(10 * (most / 10) ** draw.random())
        with psycopg.connect(conninfo, options="-c TimeZone=UTC") as connection:
            words = fill(connection, draw, rows)
        yield words, findings(conninfo, snapshot)


def main() -> None:
    """Print each finding, and how many databases had one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--databases", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    wrong = 0
    with EmbeddedServer() as server, scratch_database(server.conninfo()) as conninfo:
        with psycopg.connect(conninfo) as connection:
            ddl.load(connection, "public")
        for words, found in drawn(conninfo, chosen.databases, chosen.rows, chosen.seed):
            wrong += bool(found)
            for each in found:
                print(f"{words}: {each.check} {each.object}: {each.detail}")
    print(f"{wrong} of {chosen.databases} databases have a finding (to hold: 0)")


if __name__ == "__main__":
    main()
