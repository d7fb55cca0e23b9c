"""Answers that go to files: each is written whole or not at all, and where it was told or nowhere."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path

from nosender.errors import UsageError


def write_whole(path: Path, content: bytes | str, *, mode: int | None = None) -> None:
    """Put `content` (text as UTF-8) into the file in one step: a reader sees the old one or the new one.

    A file that is there keeps its owner and mode; a new one gets `mode`, or what the umask leaves. A symbolic
    link stays and its target is written. A device, a FIFO that somebody reads or a descriptor of ours is
    written through, never replaced. Raises UsageError where the path cannot be written, whatever the reason.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        _write(path, data, mode)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from None


_IN_PLACE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY}
"""A folder that takes no new file, an owner that is not ours to give, a bind mount: the file that is there
can be written, but nothing can take its place."""


def _write(path: Path, data: bytes, mode: int | None) -> None:
    if (descriptor := _descriptor(path)) is not None:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(data)
        return
    try:
        there = path.stat()
    except FileNotFoundError:
        there = None
    if there is not None and not stat.S_ISREG(there.st_mode):
        _write_through(path, data)
        return
    target = Path(os.path.realpath(path))  # the file that a link leads to; the link stays
    try:
        _replace(target, data, there, mode)
    except OSError as error:
        if there is None or error.errno not in _IN_PLACE:
            raise
        _overwrite(target, data)


def _descriptor(path: Path) -> int | None:
    """The descriptor of ours that a path such as /dev/stdout leads to: opening it anew would start over."""
    own = {"/dev/fd", "/proc/self/fd", "/proc/thread-self/fd", f"/proc/{os.getpid()}/fd"}
    for _ in range(40):  # as many links as the kernel follows
        if str(path.parent) in own and path.name.isdecimal():
            return int(path.name)
        if not path.is_symlink():
            return None
        path = Path(os.path.normpath(path.parent / path.readlink()))
    return None


def _write_through(path: Path, data: bytes) -> None:
    """Into a device or a FIFO; one that nobody reads is an error (ENXIO), not a wait for ever."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _replace(target: Path, data: bytes, there: os.stat_result | None, mode: int | None) -> None:
    temporary = target.parent / f".nosender.{secrets.token_hex(8)}"
    # Without a mode the umask decides, as of any new file; what has one is nobody else's until it is whole.
    created = 0o666 if there is None and mode is None else 0o600
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, created)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            if there is not None:
                mode = stat.S_IMODE(there.st_mode)
                if (there.st_uid, there.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(file.fileno(), there.st_uid, there.st_gid)
            if mode is not None:
                os.fchmod(file.fileno(), mode)
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _overwrite(target: Path, data: bytes) -> None:
    """Write into the file itself; where that fails half-way, put back what it held."""
    with target.open("r+b") as file:
        before = file.read()
        try:
            _set(file.fileno(), data)
        except OSError:
            _set(file.fileno(), before)
            raise


def _set(descriptor: int, data: bytes) -> None:
    os.lseek(descriptor, 0, os.SEEK_SET)
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    os.ftruncate(descriptor, len(data))
