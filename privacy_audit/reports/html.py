"""The report for a person who reads, signs and files it: one HTML page that needs nothing but itself.

No network, no font, no library; a content security policy forbids the page to load anything, so that a
name from the database that slipped through the escaping would still do nothing. It prints as a document.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from nosender.privacy_audit.reports.page import evidence, front, record
from nosender.privacy_audit.reports.words import html

if TYPE_CHECKING:
    from nosender.privacy_audit.result.audit import Audit

_SECTIONS = (
    ("statement", "Statement", front.statement),
    ("scope", "Scope", front.scope),
    ("method", "Method", front.method),
    ("results", "Claims and checks", evidence.results),
    ("findings", "Findings", evidence.findings),
    ("inventory", "Inventory of columns", record.inventory),
    ("diagram", "Tables and keys", record.diagram),
    ("retention", "Retention", record.retention),
    ("standards", "Requirements of standards", record.requirements),
    ("waivers", "Waivers", record.waivers),
    ("difference", "Since the last report", record.difference),
    ("limits", "Limits", front.limits),
    ("reproduce", "How to reproduce", record.reproduce),
    ("signatures", "Sign-off", front.signatures),
    ("glossary", "Glossary", front.glossary),
)


def render(audit: Audit) -> str:
    """The audit as one HTML document, UTF-8."""
    style, script = _asset("style.css"), _asset("script.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    title = f"Privacy audit of {audit.target.database}, schema {audit.target.schema}: {audit.verdict.value}"
    links = "".join(
        f'<li><a href="#{slug}"><span class="n">{number}</span>{name}</a></li>'
        for number, (slug, name, _) in enumerate(_SECTIONS, start=1)
    )
    sections = "".join(
        f'<section id="{slug}" aria-labelledby="{slug}-title"><h2 id="{slug}-title"><span class="n">{number}</span>'
        f"{name}</h2>{section(audit)}</section>\n"
        for number, (slug, name, section) in enumerate(_SECTIONS, start=1)
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{html(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#content">Skip to the report</a>\n<div class="frame">\n'
        '<nav aria-label="Contents"><p class="mark">nosender</p>'
        f'<ol><li><a href="#cover"><span class="n"></span>Cover</a></li>{links}</ol></nav>\n'
        f'<main id="content">\n<section id="cover" aria-label="Cover">{front.cover(audit)}</section>\n'
        f"{sections}<footer>{front.footer(audit)}</footer>\n</main>\n</div>\n<script>{script}</script>\n</body>\n</html>\n"
    )


@cache
def _asset(name: str) -> str:
    return resources.files(f"{__package__}.page").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The hash by which a content security policy allows exactly this text."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
