"""Takes the pictures of the report that docs/evidence.md shows: `python docs/screenshots.py`."""

from __future__ import annotations

import base64
import importlib.util
import tempfile
from pathlib import Path
from typing import Any

from psycopg import sql

from nosender.files import write_whole
from nosender.privacy_audit import runner
from nosender.privacy_audit.reports import render
from nosender.retention.sweep import FAST, sweep
from nosender.schema import ddl
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target
from nosender.traffic.fill import fill

HERE = Path(__file__).parent
BROWSER = HERE.parent / "tests" / "privacy_audit" / "reports" / "browser.py"

PICTURES = {
    "report-cover.png": ("#cover", "#statement", "light"),
    "report-findings.png": ("#findings", "#check-undeclared-column", "dark"),
    "report-diagram.png": ("#diagram", "#diagram .picture", "light"),
}
"""Each picture: the element at its top, the one at its bottom, the colour scheme."""


def main() -> None:
    """Write every picture beside this file."""
    spec = importlib.util.spec_from_file_location("browser", BROWSER)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{BROWSER} is missing")
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with tempfile.TemporaryDirectory() as folder, EmbeddedServer() as server:
        page = Path(folder) / "report.html"
        write_whole(page, _failing_report(Target(server.conninfo())).encode())
        browser = module.Browser()
        try:
            # As high as the page, and no scroll bars: nothing moves between measuring and taking.
            size = {"width": 1200, "height": 20_000, "deviceScaleFactor": 1, "mobile": False}
            browser.send("Emulation.setDeviceMetricsOverride", **size)
            browser.send("Emulation.setScrollbarsHidden", hidden=True)
            browser.open(page)
            for name, (first, last, scheme) in PICTURES.items():
                browser.send(
                    "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
                )
                write_whole(HERE / name, _picture(browser, first, last))
                print(HERE / name)
        finally:
            browser.close()


def _picture(browser: Any, first: str, last: str) -> bytes:
    """From the top of one element to the bottom of another, in the width of the text."""
    left, top, right, bottom = browser.run(
        f"(() => {{ const a = document.querySelector('{first}').getBoundingClientRect();"
        f" const b = document.querySelector('{last}').getBoundingClientRect();"
        " return [a.left - 40, a.top + scrollY - 30, a.right + 40, b.bottom + scrollY + 30]; })()"
    )
    clip = {"x": left, "y": max(0, top), "width": right - left, "height": bottom - max(0, top), "scale": 1}
    answer = browser.send("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
    return base64.b64decode(answer["data"])


def _failing_report(target: Target) -> str:
    with target.connect("nosender screenshots") as connection:
        ddl.load(connection, target.schema)
    for seed in (1, 2, 3):
        fill(target, 50, 1500, seed)
        sweep(target, pace=FAST)
    with target.connect("nosender screenshots") as connection:
        connection.execute(
            sql.SQL(
                "alter table public.messages"
                " add column sender_phone varchar(20) references public.users (phone_number)"
            )
        )
    return render("html", runner.run(target, runner.Options(command="nosender audit run --format html")))


if __name__ == "__main__":
    main()
