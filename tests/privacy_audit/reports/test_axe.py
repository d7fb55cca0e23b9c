"""What a person meets who does not see well or has no mouse: each page through axe-core in a browser."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from nosender.privacy_audit.evidence.commands import history
from nosender.privacy_audit.explore.explore import look
from nosender.privacy_audit.explore.reports import render

from ...conftest import ROOT

Browser = Any  # browser.py lies beside this file

_SPEC = importlib.util.spec_from_file_location("axe_browser", Path(__file__).with_name("browser.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
_BROWSER: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_BROWSER)

GOLDEN = Path(__file__).with_name("golden")
PLACES = os.environ.get("NODE_PATH", "").split(os.pathsep)
AXE = next((path for place in PLACES if (path := Path(place, "axe-core", "axe.min.js")).is_file()), None)
RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"
FOUND = f"axe.run(document, {RULES}).then(found => JSON.stringify(found.violations))"

pytestmark = [
    pytest.mark.skipif(_BROWSER.program() is None, reason="no Chromium is installed"),
    pytest.mark.skipif(
        AXE is None, reason="needs axe-core: npm install axe-core, and the folder node_modules in NODE_PATH"
    ),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    opened = _BROWSER.Browser()
    yield opened
    opened.close()


def _audit(_folder: Path, _database: str) -> str:
    return (GOLDEN / "report.html").read_text(encoding="utf-8")


def _catalogue(_folder: Path, _database: str) -> str:
    return (ROOT / "docs" / "catalogue.html").read_text(encoding="utf-8")


def _history(folder: Path, _database: str) -> str:
    (folder / "report.json").write_bytes((GOLDEN / "report.json").read_bytes())
    return CliRunner().invoke(history, [str(folder), "--format", "html"]).output


def _explore(_folder: Path, database: str) -> str:
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("create table users (id int primary key); create table likes (a int, b int)")
        for column in ("a", "b"):
            owner.execute(f"alter table likes add foreign key ({column}) references users".encode())
    with psycopg.connect(database) as connection:
        return render("html", look(connection, "public"))


@pytest.mark.parametrize("page", [_audit, _catalogue, _history, _explore], ids=lambda made: made.__name__[1:])
def test_a_page_keeps_the_rules(
    browser: Browser, page: Callable[[Path, str], str], database: str, tmp_path: Path
) -> None:
    assert AXE is not None
    file = tmp_path / "page.html"
    file.write_text(page(tmp_path, database), encoding="utf-8")
    for scheme, width in (("light", 360), ("dark", 1280)):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.send("Emulation.setEmulatedMedia", features=features)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        browser.send("Emulation.setDeviceMetricsOverride", **size)
        browser.open(file)
        browser.run("document.querySelectorAll('details').forEach(each => each.open = true)")
        browser.run(f"{AXE.read_text(encoding='utf-8')}; 0")
        found = json.loads(browser.run(FOUND))
        assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found] == []
