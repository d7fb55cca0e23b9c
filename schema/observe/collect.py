"""Reads PostgreSQL's catalogs into an Observation: a constant number of statements, one snapshot."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from nosender.errors import IncompleteError
from nosender.schema.observe.names import predicate_of, qualified, quoted
from nosender.schema.observe.observation import Observation
from nosender.schema.observe.records import RECORDS, Answer, Row, maker, ordered, record
from nosender.schema.observe.settings import read_settings
from nosender.schema.observe.types import (
    Column,
    Comment,
    Constraint,
    Database,
    Dependency,
    DroppedColumn,
    Function,
    Grant,
    Index,
    Relation,
    SecurityLabel,
    Sequence,
    Trigger,
    Type,
)

if TYPE_CHECKING:
    import psycopg

# What a session can set that would change how PostgreSQL writes an expression down.
PINNED = {
    "search_path": "",
    "quote_all_identifiers": "off",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "lc_monetary": "C",
    "row_security": "off",
}


def observe(connection: "psycopg.Connection[Any]", schema: str, *, lock_timeout: int = 5000) -> Observation:
    """Read the database behind `connection`; `schema` is the one the caller is about.

    Runs in one read-only snapshot of its own; inside an open transaction, in a savepoint of that
    transaction, whose isolation is then the caller's choice. `lock_timeout` in milliseconds bounds
    the wait for a table that somebody holds under an exclusive lock; a shorter one already set is
    kept. Raises IncompleteError where anything could not be read: an Observation is always whole.
    """
    with _pinned(connection, lock_timeout), _no_collector():
        answers = {name: _ask(connection, name) for name in QUESTIONS}
    with _no_collector():
        return _assemble(schema, answers)


QUESTIONS = (
    "cluster",
    "objects",
    "relations",
    "columns",
    "constraints",
    "indexes",
    "triggers",
    "functions",
    "types",
    "privileges",
    "annotations",
    "dependencies",
)


def _ask(connection: "psycopg.Connection[Any]", question: str) -> Answer:
    from psycopg import Cursor  # the caller's connection may have another row factory

    text = (files(__package__) / f"{question}.sql").read_bytes()
    with Cursor(connection) as cursor:
        rows = cursor.execute(text).fetchall()
        return Answer([column.name for column in cursor.description or ()], rows)


@contextmanager
def _pinned(connection: "psycopg.Connection[Any]", lock_timeout: int) -> Iterator[None]:
    """A transaction in which the session's settings do not show in what PostgreSQL writes."""
    import psycopg
    from psycopg.pq import TransactionStatus

    ours = connection.info.transaction_status == TransactionStatus.IDLE
    values = ", ".join(f"pg_catalog.set_config('{name}', '{value}', true)" for name, value in PINNED.items())
    # 0 means to wait for ever
    shorter = (
        f"case when s.setting::int between 1 and {lock_timeout:d} then s.setting else '{lock_timeout:d}' end"
    )
    pin = (  # names and values of our own, and a number
        f"select pg_catalog.set_config('lock_timeout', {shorter}, true), {values}"  # noqa: S608
        " from pg_catalog.pg_settings as s where s.name = 'lock_timeout'"
    )
    try:
        # rolled back, so that what is pinned does not outlive the reading in a caller's transaction
        with connection.transaction(force_rollback=True):
            if ours:
                connection.execute("set transaction isolation level repeatable read, read only")
            connection.execute(pin.encode())
            yield
    except psycopg.errors.LockNotAvailable as error:
        raise IncompleteError(_locked(connection)) from error
    except psycopg.errors.InsufficientPrivilege as error:
        message = error.diag.message_primary or "a catalog"
        raise IncompleteError(f"unreadable: {message}, so the schema cannot be seen whole") from error
    except (
        psycopg.errors.InternalError_,
        psycopg.errors.UndefinedObject,
        psycopg.errors.UndefinedTable,
    ) as error:
        # PostgreSQL deparses from its live caches: an object dropped meanwhile is gone from them
        raise IncompleteError(
            f"unreadable: the schema changed while it was read ({error.diag.message_primary}); run again"
        ) from error
    except psycopg.OperationalError as error:
        # the connection ended, or a statement was cancelled
        message = (error.diag.message_primary or str(error)).strip().splitlines()[0]
        raise IncompleteError(f"unreadable: {message}") from error


