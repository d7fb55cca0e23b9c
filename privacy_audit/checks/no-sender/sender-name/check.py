"""A guess from names: columns called sender, from, author, source, contact, ip and the like.

It reads the words of a name, not parts of words, in snake and camel case, of every schema of the database:
tables, views, composite types. Declared columns are not guessed about. It misses whatever is called
otherwise, which is why the closed world does not rest on it.
"""

import re

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.schema.catalogue.places import place_of

WORDS = frozenset(
    [
        "sender",
        "senders",
        "from",
        "src",
        "source",
        "origin",
        "originator",
        "author",
        "creator",
        "caller",
        "callee",
        "peer",
        "peers",
        "jid",
        "contact",
        "contacts",
        "friend",
        "friends",
        "follower",
        "counterparty",
        "correspondent",
        "initiator",
        "owner",
        "sentby",
        "createdby",
        "postedby",
        "writtenby",
        "fromuser",
        "fromid",
        "fromip",
        "senderid",
        "sendernumber",
        "userid",
        "ip",
        "ipaddr",
        "ipaddress",
        "useragent",
        "hostname",
        "client",
        "remote",
    ]
)


def words_in(name: str) -> set[str]:
    """The words of a name: sender_phone, senderPhone, SENDER."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    parts = [part for part in re.split(r"[^A-Za-z0-9]+", spaced.lower()) if part]
    return {*parts, "".join(parts)}


CHECK = Check(
    slug="sender-name",
    title="No column anywhere is called like a sender, a contact or an address.",
    claim=Claim.NO_SENDER,
    severity=Severity.MEDIUM,
    confidence=Confidence.HINT,
    remedy="Look at what the column is for; drop it, or declare it if its name only sounds so.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every column of the database that the catalogue does not declare."""
    declared = {
        (*place_of(table.name, snapshot.schema), column.name)
        for table in snapshot.catalogue.tables
        for column in table.columns
    }
    telling = {name for name in {each.name for each in snapshot.live.columns} if words_in(name) & WORDS}
    return Answer(
        len(snapshot.live.columns),
        tuple(
            Found(
                dotted(each.schema, each.table, each.name),
                "column",
                "Its name sounds like who sent something, or from where.",
                {"type": each.type},
            )
            for each in (snapshot.live.columns if telling else ())
            if each.name in telling and (each.schema, each.table, each.name) not in declared
        ),
    )
