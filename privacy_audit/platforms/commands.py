"""`nosender platform`: what a customer sets up on somebody else's server."""

from __future__ import annotations

from typing import Literal

import click

from nosender.project.platform import NAMES


@click.group()
def platform() -> None:
    """Somebody else's server: what to set up there, and whom a verdict trusts."""


@platform.command()
@click.argument("name", type=click.Choice(NAMES))
@click.option("--database", default="mail", show_default=True, metavar="NAME", help="The database to make.")
@click.option(
    "--for",
    "who",
    type=click.Choice(["customer", "admin"]),
    help="Only what the owner of the database may run, or only what an administrator must.",
)
@click.option("--existing", is_flag=True, help="The database is there; `postgres` always is.")
@click.pass_context
def setup(
    ctx: click.Context, name: str, database: str, who: Literal["customer", "admin"] | None, existing: bool
) -> None:
    """Print roles, logins, grants and settings for one platform: SQL for psql, or a manifest.

    Nothing is run, and no server is asked. What a line needs, and why, stands beside it.
    """
    from nosender.privacy_audit.platforms.profile import profiles
    from nosender.privacy_audit.platforms.setup import text
    from nosender.server.names import require_name
    from nosender.server.target import DatabaseOptions

    schema = DatabaseOptions.of(ctx).schema
    named = require_name(database, "database")
    click.echo(text(profiles()[name], schema, named, who, existing=existing), nl=False)