def _locked(connection: "psycopg.Connection[Any]") -> str:
    """The sentence for a lock that was not won, with the relations held where they can be told."""
    import psycopg

    query = b"""
        select distinct n.nspname || '.' || c.relname, l.pid
        from pg_catalog.pg_locks as l
        inner join pg_catalog.pg_class as c on l.relation = c.oid
        inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
        where
            l.mode = 'AccessExclusiveLock'
            and l.granted
            and l.pid <> pg_catalog.pg_backend_pid()
            and c.oid >= 16384
            and c.relkind in ('r', 'p', 'm', 'v')
            and l.database = (
                select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database()
            )
        order by 1, 2
        limit 4
    """
    try:
        with connection.transaction(), psycopg.Cursor(connection) as cursor:
            held = [f"{name} (by pid {pid})" for name, pid in cursor.execute(query).fetchall()]
    except psycopg.Error:
        held = []
    what = ", ".join(held) or "a table"
    return f"unreadable: locked: {what} is held under an exclusive lock by another session; run again later"


@contextmanager
def _no_collector() -> Iterator[None]:
    """Hundreds of thousands of records are made and all of them kept: there is no garbage to look for."""
    import gc

    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _assemble(schema: str, answers: dict[str, Answer]) -> Observation:
    kinds: dict[str, list[Any]] = defaultdict(list)
    settings: list[dict[str, Any]] = []
    database: Database | None = None
    sees_settings = False
    for kind, facts in (*answers["cluster"].rows, *answers["objects"].rows):
        if kind == "database":
            sees_settings = facts.pop("sees_settings")
            unseen = _unseen(sees_settings, facts.pop("superuser"))
            database = Database(**facts, unseen=unseen)
        elif kind == "setting":
            settings.append(facts)
        else:
            kinds[kind].append(record(RECORDS[kind], facts))
    if database is None:
        raise IncompleteError("unreadable: pg_database does not show this database to this role")

    relations, sequences, places = _relations(answers["relations"])
    columns, dropped, names = _columns(answers["columns"], places)
    comments, labels = _annotations(answers["annotations"])
    return Observation(
        schema=schema,
        database=database,
        schemas=ordered(kinds["schema"]),
        relations=ordered(relations),
        columns=tuple(columns),
        dropped_columns=tuple(dropped),
        constraints=ordered(_constraints(answers["constraints"], names)),
        indexes=ordered(_indexes(answers["indexes"], names)),
        sequences=ordered(sequences),
        triggers=ordered(_triggers(answers["triggers"])),
        event_triggers=ordered(kinds["event trigger"]),
        rules=ordered(kinds["rule"]),
        policies=ordered(kinds["policy"]),
        functions=ordered(answers["functions"].records(Function)),
        types=ordered(answers["types"].records(Type)),
        grants=ordered(answers["privileges"].records(Grant)),
        default_privileges=ordered(kinds["default privilege"]),
        comments=ordered(comments),
        security_labels=ordered(labels),
        extensions=ordered(kinds["extension"]),
        publications=ordered(kinds["publication"]),
        subscriptions=ordered(kinds["subscription"]),
        statistics=ordered(kinds["statistics"]),
        foreign_servers=ordered(kinds["foreign server"]),
        large_objects=ordered(kinds["large objects"]),
        others=ordered(kinds["other"]),
        dependencies=ordered(answers["dependencies"].records(Dependency)),
        roles=ordered(kinds["role"]),
        memberships=ordered(kinds["membership"]),
        role_settings=ordered(kinds["role setting"]),
        settings=read_settings(settings, database.server, sees_settings=sees_settings),
    )


def _unseen(sees_settings: bool, superuser: bool) -> tuple[str, ...]:
    hidden = []
    if not sees_settings:
        hidden.append("settings that only a member of pg_read_all_settings sees")
    if not superuser:
        hidden += ["connection strings of subscriptions", "options of user mappings of other roles"]
    return tuple(hidden)


def _relations(answer: Answer) -> tuple[list[Relation], list[Sequence], dict[int, tuple[str, str]]]:
    """Relations and sequences; and schema and name by OID, for the columns."""
    oid, schema, name, kind = answer.at("oid", "schema", "name", "kind")
    sequences = Answer(answer.names, [row for row in answer.rows if row[kind] == "sequence"])
    rest = Answer(answer.names, [row for row in answer.rows if row[kind] != "sequence"])
    places = {row[oid]: (row[schema], row[name]) for row in rest.rows}
    return rest.records(Relation), sequences.records(Sequence), places


