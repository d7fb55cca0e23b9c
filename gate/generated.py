"""What is made from something else and committed: the one list of it, to make it and to check it.

    python -m nosender.gate.generated [CONNINFO]

writes all of it anew, in a checkout, on an embedded server or on the one named. `make generate` calls this
and then renews the golden reports of the tests.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nosender.files import write_whole

if TYPE_CHECKING:
    from nosender.schema.catalogue import Catalogue
    from nosender.schema.observe import Observation

PACKAGE = Path(__file__).parent.parent

COMMENTS = "schema/ddl/850_comments.sql"
DECLARED = "schema/ddl/603_audit_declared.sql"
REFERENCE = "schema/observe/reference.json"
LAYOUT = "schema/layouts/citus"


def of_catalogue(catalogue: Catalogue, declared: Observation) -> dict[str, str]:
    """The text of each file that needs no server: comments, data dictionary, the lists in the queries.

    The paths are relative to the root of a checkout; `declared` is what the DDL makes.
    """
    from nosender.gate.reference import functions_page
    from nosender.privacy_audit.check import discover
    from nosender.privacy_audit.checks.refresh_queries import refreshed
    from nosender.privacy_audit.snapshot.probes.declared import declared_sql
    from nosender.schema.catalogue import comments_sql
    from nosender.schema.catalogue.docs import files

    types = {(each.table, each.name): each.type for each in declared.columns}
    made = {COMMENTS: comments_sql(catalogue), DECLARED: declared_sql(catalogue)}
    made |= {f"docs/{name}": text for name, text in files(catalogue, types).items()}
    made["docs/functions.md"] = functions_page(declared, catalogue)
    for loaded in discover():
        check = loaded.check
        path = f"privacy_audit/checks/{check.claim.value}/{check.slug}/query.sql"
        made[path] = refreshed(loaded.example("query.sql"), catalogue, declared)
    return made


def of_server(conninfo: str) -> dict[str, str]:
    """The text of each file that a server decides: the reference, and what each revision leads to.

    The comments are part of the DDL: write them first.
    """
    from nosender.migrations.revisions import VERSIONS, Chain
    from nosender.migrations.tools.expect import expected
    from nosender.schema.layouts import standing
    from nosender.schema.observe.reference import make

    made = {REFERENCE: make(conninfo).to_json()}
    made[f"{LAYOUT}/{Chain.load().head}.json"] = standing.make(conninfo).to_json()
    for path, text in expected(conninfo).items():
        made[f"migrations/versions/{path.relative_to(VERSIONS)}"] = text
    return made


def of_program() -> dict[str, str]:
    """The text of each reference page: nothing but the program decides it.

    The door stands above this room, so it is called by its name, as the door calls the rooms.
    """
    from nosender.gate.reference import checks_page, commands_page
    from nosender.privacy_audit.check import discover
    from nosender.privacy_audit.platforms.page import managed_page
    from nosender.project.keys import json_schema

    door = importlib.import_module("nosender.cli")
    return {
        "docs/checks.md": checks_page(discover()),
        "docs/cli.md": commands_page(door.root()),
        "docs/managed.md": managed_page(),
        "docs/nosender-toml.schema.json": json_schema(),
    }


def main(conninfo: str | None = None) -> None:
    """Write every file that differs from what it should be."""
    from nosender.privacy_audit.snapshot.probes.declared import declared_sql
    from nosender.schema.catalogue import comments_sql, load
    from nosender.schema.observe.reference import reference
    from nosender.server.embedded import EmbeddedServer

    catalogue = load()
    write({COMMENTS: comments_sql(catalogue), DECLARED: declared_sql(catalogue)})
    if conninfo is None:
        with EmbeddedServer() as server:
            write(of_server(server.conninfo()))
    else:
        write(of_server(conninfo))
    reference.cache_clear()  # it has just been written
    write(of_catalogue(catalogue, reference()) | of_program())


def write(made: dict[str, str]) -> None:
    """Write the files whose text is another one, and name them."""
    root = PACKAGE.resolve()
    for name, text in made.items():
        path = (root / name) if (root / name).exists() else Path(name)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_whole(path, text)
            print(f"written: {name}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
