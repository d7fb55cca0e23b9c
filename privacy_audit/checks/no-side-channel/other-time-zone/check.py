"""A TimeZone other than UTC, stored for a role or database.

The zone says where somebody is, writes of its sessions are refused, and whatever gets around that stores a
moment hours off: expired at birth, or alive for nine hours too long.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

SAME = (
    "utc",
    "etc/utc",
    "gmt",
    "etc/gmt",
    "zulu",
    "etc/zulu",
    "universal",
    "etc/universal",
    "uct",
    "etc/uct",
)

CHECK = Check(
    slug="other-time-zone",
    title="No role or database keeps another time than UTC.",
    claim=Claim.NO_SIDE_CHANNEL,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Reset TimeZone for the role or database; stored times are UTC.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """What is stored for roles and databases."""
    stored = [each for each in snapshot.live.role_settings if each.name.lower() == "timezone"]
    return Answer.of(
        snapshot.live.role_settings,
        (
            Found(
                f"{dotted(each.role or each.database or 'every role')}: {each.name}",
                "stored setting",
                f"Its sessions run in {each.value}; stored times are UTC.",
            )
            for each in stored
            if each.value.lower() not in SAME
        ),
    )
