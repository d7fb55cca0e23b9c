"""Answers go where they were told, whole or not at all; nothing that is no plain file is ever replaced."""

from __future__ import annotations

import os
import re
import resource
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nosender.errors import UsageError
from nosender.files import write_whole

NOBODY = 65534
ROOT = Path(__file__).parent.parent
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a device or a bind mount")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refused(path: Path, reason: str) -> None:
    """The write ends at once, in one sentence, and leaves nothing beside the path."""
    before = sorted(path.parent.iterdir()) if path.parent.is_dir() else None
    with pytest.raises(UsageError) as raised:
        write_whole(path, "new")
    assert str(raised.value) == f"{path} cannot be written: {reason}"
    assert raised.value.exit_code == 2
    assert (sorted(path.parent.iterdir()) if path.parent.is_dir() else None) == before


def as_nobody(work: Callable[[], None]) -> None:
    """Run it as an ordinary user: as ourselves, or as nobody where we are root."""
    if os.geteuid() != 0:
        work()
        return
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            work()
        except BaseException as error:
            os.write(2, f"{error!r}\n".encode())
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.fixture
def umask() -> Iterator[Callable[[int], None]]:
    before = os.umask(0)
    os.umask(before)
    yield lambda value: (os.umask(value), None)[1]
    os.umask(before)


