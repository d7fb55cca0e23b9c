"""Values in other schemas that are phone numbers of our users or destinations.

Whatever the column is called and however the number is written, it joins: a table of calls or customers
beside ours gives the sender back. Up to 300 rows of every text column of a plain table elsewhere are
compared, digits only. A column that the owner of our tables may not read is not tested, unless its schema is
declared out of scope.
"""

from nosender.privacy_audit.case import Case
from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.names import dotted

CHECK = Check(
    slug="matching-value",
    title="No phone number of ours stands in another schema.",
    claim=Claim.NO_RELATIONSHIP,
    severity=Severity.HIGH,
    confidence=Confidence.LIKELY,
    remedy="Drop the column, or the table; what has to stay belongs in another database.",
    since="0.1",
)


def look(case: Case) -> Answer:
    """The counts of the probe, without the schemas that are declared."""
    declared = {named.name for named in case.catalogue.out_of_scope}
    rows = [row for row in case.probe("audit_matching_values") if row["schema_name"] not in declared]
    unread = sorted({row["schema_name"] for row in rows if not row["readable"]})
    return Answer(
        sum(row["examined"] for row in rows),
        tuple(
            Found(
                dotted(row["schema_name"], row["table_name"], row["column_name"]),
                "column",
                f"{row['matching']} of {row['examined']} values looked at are phone numbers of ours.",
                {"matching": row["matching"], "examined": row["examined"]},
            )
            for row in rows
            if row["matching"]
        ),
        f"the owner of our tables may not read schema {', '.join(unread)}" if unread else None,
    )