def _columns(
    answer: Answer, places: dict[int, tuple[str, str]]
) -> tuple[list[Column], list[DroppedColumn], dict[int, dict[int, str]]]:
    """Live and dropped columns; and their names by table OID and number, for constraints and indexes."""
    oid, number, name, kind, not_null, default, storage, rare = answer.at(
        "attrelid", "attnum", "name", "type", "not_null", "default", "storage", "rare"
    )
    grouped: dict[int, list[Row]] = defaultdict(list)
    for row in answer.rows:
        grouped[row[oid]].append(row)
    names: dict[int, dict[int, str]] = {}
    columns: list[Column] = []
    dropped: list[DroppedColumn] = []
    make = maker(Column)
    for place, (schema, table) in sorted(places.items(), key=lambda entry: entry[1]):
        own = names[place] = {}
        for row in sorted(grouped.get(place, ()), key=itemgetter(number)):
            if row[name] is None:
                dropped.append(DroppedColumn(schema, table, row[number]))
                continue
            own[row[number]] = row[name]
            few = row[rare] or _NOTHING_RARE
            columns.append(
                make(
                    schema, table, len(own), row[name], row[kind],
                    few["base_type"], few["element_type"], few["collation"],
                    row[not_null], row[default],
                    few["identity"], few["generated"], row[storage], few["compression"],
                    few["statistics_target"], tuple(sorted(few["options"] or ())),
                    tuple(sorted(few["foreign_options"] or ())), few["inherited"], few["has_missing_value"],
                )
            )  # fmt: skip
    return columns, dropped, names


_NOTHING_RARE: dict[str, Any] = {
    "base_type": None, "element_type": None, "collation": None, "identity": None, "generated": None,
    "compression": None, "statistics_target": None, "options": None, "foreign_options": None,
    "inherited": False, "has_missing_value": False,
}  # fmt: skip


def _constraints(answer: Answer, names: dict[int, dict[int, str]]) -> list[Constraint]:
    oid, keys, to_oid, to_keys, definition = answer.at(
        "conrelid", "conkey", "confrelid", "confkey", "definition"
    )
    none: dict[int, str] = {}

    def defined(row: Row) -> str:
        own = _named(names.get(row[oid], none), row[keys])
        return row[definition] or f"PRIMARY KEY ({', '.join(map(quoted, own))})"

    return answer.records(
        Constraint,
        definition=defined,
        columns=lambda row: _named(names.get(row[oid], none), row[keys]),
        referenced_columns=lambda row: _named(names.get(row[to_oid], none), row[to_keys]),
        # the catalog says so in a column that only 18 has
        enforced=lambda row: not (row[definition] or "").endswith(" NOT ENFORCED"),
    )


def _named(names: dict[int, str], keys: list[int] | None) -> tuple[str, ...]:
    return tuple([names[key] for key in keys or () if key in names])


def _indexes(answer: Answer, names: dict[int, dict[int, str]]) -> list[Index]:
    oid, keys, schema, name, table, method, definition, partial = answer.at(
        "indrelid", "keys", "schema", "name", "table", "method", "definition", "partial"
    )
    none: dict[int, str] = {}

    def columns(row: Row) -> tuple[str | None, ...]:
        return tuple(map(names.get(row[oid], none).get, row[keys]))

    def defined(row: Row) -> str:
        own = ", ".join(quoted(column or "") for column in columns(row))
        return row[definition] or (
            f"CREATE UNIQUE INDEX {quoted(row[name])} ON {qualified(row[schema], row[table])}"
            f" USING {row[method]} ({own})"
        )

    return answer.records(
        Index,
        columns=columns,
        definition=defined,
        predicate=lambda row: predicate_of(row[definition]) if row[partial] else None,
    )


def _triggers(answer: Answer) -> list[Trigger]:
    (arguments,) = answer.at("arguments")
    return answer.records(Trigger, arguments=lambda row: tuple(row[arguments].split("\\000")[:-1]))


def _annotations(answer: Answer) -> tuple[list[Comment], list[SecurityLabel]]:
    (which, text) = answer.at("annotation", "text")
    comments = Answer(answer.names, [row for row in answer.rows if row[which] == "comment"])
    labels = Answer(answer.names, [row for row in answer.rows if row[which] == "label"])
    return comments.records(Comment), labels.records(SecurityLabel, label=lambda row: row[text])
