"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from nosender.errors import NosenderError


def write_whole(path: Path, text: str) -> None:
    """Replace the file in one step; whoever reads it sees the old text or the new one.

    Readable by all: the node exporter that reads it runs under an account of its own.
    """
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        raise NosenderError(f"{path} cannot be written: {error.strerror or error}") from None
