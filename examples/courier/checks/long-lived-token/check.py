"""A push token whose table lets it live for ever: the constraint that ends it is gone.

It cannot see how long a token really lives; the sweep's receipt tells that.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity

CHECK = Check(
    slug="long-lived-token",
    title="Every push token says when it ends.",
    claim=Claim.RETENTION_RUNS,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Set expires_at of push_tokens not null again.",
    since="1",
)


def look(snapshot):
    """The column, where it may be null."""
    columns = [
        each for each in snapshot.ours("columns") if (each.table, each.name) == ("push_tokens", "expires_at")
    ]
    return Answer.of(
        columns,
        [
            Found(
                f"{each.schema}.push_tokens.expires_at",
                "column",
                "A token without an end is never swept.",
                {},
            )
            for each in columns
            if not each.not_null
        ],
    )
