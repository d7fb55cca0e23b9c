"""What the audit cannot see, said in every report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.privacy_audit.snapshot.snapshot import Unseen, brought_along
from nosender.schema.catalogue.sides import sides
from nosender.schema.observe.turned import values_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nosender.privacy_audit.result.audit import Trust
    from nosender.privacy_audit.snapshot.snapshot import Snapshot
    from nosender.schema.observe.observation import SchemaKind

ALWAYS = (
    "Order: until a row settles, at the first sweep after its hour is over, its place in its file, xmin, the "
    "numbers of values out of line and the locks that calls left keep the order of insertion, and the order "
    "names partners: where no row settles, one copy names first a real contact of two in three people; "
    "where all do, of one in six, by what was read and written since the last settle, and nearly always "
    "of whoever rotated a session key since, measured by `nosender audit attack` on synthetic traffic of "
    "1,000 people. A low number of that attack is the success of what was tried, never a proof. Copies "
    "taken often, watching live, WAL, replicas, backups and free bytes in pages keep the order as long as "
    "they are kept. Among ten people an hour is a name.",
    "Counts: how many messages, devices and keys a destination has is stored, because delivery needs it.",
    "Content: whether the ciphertexts were made with keys that the server does not know cannot be seen "
    "from them.",
    "Samples: of a table above 2 MB the probes read about 40 pages chosen at random and the 30 rows of the "
    "highest ids: of messages and deliveries those of the last day, of keys any, for ids are drawn. "
    "Where each row must be looked up in other tables, all rows up to 8 MB a table, else 10 pages "
    "and those 30. Each check says how many rows that was, and the least share of bad ones that as "
    "many find with 95 %; it holds for faults that are spread over the table: where they lie together, "
    "pages count and not rows.",
    "Choices: what a sender may choose carries a few bits of whoever wants to be recognised: the lifetime "
    "of a message, its length, the order of ids in a batch, a mark of a few bytes in the middle of a "
    "ciphertext or of a letter in an identifier. Whoever owns the tables has more of them: bits of ids, "
    "moments, the rows of people that one transaction writes, destinations that are nobody's number and "
    "stand for two. Beginnings, ends, lengths, shared values, numbers that do not fill the bits of an id and "
    "what is stored about people are looked for, and nothing finer.",
    "Names: of replication origins and tablespaces the name is read for a number and nothing else; options "
    "of tablespaces, names of other databases, grants on server parameters, advisory locks, notifications "
    "on their way, prepared statements and temporary tables of other sessions are not read, nor are rows "
    "that a superuser added to PostgreSQL's own tables. Of words that stand in no row, such as the names "
    "of a few empty schemas or a score of states, the number of them is looked at, and not what they say.",
    "Code: what a function builds as text and executes leaves no trace in the catalogs; bodies are "
    "compared with the declared ones instead, and an undeclared function is a finding whatever it does. "
    "Whoever owns a table could put an index or statistics over a function beside it in the moment in "
    "which it is read, and that would run with the rights of whoever reads: of a login without any, those "
    "of the owner of our tables. A superuser holds the tables meanwhile; on a standby nobody can.",
    "Time: what stood in the database before this snapshot, or will after it, is not in it.",
    "Which cluster: a physical copy, a standby or a restored backup has the same system identifier, and is "
    "told apart by timeline, start and address alone.",
    "Outside the database: backups, archived WAL, log files, connection poolers, the logs and exceptions "
    "of applications, swap, storage snapshots, network flows and replicas.",
    "Sessions: client addresses of live connections are visible to members of pg_read_all_stats while "
    "they last; certificate names, pg_hba.conf and pg_ident.conf are not read.",
    "Values that the server never shows: options of user mappings, connection strings of subscriptions "
    "and the content of large objects are not read; that they exist is a finding.",
)


_NAMED = 5
"""Other databases that are named; of more, the rest is counted."""


def limits_of(snapshot: Snapshot) -> tuple[str, ...]:
    """The limits that always hold, and those of this database."""
    return (
        *ALWAYS,
        lifetime(snapshot),
        *_schemas(snapshot),
        *_databases(snapshot),
        *_role(snapshot),
        *_nodes(snapshot),
        *_replays(snapshot),
        *unsettled_tables(snapshot),
    )


def limits_of_trust(trust: Trust | None) -> tuple[str, ...]:
    """Whom the verdict trusts on somebody else's server, and how long copies live there as declared."""
    if trust is None:
        return ()
    if not trust.declared:
        return (
            f"Platform: it looks like {trust.title}, whose own roles read everything: declare it as "
            f'[platform] with name = "{trust.platform}" in nosender.toml.',
        )
    said = trust.said
    limits = [
        f"Trusted: {each.phrase}; no look at the database shows whether they do." for each in trust.parties
    ]
    if trust.lifetime:
        limits.append(
            "Lifetime, as declared: a row that has expired is gone from the tables and from all backups "
            f"after {trust.lifetime}; a backup is restored with what it holds."
        )
    if "log_days" in said and "log_readers" in said:
        limits.append(
            f"Log of the server, as declared: kept for {said['log_days']} days, "
            f"read by {said['log_readers']}."
        )
    if "replicas" in said:
        limits.append(f"Replicas, as declared: {said['replicas']}; none of them was looked into.")
    return (*limits, *(f"Platform: {name} is not declared." for name in trust.undeclared))


