"""What the next release is asked for, in a process that runs its files: test_next_release.py starts it.

python newer.py SERVER DATABASE COURIER
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import nosender
from nosender.gate.checkout import find_checkout
from nosender.gate.generated import COMMENTS, REFERENCE
from nosender.gate.project_runner import ProjectPlace, run
from nosender.gate.runner import Options
from nosender.migrations import runner
from nosender.project import find
from nosender.schema.catalogue import comments_sql, load
from nosender.schema.observe import reference as of
from nosender.schema.observe.reference import make, reference
from nosender.server.target import Target

REVISION = "migrations/versions/9999_made_up"
SKIPPED = ("up-down-up", "checks-hold")
"""What ours have no part in."""


def main(server: str, conninfo: str, folder: Path) -> None:
    """Make what a release has made from its sources; upgrade the database, compare it, and ask the gate."""
    package = Path(nosender.__file__).parent
    (package / COMMENTS).write_text(comments_sql(load()), encoding="utf-8")
    made = make(server)
    (package / REFERENCE).write_text(made.to_json(), encoding="utf-8")
    (package / f"{REVISION}.json").write_text(replace(made, dependencies=()).to_json(), encoding="utf-8")
    reference.cache_clear()
    assert any(each.name == "made_up" for each in of().functions)

    project = find(folder)
    options = runner.Options(project=project)
    receipt = runner.upgrade(Target(conninfo), options=options)
    print(receipt.before, receipt.applied, receipt.project)
    print(runner.check(Target(conninfo), options))
    with ProjectPlace(find_checkout(folder, "base"), folder, server) as place:
        told = run(place, Options(skip=SKIPPED), lambda *_: None)
    print([(each.check, each.object) for each in told.gating()])
    print(sorted(each.check.slug for each in told.unseen()))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
