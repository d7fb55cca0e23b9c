"""The HTML report in a browser: no error, no request, filters, links, print, hostile names."""

from __future__ import annotations

import base64
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nosender.privacy_audit.reports import html
from nosender.privacy_audit.result.audit import Audit

Browser = Any  # browser.py lies beside this file, and tests are no package

_SPEC = importlib.util.spec_from_file_location("report_browser", Path(__file__).with_name("browser.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
_BROWSER: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_BROWSER)

pytestmark = pytest.mark.skipif(_BROWSER.program() is None, reason="no Chromium is installed")

VISIBLE = (
    "[...document.querySelectorAll('article.check')].filter(e => e.offsetParent !== null).map(e => e.id)"
)
FILTER = (
    "(() => {{ const form = document.querySelector('.filters'); form.reset(); form.elements['{field}'].value = '{value}';"
    " form.dispatchEvent(new Event('input', {{bubbles: true}})); }})()"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    opened = _BROWSER.Browser()
    yield opened
    opened.close()


@pytest.fixture
def page(browser: Browser, rich: Audit, tmp_path: Path) -> Browser:
    file = tmp_path / "report.html"
    file.write_text(html.render(rich), encoding="utf-8")
    browser.open(file)
    return browser


def test_it_opens_without_an_error_and_asks_for_nothing(page: Browser) -> None:
    page.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    asked = [
        event["params"]["request"]["url"]
        for event in page.events
        if event.get("method") == "Network.requestWillBeSent"
    ]
    assert len(asked) == 1
    assert asked[0].startswith("file:///")
    bad = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")
    assert [event for event in page.events if event.get("method") in bad] == []


def test_the_policy_stops_what_escaping_might_let_through(page: Browser) -> None:
    page.run(
        "new Promise(done => { const script = document.createElement('script'); script.textContent = 'window.owned = 1';"
        " document.body.append(script); const image = document.createElement('img'); image.onerror = done;"
        " image.src = 'http://127.0.0.1:9/x'; document.body.append(image); })"
    )
    assert page.run("window.owned === undefined")
    failed = [event for event in page.events if event.get("method") == "Network.loadingFailed"]
    assert [event["params"].get("blockedReason") for event in failed] == ["csp"]


def test_hostile_names_stay_text(page: Browser) -> None:
    assert page.run("document.scripts.length") == 1
    assert page.run("document.querySelectorAll('b').length") == 0
    assert page.run("document.body.innerText.includes('</script><script>alert(1)</script>')")
    assert page.run("document.title.startsWith('Privacy audit of mail')")


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("claim", "no-sender", ["check-undeclared-column", "check-sender-in-name"]),
        ("severity", "critical", ["check-undeclared-column", "check-plaintext"]),
        ("outcome", "not-tested", ["check-plaintext"]),
        ("outcome", "error", ["check-table-privilege"]),
        ("outcome", "waived", ["check-foreign-key-not-allowed"]),
        ("text", "REPLY_TO", ["check-sender-in-name"]),
        ("text", "no such words", []),
    ],
)
def test_filters(page: Browser, field: str, value: str, expected: list[str]) -> None:
    everything = page.run(VISIBLE)
    page.run(FILTER.format(field=field, value=value))
    assert page.run(VISIBLE) == expected
    assert page.run("document.querySelector('.filters output').value").startswith(f"{len(expected)} of 7")
    page.run("document.querySelector('.filters button').click()")
    page.run("new Promise(done => setTimeout(done))")
    assert page.run(VISIBLE) == everything


def test_a_link_to_a_hidden_finding_shows_it(page: Browser, rich: Audit) -> None:
    anchor = f"finding-{rich.findings[0].fingerprint}"
    page.run(FILTER.format(field="text", value="no such words"))
    page.run(
        f"new Promise(done => {{ addEventListener('hashchange', () => setTimeout(done)); location.hash = '{anchor}' }})"
    )
    assert page.run(f"document.getElementById('{anchor}').offsetParent !== null")


