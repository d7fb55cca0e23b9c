"""What the audit cannot see, said in every report."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .case import Case

ALWAYS = (
    "Order: serial numbers, xmin and the place of a row in its file keep the order of insertion. Together "
    "with "
    "the coarse times they give the moment of a message back to about half a minute on a busy server; "
    "sending in "
    "batches, in random order, is the remedy.",
    "Counts: how many messages, devices and keys a destination has is stored, because delivery needs it.",
    "Content: whether the ciphertexts were made with keys that the server does not know cannot be seen from "
    "them.",
    "Samples: of a table above 60 pages the probes read about 40 pages chosen at random and the 30 newest "
    "rows, and a probe that must look each row up in another table reads 24 rows; each check says how many, "
    "and the least share of bad rows that as many find with 95 %. That holds for faults that are spread over "
    "the table: where they lie together, pages count and not rows.",
    "Code: what a function builds as text and executes leaves no trace in the catalogs; bodies are compared "
    "with "
    "the declared ones instead, and an undeclared function is a finding whatever it does.",
    "Time: what stood in the database before this snapshot, or will after it, is not in it.",
    "Outside the database: backups, archived WAL, log files, connection poolers, the logs and exceptions of "
    "applications, swap, storage snapshots, network flows and replicas.",
    "Sessions: client addresses of live connections are visible to members of pg_read_all_stats while they "
    "last; "
    "certificate names, pg_hba.conf and pg_ident.conf are not read.",
    "Values that the server never shows: options of user mappings, connection strings of subscriptions and "
    "the "
    "content of large objects are not read; that they exist is a finding.",
)


def limits_of(case: Case) -> tuple[str, ...]:
    """The limits that always hold, and those of this database."""
    return (*ALWAYS, lifetime(case), *_schemas(case), *_databases(case), *_role(case))


def lifetime(case: Case) -> str:
    """How long a deleted row outlives the sweep in the log of changes, as far as the settings say."""
    settings = {each.name: each for each in case.live.settings}

    def value(name: str) -> str | None:
        found = settings.get(name)
        return found.value if found is not None and found.state == "set" else None

    archive, kept, slots = value("archive_mode"), value("wal_keep_size"), value("max_slot_wal_keep_size")
    parts = [
        {
            None: "this role may not see whether that is archived",
            "off": "the server archives none of it",
        }.get(archive, f"archive_mode is {archive}, so it lives on for as long as the archive is kept"),
        f"wal_keep_size keeps {kept} MB of it" if kept not in (None, "0") else "",
        "a slot keeps it without a bound, by max_slot_wal_keep_size"
        if case.surroundings.slots and slots in (None, "-1")
        else "",
    ]
    return (
        "Lifetime: a deleted row stands in the WAL until that is written over; "
        f"{'; '.join(part for part in parts if part)}. Base backups keep it as long as they are kept. The "
        "true lifetime of a row is the longest of these, which the database does not know."
    )


def _schemas(case: Case) -> list[str]:
    columns: dict[str, int] = {}
    for column in case.live.columns:
        if column.schema not in case.scope:
            columns[column.schema] = columns.get(column.schema, 0) + 1
    return [
        f"Schema {schema}: nothing in it leans on our tables, so its {count} columns were not held against "
        f"the "
        "catalogue."
        for schema, count in sorted(columns.items())
    ]


def _databases(case: Case) -> list[str]:
    return [f"Database {name} of the same cluster was not entered." for name in case.surroundings.databases]


def _role(case: Case) -> list[str]:
    return [f"Not shown to the role that looked: {what}." for what in case.live.database.unseen]