def unsettled_tables(snapshot: Snapshot) -> list[str]:
    """Tables that somebody declared beside ours: a sweep settles none of them."""
    answer = snapshot.probes.get("audit_settling")
    if answer is None or isinstance(answer, Unseen):
        return []
    settled = {row["table_name"] for row in answer}
    kept = [
        name
        for name, side in sorted(sides(snapshot.catalogue).items())
        if side != "bookkeeping" and name not in settled and name in snapshot.tables
    ]
    if not kept:
        return []
    return [
        f"Order, of tables beside ours: no sweep settles {', '.join(kept)}, so their rows keep the order in "
        "which they were written, and with it what else was stored at the same moment."
    ]


def _nodes(snapshot: Snapshot) -> list[str]:
    from nosender.schema.layouts import layout

    if snapshot.live.distribution is None:
        return []
    return [
        f"Layout: over several nodes some rules of one server do not hold. {' '.join(layout.read().losses)}",
        "Nodes: content, deliveries and transactions are read on each node, by a login that may read its "
        "shards. What else the rows of shards hold is asked through the coordinator, and whoever owns that "
        "answers for all nodes. What one node keeps in its log, its WAL and its backups is that node's.",
    ]


def _replays(snapshot: Snapshot) -> list[str]:
    knobs = values_of(snapshot.live)
    if knobs is None or knobs.delivered == "keep":
        return []
    return [
        "Replays: acknowledged messages are deleted (delivered = delete), and with them what recognises one "
        "that is sent again: after the last acknowledgement a replay is stored as a new message."
    ]


def lifetime(snapshot: Snapshot) -> str:
    """How long a deleted row outlives the sweep in the log of changes, as far as the settings say."""
    settings = {each.name: each for each in snapshot.live.settings}

    def value(name: str) -> str | None:
        found = settings.get(name)
        return found.value if found is not None and found.unseen is None else None

    archive, kept, slots = value("archive_mode"), value("wal_keep_size"), value("max_slot_wal_keep_size")
    parts = [
        {
            None: "this role may not see whether that is archived",
            "off": "the server archives none of it",
        }.get(archive, f"archive_mode is {archive}, so it lives on for as long as the archive is kept"),
        f"wal_keep_size keeps {kept} MB of it" if kept not in (None, "0") else "",
        "a slot keeps it without a bound, by max_slot_wal_keep_size"
        if snapshot.surroundings.slots and slots in (None, "-1")
        else "",
    ]
    return (
        "Lifetime: a deleted row stands in the WAL until that is written over; "
        f"{'; '.join(part for part in parts if part)}. Base backups keep it as long as they are kept. The "
        "true lifetime of a row is the longest of these, which the database does not know."
    )


def _schemas(snapshot: Snapshot) -> list[str]:
    kinds: tuple[SchemaKind, ...] = ("columns", "functions", "types", "sequences", "others")
    counts: dict[str, dict[SchemaKind, int]] = {}
    for kind in kinds:
        for each in snapshot.live.of(kind):
            if each.schema is not None and each.schema not in snapshot.scope and not brought_along(each):
                found = counts.setdefault(each.schema, dict.fromkeys(kinds, 0))
                found[kind] += 1
    return [
        f"Schema {schema}: nothing in it leans on our tables, so its {_told(found)} were not held against "
        "the catalogue."
        for schema, found in sorted(counts.items())
    ]


def _told(found: Mapping[SchemaKind, int]) -> str:
    """`3 columns, 1 functions`: columns always, the rest where there are any."""
    words: Mapping[SchemaKind, str] = {"others": "other objects"}
    return ", ".join(
        f"{count} {words.get(kind, kind)}" for kind, count in found.items() if count or kind == "columns"
    )


def _databases(snapshot: Snapshot) -> list[str]:
    """One line, however many there are; a cluster may hold hundreds."""
    names = snapshot.surroundings.databases
    if len(names) > _NAMED:
        return [
            f"{len(names)} other databases of the same cluster were not entered, {', '.join(names[:_NAMED])} "
            f"and {len(names) - _NAMED} more."
        ]
    return [f"Database {name} of the same cluster was not entered." for name in names]


def _role(snapshot: Snapshot) -> list[str]:
    hidden = [f"Not shown to the role that looked: {what}." for what in snapshot.live.database.unseen]
    rights = rights_of_reader(snapshot)
    if rights is None:
        return hidden
    return [
        f"Rights: the audit ran as {rights}, so whatever a database made it run would have had those rights. "
        "A role of its own has none: create role NAME login in role nosender_auditor; grant "
        "pg_read_all_settings to NAME.",
        *hidden,
    ]


def rights_of_reader(snapshot: Snapshot) -> str | None:
    """What the role that looked is, where it is more than an auditor: a superuser, or an owner."""
    reader = snapshot.live.database.reader
    if any(each.name == reader and each.superuser for each in snapshot.live.roles):
        return "a superuser"
    if any(each.owner == reader for each in snapshot.tables.values()):
        return "the owner of the tables"
    owners = {each.owner for each in snapshot.live.schemas if each.name == snapshot.schema}
    return (
        "the owner of the schema or database" if reader in owners | {snapshot.live.database.owner} else None
    )