def test_the_question_of_a_finding_is_one_click_away_and_last_on_the_page(page: Browser) -> None:
    opened = "new Promise(done => { addEventListener('hashchange', () => setTimeout(() => done([...document.querySelectorAll('details[open]')].map(e => e.id)))); document.querySelector('article.check a[href^=\"#evidence-\"]').click(); })"
    link = "document.querySelector('article.check a[href^=\"#evidence-\"]').getAttribute('href').slice(1)"
    assert page.run(opened) == [page.run(link)]
    assert page.run("[...document.querySelectorAll('main > section')].pop().id") == "evidence"


def test_it_prints_everything_as_a_document_whatever_the_filter(page: Browser) -> None:
    page.run(
        "addEventListener('beforeprint', () => setTimeout(() => 0)); window.seen = null;"
        "addEventListener('beforeprint', () => { window.seen = [document.querySelectorAll('article[hidden]').length,"
        " document.querySelectorAll('details:not([open])').length]; })"
    )
    page.run(FILTER.format(field="text", value="no such words"))
    pdf = base64.b64decode(page.send("Page.printToPDF", printBackground=True)["data"])
    assert pdf.startswith(b"%PDF")
    assert page.run("window.seen") == [0, 0]
    assert page.run(VISIBLE) == []  # and the reader's filter is back


def test_without_script_everything_is_readable(browser: Browser, rich: Audit, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(html.render(rich), encoding="utf-8")
    browser.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(file)
    finally:
        browser.send("Emulation.setScriptExecutionDisabled", value=False)
    assert len(browser.run(VISIBLE)) == 7
    assert browser.run("getComputedStyle(document.querySelector('.filters')).display") == "none"


def test_the_keyboard_reaches_the_skip_link_first_and_every_control_has_a_name(page: Browser) -> None:
    for kind in ("keyDown", "keyUp"):
        page.send("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    assert page.run("document.activeElement.className") == "skip"
    page.send("Accessibility.enable")
    nodes = page.send("Accessibility.getFullAXTree")["nodes"]
    named = {"combobox", "searchbox", "button", "link", "table", "region", "image"}
    nameless = [
        node["role"]["value"]
        for node in nodes
        if not node.get("ignored")
        and node["role"]["value"] in named - {"table"}
        and not node.get("name", {}).get("value", "").strip()
    ]
    assert nameless == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_words_stand_out_in_light_and_dark(page: Browser, scheme: str) -> None:
    """WCAG AA: text at 4.5 to 1 against the paper, in both colour schemes."""
    page.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    ratios = page.run(CONTRAST)
    assert min(ratios.values()) >= 4.5, ratios


CONTRAST = """(() => {
  const luminance = text => { const c = text.match(/[0-9.]+/g).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]; };
  const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (!c.endsWith(', 0)') && c !== 'transparent') return c; } return 'rgb(255,255,255)'; };
  const out = {};
  for (const s of ['p', '.soft', '.is-pass', '.is-fail', '.is-waived', '.is-not-tested', '.level-critical', '.level-high',
      '.level-medium', '.level-low', 'a', 'thead th', 'td', 'nav a', '.note', 'summary', 'footer', '.tally']) {
    const e = document.querySelector('main ' + s) || document.querySelector(s); if (!e) continue;
    const [x, y] = [luminance(getComputedStyle(e).color), luminance(ground(e))].sort((a, b) => b - a);
    out[s] = Math.round((x + 0.05) / (y + 0.05) * 100) / 100;
  }
  return out;
})()"""


def test_ten_thousand_findings_still_open(
    browser: Browser, many: Callable[[int], Audit], tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    file.write_text(html.render(many(10_000)), encoding="utf-8")
    browser.open(file)
    assert browser.run("document.querySelectorAll('tr[id^=finding-]').length") == 200
    assert browser.run("document.body.innerText.includes('9,800 findings of 10,000 are not shown here')")
