"""A phone number in the catalogs, where every login can read it.

A table or a role per user, a partition bound, a predicate of an index, a trigger's argument, a comment, a row
filter of a publication, the gid of a prepared transaction, the name of a tablespace or of a
replication origin: none of them is a row, and no sweep reaches them. Reads every name and text that the
catalogs show, those of the cluster too; what the DDL has word for word is accounted for. The number
itself is not repeated.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.sql_texts import KINDS, Text, texts, with_numbers
from nosender.privacy_audit.snapshot.object_names import phone_numbers
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="number-in-name",
    title="No name, label, comment or expression in the catalogs holds a phone number.",
    claim=Claim.NO_SENDER,
    severity=Severity.HIGH,
    confidence=Confidence.LIKELY,
    remedy="Rename or drop the object. The catalogs are readable for every login, and kept in every dump.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every object of the catalogs, for texts that the declared ones do not have."""
    live = [
        *texts(with_numbers(snapshot.live)),
        *(Text(None, f"{kind} {name}", kind, name) for kind, name in snapshot.surroundings.numbered),
    ]
    suspects = [each for each in live if phone_numbers(each.text)]
    declared = (
        {(each.object, each.kind, each.text) for each in texts(snapshot.declared)}
        if suspects
        else set[object]()
    )
    return Answer(
        sum(len(snapshot.live.of(kind)) for kind in KINDS),
        tuple(
            Found(each.object, each.kind, "It holds what reads like a phone number, for every login to see.")
            for each in suspects
            if (each.object, each.kind, each.text) not in declared
        ),
    )
