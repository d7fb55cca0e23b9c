"""`nosender evidence key`, and `nosender audit sign`, `verify` and `diff`: parse, call, print, exit."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from nosender.files import write_whole
from nosender.privacy_audit.reports import FORMATS, Profile

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def evidence() -> None:
    """Keys for signing reports."""


@evidence.command()
@click.argument("path", type=_FILE)
def key(path: Path) -> None:
    """Make a signing key: PATH for its owner alone, and PATH.pub to hand out."""
    from nosender.privacy_audit.evidence import attest

    id_ = attest.make_key(path)
    click.echo(f"{id_}  {path}.pub")
    click.echo(f"private key: {path}, readable by you alone; public key: {path}.pub", err=True)


@click.command()
@click.argument("report", type=_FILE)
@click.option(
    "--key", "keys", type=_FILE, multiple=True, required=True, help="A private key; may be repeated."
)
def sign(report: Path, keys: tuple[Path, ...]) -> None:
    """Sign a JSON report. The signatures go into REPORT.dsse; a reviewer's is added to those there."""
    from nosender.privacy_audit.evidence import attest
    from nosender.privacy_audit.evidence.output import read

    content = read(report)
    beside = attest.envelope_path(report)
    former = read(beside) if beside.exists() else None
    loaded = [attest.load_private_key(path) for path in keys]
    write_whole(beside, attest.sign(content, report.name, loaded, former))
    for one in loaded:
        click.echo(f"signed by {attest.key_id(one.public_key())}")
    click.echo(f"signatures: {beside}", err=True)


@click.command()
@click.argument("report", type=_FILE)
@click.option(
    "--key",
    "keys",
    type=_FILE,
    multiple=True,
    help="A public key that you trust and that must have signed; may be repeated.",
)
@click.option("--envelope", type=_FILE, help="The signatures, where they are not beside the report.")
@click.option("--expect-cluster", "cluster", metavar="ID", help="The system identifier that it must be of.")
@click.option(
    "--expect-catalogue", "declared", metavar="SHA256", help="The catalogue's digest, or the word shipped."
)
@click.option("--expect-checks", "checks", type=click.Choice(["all"]), help="No check may be left out.")
@click.option("--expect-challenge", "challenge", metavar="TEXT", help="The word that you gave for this run.")
@click.pass_context
def verify(
    ctx: click.Context,
    report: Path,
    keys: tuple[Path, ...],
    envelope: Path | None,
    cluster: str | None,
    declared: str | None,
    checks: str | None,
    challenge: str | None,
) -> None:
    """Verify a signed report, offline. Exits 0 verified, 1 altered, not signed so or not as expected, 2 not a
    report.
    """
    from hashlib import sha256

    from nosender.errors import UsageError
    from nosender.privacy_audit.evidence import attest, binding
    from nosender.privacy_audit.evidence.output import read
    from nosender.terminal_text import visible

    content = read(report)
    attest.parse_report(content, report.name)
    beside = envelope or attest.envelope_path(report)
    if not beside.exists():
        raise UsageError(f"{report} is not signed: there is no {beside}")
    if not keys:
        raise UsageError("name whom you trust: give the signers' public keys with --key")
    trusted = [attest.load_public_key(path) for path in keys]
    answer = attest.verify(content, read(beside), report.name, trusted)
    if isinstance(answer, str):
        click.echo(f"nosender: {visible(answer)}", err=True)
        ctx.exit(1)
    expected = binding.Expected(cluster, declared, checks is not None, challenge)
    for name, digest in answer.others.items():
        place = report.with_name(Path(name).name)
        if place.exists() and sha256(read(place)).hexdigest() != digest:
            click.echo(f"nosender: {visible(str(place))} was altered after it was signed", err=True)
            ctx.exit(1)
    if differs := binding.unexpected(answer.report, expected):
        click.echo(f"nosender: {visible(differs)}", err=True)
        ctx.exit(1)
    run, target = answer.report["run"], answer.report["target"]
    database, schema = visible(str(target.get("database"))), visible(str(target.get("schema")))
    click.echo(
        f"verified: {visible(str(answer.predicate['verdict']))}, {database}, schema {schema}, "
        f"{visible(str(run.get('finished')))}{visible(binding.bound(answer.report))}"
    )
    for path, id_ in zip(keys, answer.signers, strict=True):
        click.echo(f"signed by {id_}  {path}")
    for name in answer.others:
        found = report.with_name(Path(name).name).exists()
        click.echo(f"of the same run, and {'unchanged' if found else 'not here'}: {visible(name)}")
    if answer.strangers:
        click.echo(f"and by {answer.strangers} whose keys were not given")