@pytest.fixture
def open_path(tmp_path: Path) -> Path:
    """A folder that nobody else may be kept out of: pytest's own ones are the owner's alone."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and not mode_of(folder) & 0o001:
            folder.chmod(mode_of(folder) | 0o011)
    return tmp_path


@pytest.mark.parametrize(("value", "given", "found"), [
    (0o022, None, 0o644), (0o077, None, 0o600), (0o002, None, 0o664),
    (0o077, 0o644, 0o644), (0, 0o600, 0o600),
])  # fmt: skip
def test_a_new_file_has_the_mode_of_the_umask_or_the_one_given(
    tmp_path: Path, umask: Callable[[int], None], value: int, given: int | None, found: int
) -> None:
    umask(value)
    write_whole(tmp_path / "new", "text\n", mode=given)
    assert (tmp_path / "new").read_bytes() == b"text\n"
    assert mode_of(tmp_path / "new") == found
    assert names(tmp_path) == ["new"]


@pytest.mark.parametrize(
    "name", ["x" * 255, "🕊" * 63, "-", ".hidden", "a\nb"], ids=["long", "wide", "dash", "hidden", "broken"]
)
def test_any_name_that_a_file_can_have(tmp_path: Path, name: str) -> None:
    write_whole(tmp_path / name, b"\x00\xff")
    write_whole(tmp_path / name, b"\x01")
    assert (tmp_path / name).read_bytes() == b"\x01"


def test_a_file_that_is_there_keeps_its_mode(tmp_path: Path, umask: Callable[[int], None]) -> None:
    umask(0o077)
    for mode in (0o600, 0o640, 0o666, 0o755):
        path = tmp_path / "there"
        path.write_text("a longer text than the new one")
        path.chmod(mode)
        write_whole(path, "new", mode=0o644)
        assert (path.read_text(), mode_of(path)) == ("new", mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_a_file_that_is_there_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "there"
    path.write_text("old")
    os.chown(path, NOBODY, 12345)
    path.chmod(0o640)
    write_whole(path, "new")
    found = path.stat()
    assert (path.read_text(), found.st_uid, found.st_gid, mode_of(path)) == ("new", NOBODY, 12345, 0o640)


def test_a_reader_sees_the_old_text_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "there"
    path.write_text("old")
    with path.open() as reader:
        write_whole(path, "new")
        assert reader.read() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("there", [True, False], ids=["link", "dangling link"])
def test_a_link_stays_and_its_target_is_written(tmp_path: Path, *, there: bool) -> None:
    (tmp_path / "folder").mkdir()
    target, link, second = tmp_path / "folder" / "target", tmp_path / "link", tmp_path / "second"
    if there:
        target.write_text("old")
    link.symlink_to("folder/target")
    second.symlink_to(link)
    write_whole(second, "new")
    assert (second.readlink(), link.readlink()) == (link, Path("folder/target"))
    assert target.read_text() == "new"
    assert not target.is_symlink()


def test_what_cannot_be_written_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("old")
    (tmp_path / "nowhere").symlink_to("missing/target")
    (tmp_path / "loop").symlink_to("loop")
    refused(tmp_path / "folder", "Is a directory")
    refused(tmp_path / "missing" / "new", "No such file or directory")
    refused(tmp_path / "file" / "new", "Not a directory")
    refused(tmp_path / "nowhere", "No such file or directory")
    refused(tmp_path / "loop", "Too many levels of symbolic links")
    refused(tmp_path / ("x" * 256), "File name too long")
    assert (tmp_path / "file").read_text() == "old"


def test_a_fifo_that_nobody_reads_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    refused(tmp_path / "fifo", "No such device or address")
    assert stat.S_ISFIFO((tmp_path / "fifo").stat().st_mode)


def test_a_fifo_that_somebody_reads_is_written_through(tmp_path: Path) -> None:
    """More than a pipe holds, so that the write waits for the reader."""
    fifo, text, read = tmp_path / "fifo", b"x" * 1_000_000, []
    os.mkfifo(fifo)
    descriptor = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)  # so there is a reader before the write
    os.set_blocking(descriptor, True)

    def reader() -> None:
        with os.fdopen(descriptor, "rb") as file:
            read.append(file.read())

    thread = threading.Thread(target=reader)
    # The reader begins once something is there: before, it would take the FIFO for ended.
    opened = os.open(fifo, os.O_WRONLY)
    thread.start()
    write_whole(fifo, text)
    os.close(opened)
    thread.join()
    assert read == [text]
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_a_reader_that_goes_away_is_an_error_and_no_end_of_ours(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    descriptor = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    raised: list[BaseException] = []

    def writer() -> None:
        try:
            write_whole(fifo, b"x" * 1_000_000)
        except UsageError as error:
            raised.append(error)

    thread = threading.Thread(target=writer)
    thread.start()
    os.set_blocking(descriptor, False)
    while True:  # until the writer has begun
        try:
            if os.read(descriptor, 1):
                break
        except BlockingIOError:
            continue
    os.close(descriptor)
    thread.join()
    assert [str(error) for error in raised] == [f"{fifo} cannot be written: Broken pipe"]


@root_only
@pytest.mark.parametrize(
    ("number", "reason"), [(3, None), (7, "No space left on device")], ids=["null", "full"]
)
def test_a_device_is_written_through_and_stays(tmp_path: Path, number: int, reason: str | None) -> None:
    device = tmp_path / "device"
    os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, number))
    (tmp_path / "link").symlink_to("device")
    for path in (device, tmp_path / "link"):
        try:
            descriptor = os.open(path, os.O_WRONLY)
        except PermissionError:
            pytest.skip("this file system allows no devices")
        os.close(descriptor)
        if reason is None:
            write_whole(path, "new")
        else:
            refused(path, reason)
    assert stat.S_ISCHR(device.stat().st_mode)
    assert (tmp_path / "link").is_symlink()


STDOUT = """
import sys
from pathlib import Path
from nosender.files import write_whole
print("before", flush=True)
write_whole(Path(sys.argv[1]), "answer\\n")
print("after", flush=True)
"""


@pytest.mark.parametrize("name", ["/dev/stdout", "/proc/self/fd/1", "/dev/fd/1", "link"])
def test_our_own_output_is_written_on_where_it_stands(tmp_path: Path, name: str) -> None:
    """Into a pipe and into a file: opened anew, the file would lose what was written before."""
    (tmp_path / "link").symlink_to("/dev/stdout")
    command = [sys.executable, "-c", STDOUT, name]
    piped = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert piped.stdout == "before\nanswer\nafter\n"
    with (tmp_path / "file").open("w") as file:
        subprocess.run(command, cwd=tmp_path, stdout=file, check=True)
    assert (tmp_path / "file").read_text() == "before\nanswer\nafter\n"
    assert Path("/dev/stdout").is_symlink()


def test_a_descriptor_that_is_not_open_is_refused(tmp_path: Path) -> None:
    refused(Path("/proc/self/fd/999"), "Bad file descriptor") if Path("/proc/self/fd").is_dir() else None
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_no_new_file(open_path: Path) -> None:
    """What is there is written in place by whoever may; a new file is refused."""
    folder = open_path / "folder"
    folder.mkdir()
    (folder / "there").write_text("a longer text than the new one")
    (folder / "there").chmod(0o666)
    (folder / "closed").write_text("old")
    (folder / "closed").chmod(0o444)
    folder.chmod(0o555)

    def work() -> None:
        write_whole(folder / "there", "new")
        refused(folder / "new", "Permission denied")
        refused(folder / "closed", "Permission denied")

    try:
        as_nobody(work)
    finally:
        folder.chmod(0o755)
    assert ((folder / "there").read_text(), (folder / "closed").read_text()) == ("new", "old")
    assert names(folder) == ["closed", "there"]


@root_only
def test_somebody_elses_file_that_we_may_write_stays_theirs(open_path: Path) -> None:
    folder = open_path / "folder"
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "there").write_text("old")
    (folder / "there").chmod(0o666)
    as_nobody(lambda: write_whole(folder / "there", "new"))
    found = (folder / "there").stat()
    assert ((folder / "there").read_text(), found.st_uid, mode_of(folder / "there")) == ("new", 0, 0o666)
    assert names(folder) == ["there"]


@root_only
def test_a_bind_mount_is_written_in_place(tmp_path: Path) -> None:
    """As a file that is mounted into a container: nothing can take its place."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.write_text("")
    outside.write_text("a longer text than the new one")
    script = "mount --bind {0} {1} || exit 77; exec {2} -c {3} {1}".format(
        outside,
        inside,
        sys.executable,
        "'import sys, pathlib; from nosender.files import write_whole; "
        'write_whole(pathlib.Path(sys.argv[1]), "new")\'',
    )
    answer = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, check=False
    )
    if answer.returncode == 77 or "unshare" in answer.stderr:
        pytest.skip("this machine allows no bind mount")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert (inside.read_text(), outside.read_text()) == ("", "new")
    assert names(tmp_path) == ["inside", "outside"]


