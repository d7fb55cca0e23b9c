"""Which catalogue a verdict was asked of: the digest of its files, and whether it is the shipped one."""

from __future__ import annotations

import hashlib
from pathlib import Path

SHIPPED = Path(__file__).parent


def digest(folder: Path | None = None) -> str:
    """`sha256:` of the names and texts of all TOML files of a catalogue; None is the shipped one."""
    root = folder if folder is not None else SHIPPED
    whole = hashlib.sha256()
    for path in sorted(root.rglob("*.toml"), key=lambda path: path.relative_to(root).as_posix()):
        text = path.read_bytes().replace(b"\r\n", b"\n")
        name = path.relative_to(root).as_posix().encode()
        whole.update(b"%d %s %d %s" % (len(name), name, len(text), text))
    return f"sha256:{whole.hexdigest()}"
