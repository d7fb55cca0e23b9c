"""Every value of a report made hostile at once: each format stays what it is, and shows them as text."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from nosender.privacy_audit import reports
from nosender.privacy_audit.reports import markdown, text
from nosender.privacy_audit.result.audit import Audit
from nosender.schema.diagram import Node
from nosender.terminal_text import visible

HOSTILE = (
    "</script></style></title><script>alert(1)</script>",
    "\"quoted\"'both'&amp;<b onclick=x>",
    "]]><!-- --> <![CDATA[",
    "{{ 7 * 7 }}{% raw %}{# #}",
    "[bold red]x[/bold red][link=https://example.org]y[/link] :skull: [/]",
    "%0A::error::owned",
    "\u202egnp.exe\u2066\u200b\ufeff",
    "\x1b[2J\x1b]0;owned\x07\x9b31m",
    "line\nbreak\r\n\u2028| pipe | `tick` ``two`` [link](javascript:alert(1)) ![x](y) <!-- ",
    "\x00\x01\x08\uffff\ue000",
    "@everyone #1 ~~struck~~ **bold** # heading",
    "\\",
)
"""Each breaks out of one language or another when it can."""

KEPT = (Node, "side"), (object, "severity"), (object, "status"), (object, "event")
"""Fields that take a few words of ours and no other."""


def hostile(value: Any, change: Callable[[str], str]) -> Any:
    """The value with every text in it changed, the same text everywhere in the same way."""
    if isinstance(value, Enum) or value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return change(value)
    if is_dataclass(value) and not isinstance(value, type):
        kept = {name for kind, name in KEPT if isinstance(value, kind)}
        return replace(
            value,
            **{
                each.name: hostile(getattr(value, each.name), change)
                for each in fields(value)
                if each.init and each.name not in kept
            },
        )
    if isinstance(value, Mapping):
        return {hostile(key, change): hostile(one, change) for key, one in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return type(value)(hostile(one, change) for one in value)
    raise AssertionError(type(value))


def made_hostile(audit: Audit, string: str) -> Audit:
    """The audit in which every name, sentence and number of a version begins and ends with the string."""
    changed: Audit = hostile(audit, lambda text: f"{string}{text}{string}")
    return changed


class Shape(HTMLParser):
    """What a page consists of: tags and the names of attributes, no text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self.other: Counter[str] = Counter()
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag, tuple(name for name, _ in attrs)] += 1

    def handle_comment(self, data: str) -> None:
        self.other["comment"] += 1

    def handle_data(self, data: str) -> None:
        self.words += data


def shape(page: str) -> Shape:
    parser = Shape()
    parser.feed(page)
    parser.close()
    return parser


@pytest.mark.parametrize("string", HOSTILE)
@pytest.mark.parametrize("form", reports.FORMATS)
def test_nothing_hidden_is_left_in_any_format(rich: Audit, form: str, string: str) -> None:
    rendered = reports.render(form, made_hostile(rich, string))
    if form in ("json", "sarif", "gitlab"):
        json.loads(rendered)  # which writes out control characters itself
        return
    hidden = {
        one for one in rendered if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    }
    assert hidden <= {"\n"}


@pytest.mark.parametrize("string", HOSTILE)
def test_the_page_keeps_its_shape_and_shows_each_value(rich: Audit, string: str) -> None:
    innocent = shape(reports.render("html", made_hostile(rich, "x")))
    page = shape(reports.render("html", made_hostile(rich, string)))
    assert page.tags == innocent.tags
    assert page.other == innocent.other
    assert visible(string) + "mail" + visible(string) in page.words
    # What has to be visible is: what the names lead to is text, and as much of it as of innocent ones.
    assert page.words.count(visible(string)) >= innocent.words.count("xmailx")


@pytest.mark.parametrize("string", HOSTILE)
def test_markdown_keeps_its_lines_and_holds_no_html_of_others(rich: Audit, string: str) -> None:
    def lines(audit: Audit) -> list[str]:
        assert audit.annex.comparison is not None
        return (markdown.render(audit) + markdown.comparison(audit.annex.comparison)).splitlines()

    innocent, found = lines(made_hostile(rich, "x")), lines(made_hostile(rich, string))
    assert len(found) == len(innocent)
    for one, other in zip(found, innocent, strict=True):
        if other.startswith("|"):  # a row has the cells that it should
            assert len(re.findall(r"(?<!\\)\|", one)) == len(re.findall(r"(?<!\\)\|", other)), one
        outside = re.sub(r"(?<!\\)(`+)(?!`).*?(?<!`)\1(?!`)", "", one)
        tags = re.findall(r"<(?!br>|/?details>|/?summary>|!-- -->)", outside)
        assert tags == [], one


@pytest.mark.parametrize("string", HOSTILE)
def test_junit_keeps_its_elements(rich: Audit, string: str) -> None:
    def elements(audit: Audit) -> list[tuple[str, list[str]]]:
        root = ElementTree.fromstring(reports.render("junit", audit))  # noqa: S314 (our own)
        return [(one.tag, sorted(one.attrib)) for one in root.iter()]

    assert elements(made_hostile(rich, string)) == elements(made_hostile(rich, "x"))


@pytest.mark.parametrize("string", HOSTILE)
def test_the_terminal_shows_the_characters_themselves(rich: Audit, string: str) -> None:
    plain = text.render(made_hostile(rich, string))
    shown = "".join(plain.split())
    assert "".join((visible(string) + "public.messages.sender_phone").split()) in shown


@pytest.mark.parametrize("string", HOSTILE)
def test_the_dictionary_of_a_hostile_catalogue_is_still_a_page(string: str) -> None:
    from nosender.schema.catalogue import load
    from nosender.schema.catalogue.docs import files

    def changed(string: str) -> Shape:
        catalogue = hostile_catalogue(string)
        return shape(files(catalogue, {})["catalogue.html"])

    def hostile_catalogue(string: str) -> Any:
        declared = load()
        tables = tuple(
            replace(
                table,
                purpose=string,
                columns=tuple(replace(one, purpose=string, retention=string) for one in table.columns),
            )
            for table in declared.tables
        )
        return replace(declared, tables=tables)

    assert changed(string).tags == changed("x").tags


def test_no_template_escapes_or_trusts_on_its_own() -> None:
    """Where escaping is decided there is one place; a template can neither leave it nor do it again."""
    folders = [
        resources.files("nosender.privacy_audit.reports").joinpath("templates"),
        resources.files("nosender.schema").joinpath("templates"),
    ]
    sources = [path for folder in folders for path in Path(str(folder)).rglob("*.j2")]
    assert len(sources) > 20
    for path in sources:
        source = path.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*(safe|e|escape|forceescape|striptags|urlize|xmlattr)\b", source), path
        assert "autoescape" not in source, path
        if ".md." not in path.name:
            assert not re.search(r"=\{\{", source), f"{path}: an attribute without quotes"
