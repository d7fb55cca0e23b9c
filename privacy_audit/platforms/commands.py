"""`nosender platform`: what a customer sets up on somebody else's server."""

from __future__ import annotations

import click

from nosender.project.platform import NAMES


@click.group()
def platform() -> None:
    """Somebody else's server: what to set up there, and whom a verdict trusts."""


@platform.command()
@click.argument("name", type=click.Choice(NAMES))
@click.option("--database", default="mail", show_default=True, metavar="NAME", help="The database to make.")
@click.pass_context
def setup(ctx: click.Context, name: str, database: str) -> None:
    """Print roles, logins, grants and settings for one platform: SQL for psql, or a manifest.

    Nothing is run, and no server is asked. What a line needs, and why, stands beside it.
    """
    from nosender.privacy_audit.platforms.profile import profiles
    from nosender.privacy_audit.platforms.setup import text
    from nosender.server.names import require_name
    from nosender.server.target import DatabaseOptions

    schema = DatabaseOptions.of(ctx).schema
    click.echo(text(profiles()[name], schema, require_name(database, "database")), nl=False)
