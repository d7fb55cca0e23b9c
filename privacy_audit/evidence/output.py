"""Where reports go: the screen, a file, a folder, the summary of a CI run; and their signatures."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nosender.errors import UsageError
from nosender.files import write_whole
from nosender.privacy_audit.evidence import attest
from nosender.privacy_audit.reports import FORMATS, Options, Profile, render
from nosender.terminal_text import terminal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from nosender.privacy_audit.result.audit import Audit

SUMMARY = "GITHUB_STEP_SUMMARY"
"""The file that a step of a GitHub workflow may add Markdown to; shown on the page of the run."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is to be written where. Checked before the audit runs, so that no audit runs for nothing."""

    formats: tuple[str, ...]
    output: Path | None
    """A file; with several formats, a folder. None is the screen."""
    profile: Profile
    keys: tuple[Ed25519PrivateKey, ...]
    baseline: bytes | None
    """The earlier report."""
    baseline_name: str = ""


def prepare(
    formats: tuple[str, ...],
    output: Path | None,
    profile: Profile,
    keys: tuple[Path, ...],
    baseline: Path | None,
) -> Delivery:
    """Check what was asked for; UsageError says what does not fit together or cannot be read."""
    formats = tuple(dict.fromkeys(formats))
    if len(formats) > 1 and output is None:
        raise UsageError("several formats need a folder to go to: add --output FOLDER")
    if len(formats) > 1 and output is not None and output.exists() and not output.is_dir():
        raise UsageError(f"{output} is a file, and several formats need a folder: name another --output")
    if len(formats) == 1 and output is not None and output.is_dir():
        raise UsageError(f"{output} is a folder: name a file in it")
    if keys and ("json" not in formats or output is None):
        raise UsageError("--sign signs the JSON report in a file: add --format json and --output")
    content = None
    if baseline is not None:
        content = read(baseline)
        attest.parse_report(content, baseline.name)
    return Delivery(
        formats,
        output,
        profile,
        tuple(attest.load_private_key(path) for path in keys),
        content,
        baseline.name if baseline else "",
    )


def compared(audit: Audit, delivery: Delivery) -> Audit:
    """The audit with what changed since the baseline in its annex; the same where there is none."""
    from nosender.privacy_audit.evidence.report_diff import compare, first_seen
    from nosender.privacy_audit.reports.json import as_data

    if delivery.baseline is None:
        return audit
    before = attest.parse_report(delivery.baseline, delivery.baseline_name)
    annex = replace(
        audit.annex, comparison=compare(before, as_data(audit)), first_seen=first_seen(before, audit)
    )
    return replace(audit, annex=annex)


def deliver(audit: Audit, delivery: Delivery) -> list[Path]:
    """Write every format and the signatures; returns the files written, none for the screen."""
    summarise(audit, delivery.formats)
    if delivery.output is None:
        (form,) = delivery.formats
        click.echo(render(form, audit, Options(terminal(sys.stdout), delivery.profile)), nl=False)
        return []
    if len(delivery.formats) == 1:
        files = {delivery.formats[0]: delivery.output}
    else:
        try:
            delivery.output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{delivery.output} cannot be made: {error.strerror}") from None
        files = {form: delivery.output / FORMATS[form] for form in delivery.formats}
    contents = {
        form: render(form, audit, Options(profile=delivery.profile)).encode() for form in delivery.formats
    }
    for form, path in files.items():
        write_whole(path, contents[form])
    written = list(files.values())
    if delivery.keys:
        report, envelope = files["json"], attest.envelope_path(files["json"])
        others = {files[form].name: content for form, content in contents.items() if form != "json"}
        signed = attest.sign(contents["json"], report.name, list(delivery.keys), others=others)
        write_whole(envelope, signed)
        written.append(envelope)
    return written


def summarise(audit: Audit, formats: tuple[str, ...]) -> None:
    """Add the Markdown to the summary of the CI run that this is a step of, when its format is asked for."""
    place = os.environ.get(SUMMARY)
    if not place or not {"github", "markdown"} & set(formats):
        return
    try:
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(render("markdown", audit))
    except OSError as error:
        raise UsageError(f"{SUMMARY} names {place}, which cannot be written: {error.strerror}") from None


def read(path: Path) -> bytes:
    """The bytes of a file that the user named; UsageError where there are none."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
