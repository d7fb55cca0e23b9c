"""A SECURITY DEFINER function, in any schema, that looks a name up where somebody else may create.

It has no search_path of its own, or one with a schema in which others than its owner may create, or without
pg_temp at its end: unnamed, that comes first for tables and types. Whoever creates there decides which table,
operator or function a name means, and it runs with the owner's rights; an exact match there beats an inexact
one of PostgreSQL's own, also behind pg_catalog. It cannot see whether all names in its text are qualified.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted, function_name
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.schema.observe.model import Function

CHECK = Check(
    slug="open-search-path",
    title="Every function with its owner's rights looks names up where nobody else may create.",
    claim=Claim.LEAST_PRIVILEGE,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Set search_path on it to pg_catalog, pg_temp, and write the schema before every other name.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every function of the database that runs with its owner's rights."""
    definers = [each for each in snapshot.live.functions if each.security_definer]
    creators = _creators(snapshot)
    found = ((each, _open(each, creators)) for each in definers)
    return Answer.of(
        definers,
        (
            Found(
                function_name(each),
                each.kind,
                f"It runs with its owner's rights and looks names up {where}.",
            )
            for each, where in found
            if where
        ),
    )


def _creators(snapshot: Snapshot) -> dict[str, set[str]]:
    """Who may create in each schema, superusers left out."""
    live = snapshot.live
    creators = {each.name: {each.owner} for each in live.schemas}
    for grant in live.grants:
        if grant.kind == "schema" and "CREATE" in grant.privileges:
            creators.setdefault(grant.object, set()).add(grant.grantee)
    supers = {each.name for each in live.roles if each.superuser}
    owner = {"pg_database_owner": live.database.owner}
    return {name: {owner.get(who, who) for who in roles} - supers for name, roles in creators.items()}


def _open(function: Function, creators: dict[str, set[str]]) -> str:
    """Where somebody else may create what it finds; nothing where nobody may."""
    line = next((line for line in function.config if line.startswith("search_path=")), None)
    if line is None:
        return "where its caller says"
    path = [name.strip(' "').replace('""', '"') for name in line.partition("=")[2].split(",")]
    for name in path:
        if name in ("pg_catalog", "pg_temp"):
            continue
        if name and name not in creators:
            return f"in a schema that is not there, {dotted(name)}"
        others = creators.get(name, set()) - {function.owner}
        if others:
            return f"in schema {dotted(name)}, where {', '.join(sorted(others))} may create"
    return "" if path[-1] == "pg_temp" else "first among what its caller made for the session"
