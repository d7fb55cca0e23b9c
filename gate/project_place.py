"""What the steps of a project's gate share: the project in its checkout, and one scratch server."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from nosender.gate.checkout import Checkout
from nosender.project import find

if TYPE_CHECKING:
    from nosender.migrations.project_chain import ProjectChain
    from nosender.project import Project
    from nosender.project.frozen import Frozen
    from nosender.server.target import Target


class ProjectPlace:
    """What the steps share: the project in its checkout, and one scratch server."""

    def __init__(
        self, checkout: Checkout, folder: Path, server: str | None = None, timeout: int = 300
    ) -> None:
        self.checkout = checkout
        self.folder = folder
        """Where its nosender.toml stands."""
        self.changed = checkout.changed()
        self._named_server = server
        self._timeout = timeout
        self._stack = ExitStack()

    def __enter__(self) -> ProjectPlace:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    @cached_property
    def project(self) -> Project:
        """The project as its nosender.toml says."""
        return find(self.folder)

    @property
    def schema(self) -> str:
        """Where the tables stand."""
        return self.project.own.schema or "public"

    @property
    def settings(self) -> PurePosixPath:
        """The file of the project, within the checkout."""
        return self.path(self.project.file or self.folder / "nosender.toml")

    def path(self, file: Path) -> PurePosixPath:
        """A file of the checkout, as reports name it."""
        return PurePosixPath(file.resolve().relative_to(self.checkout.root.resolve()).as_posix())

    def touches(self) -> bool:
        """Whether the change has anything to do with the project's own."""
        own = self.project.own
        files = {self.settings, *(self.path(each) for each in (own.alembic, own.waivers) if each is not None)}
        rooms = [self.path(each) for each in (own.catalogue, own.checks) if each is not None]
        if (folder := self.scripts) is not None:
            rooms.append(self.path(folder))
        return any(each in files or any(each.is_relative_to(room) for room in rooms) for each in self.changed)

    @cached_property
    def scripts(self) -> Path | None:
        """The folder of the project's chain."""
        from nosender.project.frozen import script_folder

        alembic = self.project.own.alembic
        return script_folder(alembic) if alembic is not None else None

    @cached_property
    def chain(self) -> ProjectChain | None:
        """The project's revisions."""
        from nosender.migrations.project_chain import ProjectChain

        return ProjectChain.load(self.project)

    @cached_property
    def server(self) -> str:
        """The conninfo of the scratch server, the embedded one unless another was named."""
        from psycopg.conninfo import conninfo_to_dict, make_conninfo

        named = self._named_server
        if named is None:
            from nosender.server.embedded import EmbeddedServer

            named = self._stack.enter_context(EmbeddedServer()).conninfo()
        given = str(conninfo_to_dict(named).get("options") or "")
        return make_conninfo(named, options=f"{given} -c statement_timeout={self._timeout * 250}ms".strip())

    @cached_property
    def frozen(self) -> Frozen:
        """What a freeze would write now."""
        from nosender.migrations.freeze import freeze

        return freeze(self.server, self.project)

    def database(self) -> Target:
        """A database with our head in it, dropped at the end."""
        return self._scratch(self._ours)

    @cached_property
    def _ours(self) -> str:
        from nosender.migrations import runner

        target = self._scratch("template0")
        runner.upgrade(target)
        return name_of(target)

    def _scratch(self, template: str) -> Target:
        from nosender.server.scratch import scratch_database
        from nosender.server.target import Target

        made = self._stack.enter_context(scratch_database(self.server, template=template))
        return Target(made, self.schema)

    def file_of(self, revision: str) -> PurePosixPath:
        """The file of one of the project's revisions."""
        assert self.chain is not None  # noqa: S101 (it has named the revision)
        found = self.chain.scripts.get_revision(revision)
        return self.path(Path(found.path)) if found is not None else self.settings


def name_of(target: Target) -> str:
    """The name of a database, for others to be made of."""
    from psycopg.conninfo import conninfo_to_dict

    return str(conninfo_to_dict(target.conninfo)["dbname"])
