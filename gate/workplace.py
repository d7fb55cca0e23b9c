"""What the steps share: the checkout, one scratch server, the databases made on it once."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from pathlib import PurePosixPath
from threading import RLock
from typing import TYPE_CHECKING

from nosender.gate.checkout import Checkout, Touched

if TYPE_CHECKING:
    from nosender.schema.catalogue import Catalogue
    from nosender.schema.observe import Observation
    from nosender.server.target import Target

DDL = PurePosixPath("schema/ddl")
CATALOGUE = PurePosixPath("schema/catalogue")
VERSIONS = PurePosixPath("migrations/versions")
WAIVERS = PurePosixPath("waivers.toml")
STANDARDS = PurePosixPath("privacy_audit/standards")

ROOMS = (DDL, CATALOGUE, VERSIONS, WAIVERS, STANDARDS)
"""What the gate is about; a change that touches none of them passes at once."""

SCHEMA = "public"


class Workplace:
    """One run of the gate; a context manager that drops what it made and stops the server.

    The steps run in threads, so whatever is made once is made under a lock.
    """

    def __init__(self, checkout: Checkout, server: str | None = None, timeout: int = 300) -> None:
        self.checkout = checkout
        self._timeout = timeout
        self.changed = checkout.changed()
        self._named_server = server
        self._touched: dict[PurePosixPath, Touched] = {}
        self._stack = ExitStack()
        self._lock = RLock()

    def __enter__(self) -> Workplace:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def changed_in(self, folder: PurePosixPath, *suffixes: str) -> tuple[PurePosixPath, ...]:
        """The changed files of a folder that still exist, by ending."""
        return tuple(
            path
            for path in self.changed
            if path.is_relative_to(folder)
            and (not suffixes or path.suffix in suffixes)
            and (self.checkout.root / path).is_file()
        )

    def touched(self, path: PurePosixPath) -> Touched:
        """What the change did to the lines of a file; git is asked once a file."""
        if path not in self._touched:
            self._touched[path] = self.checkout.touched(path)
        return self._touched[path]

    @cached_property
    def catalogue(self) -> Catalogue:
        """The checkout's catalogue."""
        from nosender.schema.catalogue import load

        return load(self.checkout.root / CATALOGUE)

    @property
    def server(self) -> str:
        """The conninfo of the scratch server, the embedded one unless another was named."""
        with self._lock:
            return self._server

    @cached_property
    def _server(self) -> str:
        from psycopg.conninfo import conninfo_to_dict, make_conninfo

        named = self._named_server
        if named is None:
            from nosender.server.embedded import EmbeddedServer

            named = self._stack.enter_context(EmbeddedServer()).conninfo()
        # A revision may loop for ever; the options go along to every database made beside this one.
        given = str(conninfo_to_dict(named).get("options") or "")
        return make_conninfo(named, options=f"{given} -c statement_timeout={self._timeout * 250}ms".strip())

    def database(self, template: str = "template0") -> Target:
        """A database of one step's own, cloned from a template; dropped at the end."""
        from nosender.server.scratch import scratch_database
        from nosender.server.target import Target

        scratch = scratch_database(self.server, template=template)
        with self._lock:
            return Target(self._stack.enter_context(scratch), SCHEMA)

    @property
    def canonical(self) -> Observation:
        """What the DDL makes."""
        with self._lock:
            return self._canonical

    @cached_property
    def _canonical(self) -> Observation:
        from nosender.schema import ddl
        from nosender.schema.observe import observe

        with self.database().connect("nosender gate") as connection:
            ddl.load(connection, SCHEMA)
            connection.commit()
            return observe(connection, SCHEMA)

    @property
    def migrated(self) -> str:
        """The name of a database that the whole chain of revisions was applied to, a template for others."""
        with self._lock:
            return self._migrated

    @cached_property
    def _migrated(self) -> str:
        from psycopg.conninfo import conninfo_to_dict

        from nosender.migrations import runner

        _ = self.canonical  # made first: it brings the roles, which belong to the whole cluster
        target = self.database()
        runner.upgrade(target, options=runner.Options(replay=True, verify=False))
        return str(conninfo_to_dict(target.conninfo)["dbname"])
