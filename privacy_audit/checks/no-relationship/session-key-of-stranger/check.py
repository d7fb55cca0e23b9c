"""Session keys whose device belongs to another user.

Such a row has both of them in it. A trigger refuses new ones; this counts those that are there. Reads all
rows up to 8 MB a table; of larger ones those on about ten pages, and the 30 of the highest ids.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.completeness import passed_over, referring
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.samples import samples
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="session-key-of-stranger",
    title="Every session key is stored for a device of its own user.",
    claim=Claim.NO_RELATIONSHIP,
    severity=Severity.CRITICAL,
    confidence=Confidence.CERTAIN,
    remedy="Delete the keys, and see that the trigger that refuses them is enabled.",
    since="0.1",
    waivable=False,
)


def look(snapshot: Snapshot) -> Answer:
    """The counts of the probe."""
    (row,) = snapshot.probe("audit_session_key_owners")
    joining = referring(snapshot.catalogue, "users") & referring(snapshot.catalogue, "webauthn_credentials")
    found: tuple[Found, ...] = ()
    if row["strangers"]:
        found = (
            Found(
                dotted(snapshot.schema, "device_session_keys"),
                "table",
                f"{row['strangers']} of {row['examined']} keys looked at are stored for somebody else's "
                f"device.",
                {"strangers": row["strangers"], "examined": row["examined"]},
            ),
        )
    return Answer(
        row["examined"],
        found,
        passed_over("audit_session_key_owners", joining, {("device_session_keys",)}),
        samples(snapshot.schema, [row], "device_session_keys", "webauthn_credential_id"),
    )