@click.command()
@click.argument("report", type=_FILE)
@click.option(
    "--format",
    "forms",
    type=click.Choice(list(FORMATS)),
    metavar="FORMAT",
    multiple=True,
    default=("text",),
    show_default=True,
    help=f"{', '.join(FORMATS)}. May be repeated; --output is then a folder.",
)
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write it here.")
@click.option(
    "--sarif-profile", "profile", type=click.Choice(["github", "full"]), default="github", show_default=True
)
def render(report: Path, forms: tuple[str, ...], output: Path | None, profile: Profile) -> None:
    """Make any format from a JSON report, offline. Verifies nothing: `audit verify` does that.

    A page made so has no inventory, diagram, queries and ledger: a JSON report does not hold them.
    """
    from nosender.privacy_audit.evidence import attest
    from nosender.privacy_audit.evidence import output as out
    from nosender.privacy_audit.reports.stored import stored

    delivery = out.prepare(forms, output, profile, (), None)
    audit = stored(attest.parse_report(out.read(report), report.name), report.name)
    for path in out.deliver(audit, delivery):
        click.echo(f"written: {path}", err=True)


@click.command()
@click.argument("before", type=_FILE)
@click.argument("after", type=_FILE)
@click.option(
    "--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True
)
def diff(before: Path, after: Path, form: str) -> None:
    """Compare two JSON reports: new, fixed, unchanged, newly waived, waived no longer.

    For reading alone: it decides nothing, and exits 0 whatever the difference is.
    """
    from nosender.privacy_audit.evidence import attest
    from nosender.privacy_audit.evidence.output import read
    from nosender.privacy_audit.evidence.report_diff import as_data, compare

    compared = compare(
        attest.parse_report(read(before), before.name), attest.parse_report(read(after), after.name)
    )
    if form == "json":
        import json

        click.echo(json.dumps(as_data(compared), indent=1))
    elif form == "markdown":
        from nosender.privacy_audit.reports import markdown

        click.echo(markdown.comparison(compared), nl=False)
    else:
        from nosender.privacy_audit.reports import text
        from nosender.terminal_text import terminal

        click.echo(text.comparison(compared, terminal(sys.stdout)), nl=False)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--key", "keys", type=_FILE, multiple=True, help="A public key that must have signed.")
@click.option(
    "--every",
    type=click.FloatRange(min=0, min_open=True),
    default=24,
    show_default=True,
    metavar="HOURS",
    help="How often an audit is due: a longer silence is a gap.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "html", "json"]), default="text", show_default=True
)
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write it here.")
@click.pass_context
def history(
    ctx: click.Context, folder: Path, keys: tuple[Path, ...], every: float, form: str, output: Path | None
) -> None:
    """Show a folder of JSON reports over time. Exits 1 where one was altered or a key did not sign it."""
    from datetime import timedelta

    from nosender.privacy_audit.evidence import attest
    from nosender.privacy_audit.evidence.history import history as read_folder
    from nosender.privacy_audit.reports import history as shown
    from nosender.terminal_text import PIPE, terminal

    found = read_folder(folder, [attest.load_public_key(path) for path in keys], timedelta(hours=every))
    if form == "html":
        told = shown.page(found)
    elif form == "json":
        told = shown.as_json(found)
    else:
        told = shown.text(found, PIPE if output else terminal(sys.stdout))
    if output is not None:
        write_whole(output, told.encode())
        click.echo(f"written: {output}", err=True)
    else:
        click.echo(told, nl=False)
    doubtful = {"altered", "unsigned"} if keys else set()
    ctx.exit(int(any(each.signature in doubtful for series in found.series for each in series.entries)))