def _with_a_full_disk(work: Callable[[], None]) -> None:
    """No file of this process may grow past 4096 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        work()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_the_old_text_and_no_half_of_the_new_one(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("old")

    def work() -> None:
        for name in ("there", "new"):
            with pytest.raises(UsageError, match="cannot be written: File too large"):
                write_whole(tmp_path / name, "x" * 10_000)

    _with_a_full_disk(work)
    assert (tmp_path / "there").read_text() == "old"
    assert names(tmp_path) == ["there"]


def test_a_disk_that_fills_up_in_the_middle_of_a_write_in_place_leaves_the_old_text(open_path: Path) -> None:
    folder = open_path / "folder"
    folder.mkdir()
    (folder / "there").write_text("old" * 100)
    (folder / "there").chmod(0o666)
    folder.chmod(0o555)

    def write() -> None:
        with pytest.raises(UsageError, match="cannot be written: File too large"):
            write_whole(folder / "there", "x" * 10_000)

    try:
        as_nobody(lambda: _with_a_full_disk(write))
    finally:
        folder.chmod(0o755)
    assert (folder / "there").read_text() == "old" * 100


def test_every_answer_goes_through_it() -> None:
    """Whoever writes a file in another way is named here with the reason."""
    rooms = [path for path in (ROOT / "src" / "nosender").iterdir() if path.is_dir() or path.suffix == ".py"]
    others = {
        "privacy_audit/evidence/attest.py": "a key is made and never replaced",
        "privacy_audit/evidence/output.py": "GITHUB_STEP_SUMMARY is added to",
        "server/embedded.py": "the server's own log",
        "files.py": "the one way",
        "standard_streams.py": "what is said to nobody",
    }
    writes = re.compile(
        r"""\.write_(text|bytes)\(|open\([^)\n]*["'][wax]b?\+?["']|fdopen\([^\n]*["'][wax]b?["']"""
    )
    found = set()
    for room in rooms:
        for file in [room] if room.is_file() else room.rglob("*.py"):
            if writes.search(file.read_text(encoding="utf-8")):
                found.add(str(file.relative_to(ROOT / "src" / "nosender")))
    assert found == set(others)
