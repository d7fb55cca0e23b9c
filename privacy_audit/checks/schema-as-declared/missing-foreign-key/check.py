"""An allowed foreign key that is not there, or does not cascade.

Without it a device's deliveries and a user's keys outlive their owner, and forgetting a person forgets only
half.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.foreign_keys import foreign_keys, same_key
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="missing-foreign-key",
    title="Each of the six foreign keys is there, deletes with its parent, and is enforced.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Add the constraint as the DDL has it: on delete cascade, validated.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Each allowed key, held against the live ones of the same columns."""
    live = foreign_keys(snapshot)

    def holds(key: object) -> bool:
        return any(
            same_key(snapshot, each, key)
            and "ON DELETE CASCADE" in each.definition
            and each.validated
            and each.enforced
            for each in live
        )

    def wrong(key: object) -> str:
        found = [each for each in live if same_key(snapshot, each, key)]
        if not found:
            return "no foreign key sees to that"
        if any("ON DELETE CASCADE" in each.definition and each.enforced for each in found):
            return "the foreign key that sees to that was never validated: rows without one may stand"
        return "the foreign key that is there does not see to that"

    return Answer.of(
        snapshot.catalogue.foreign_keys,
        (
            Found(
                snapshot.named(key.table, *key.columns),
                "column",
                f"Rows should go with their row of {key.parent}, and {wrong(key)}.",
            )
            for key in snapshot.catalogue.foreign_keys
            if key.table in snapshot.tables and not holds(key)
        ),
    )
