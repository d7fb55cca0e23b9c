"""Makes an Observation of the answers: rows of the catalogs become records, OIDs become names."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from nosender.errors import IncompleteError
from nosender.schema.observe.cluster_model import Database, Setting
from nosender.schema.observe.model import (
    Column,
    Comment,
    Constraint,
    Dependency,
    DroppedColumn,
    Function,
    Grant,
    Index,
    Relation,
    SecurityLabel,
    Sequence,
    Trigger,
)
from nosender.schema.observe.observation import Observation
from nosender.schema.observe.quoting import qualified
from nosender.schema.observe.read.definitions import (
    Constraints,
    Indexes,
    Known,
    Place,
    QualifiedNames,
    not_null,
)
from nosender.schema.observe.read.distribution import distributed
from nosender.schema.observe.read.fast_records import Answer, Row, finished, twin
from nosender.schema.observe.read.queries import Ask, Wait
from nosender.schema.observe.read.records import RECORDS, ordered, record
from nosender.schema.observe.read.settings import read_settings


def assemble(schema: str, answers: dict[str, Wait], ask: Ask) -> Observation:
    """The Observation that the answers to all questions make; IncompleteError where they are not whole.

    Each answer is taken when its turn comes: the server works on the later ones meanwhile.
    """
    relations, sequences_found, places, kinds = _relations(answers.pop("relations")())
    live, dropped = _columns(answers.pop("columns")(), places)
    known = Known(places, kinds, QualifiedNames(places), live)
    not_nulls = _attach(answers.pop("attached")(), known)
    columns = [column for oid in sorted(live, key=places.__getitem__) for column in live[oid] if column]
    sequences = _sequences(sequences_found, known)
    constraints, indexes, comments, labels = _defined(known, answers, ask)
    few, settings, database = _few(answers.pop("few")())
    observed = Observation(
        schema=schema,
        database=database,
        schemas=ordered(few["schema"]),
        relations=ordered(relations),
        columns=tuple(finished(Column, columns)),
        dropped_columns=tuple(dropped),
        constraints=ordered(constraints + not_nulls),
        indexes=ordered(indexes),
        sequences=ordered(sequences),
        triggers=ordered(_triggers(answers.pop("triggers")())),
        event_triggers=ordered(few["event trigger"]),
        rules=ordered(few["rule"]),
        policies=ordered(few["policy"]),
        functions=ordered(answers.pop("functions")().records(Function)),
        types=ordered(few["type"]),
        grants=ordered(answers.pop("privileges")().records(Grant)),
        default_privileges=ordered(few["default privilege"]),
        comments=ordered(comments),
        security_labels=ordered(labels),
        extensions=ordered(few["extension"]),
        publications=ordered(few["publication"]),
        subscriptions=ordered(few["subscription"]),
        statistics=ordered(few["statistics"]),
        foreign_servers=ordered(few["foreign server"]),
        large_objects=ordered(few["large objects"]),
        others=ordered(few["other"]),
        dependencies=ordered(answers.pop("dependencies")().records(Dependency)),
        roles=ordered(few["role"]),
        memberships=ordered(few["membership"]),
        role_settings=ordered(few["role setting"]),
        settings=settings,
    )
    return distributed(observed, known, ask)


def _few(answer: Answer) -> tuple[dict[str, list[Any]], tuple[Setting, ...], Database]:
    """Records by the kind that cluster.sql, objects.sql and types.sql call them; settings; the database."""
    kinds: dict[str, list[Any]] = defaultdict(list)
    settings: list[dict[str, Any]] = []
    database: Database | None = None
    sees_settings = False
    for kind, facts in answer.rows:
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
    return kinds, read_settings(settings, database.server, sees_settings=sees_settings), database


def _unseen(sees_settings: bool, superuser: bool) -> tuple[str, ...]:
    hidden = []
    if not sees_settings:
        hidden.append("settings that only a member of pg_read_all_settings sees")
    if not superuser:
        hidden += ["connection strings of subscriptions", "options of user mappings of other roles"]
    return tuple(hidden)


def _relations(answer: Answer) -> tuple[list[Relation], Answer, dict[int, Place], dict[int, str]]:
    """Relations; the rows of sequences; and by OID, schema and name of both and what they are."""
    places: dict[int, Place] = {}
    kinds: dict[int, str] = {}
    sequences: list[Row] = []
    (at_kind,) = answer.at("kind")

    def others() -> Iterator[Row]:
        for row in answer.rows:
            places[row[0]] = (row[1], row[2])
            kinds[row[0]] = kind = row[at_kind]
            if kind == "sequence":
                sequences.append(row)
            else:
                yield row

    return Answer(answer.names, others()).records(Relation), Answer(answer.names, sequences), places, kinds


def _sequences(answer: Answer, known: Known) -> list[Sequence]:
    (table, column) = answer.at("owner_table", "owner_column")

    def owned_by(row: Row) -> str | None:
        return known.column(row[table], row[column]) if row[table] in known.live else None

    return answer.records(Sequence, owned_by=owned_by)


_STORAGE = {"p": "plain", "e": "external", "m": "main", "x": "extended"}


def _columns(answer: Answer, places: dict[int, Place]) -> tuple[dict[int, list[Any]], list[DroppedColumn]]:
    """The columns of each table, unfinished as long as nothing is attached to them; and dropped ones."""
    live: dict[int, list[Any]] = {}
    dropped: list[DroppedColumn] = []
    make, storages = twin(Column), _STORAGE
    table, position = 0, 0
    for oid, number, name, kind, required, storage, rare in answer.rows:
        if oid != table:
            table, position = oid, 0
            schema, table_name = places[oid]
            own: list[Any] = []
            live[oid] = own
        if name is None:
            dropped.append(DroppedColumn(schema, table_name, number))
            own.append(None)
            continue
        position += 1
        own.append(
            make(
                schema, table_name, position, name, kind,
                rare["base_type"], rare["element_type"], rare["collation"],
                required, None,
                rare["identity"], rare["generated"], storages[storage], rare["compression"],
                rare["statistics_target"], tuple(sorted(rare["options"] or ())),
                tuple(sorted(rare["foreign_options"] or ())), rare["inherited"],
                rare["has_missing_value"],
            )
            if rare
            else make(
                schema, table_name, position, name, kind, None, None, None, required, None,
                None, None, storages[storage], None, None, (), (), False, False,
            )
        )  # fmt: skip
    return live, dropped


def _attach(answer: Answer, known: Known) -> list[Constraint]:
    """Give columns their defaults; return the NOT NULL constraints that say more than their column does."""
    live, places = known.live, known.places
    found = []
    for oid, number, kind, text in answer.rows:
        column = live[oid][number - 1]
        if kind == "default":
            column.default = text
        elif text != f"{places[oid][1]}_{column.name}_not_null":  # the name that PostgreSQL gives
            found.append(not_null(places[oid], text, column.name))
    return found


def _defined(
    known: Known, answers: dict[str, Wait], ask: Ask
) -> tuple[list[Constraint], list[Index], list[Comment], list[SecurityLabel]]:
    """What has a definition or a name that may have to be asked for; all of that is asked for at once."""
    constraints = Constraints(answers.pop("constraints")(), known)
    indexes = Indexes(answers.pop("indexes")(), known, constraints.serving)
    annotations = answers.pop("annotations")()
    comments: list[Row] = []
    labelled: list[Row] = []
    for row in annotations.rows:
        (comments if row[0] == "comment" else labelled).append(row)
    unnamed = [
        row[1]
        for row in comments
        if row[3] is None and row[1] not in known.places and row[1] not in indexes.places
    ]
    asked: dict[str, dict[int, str]] = defaultdict(dict)
    for kind, oid, text in ask("definitions", indexes.asks, constraints.asks, unnamed)().rows:
        asked[kind][oid] = text
    constraints.define(asked.pop("constraint of ours", {}))
    definitions = asked.pop("index of ours", {})
    if odd := indexes.define(definitions):
        indexes.define({oid: text for _, oid, text in ask("definitions", odd, [], [])().rows})
    others = {oid: (kind, "pg_toast", name) for kind, named in asked.items() for oid, name in named.items()}
    return (
        finished(Constraint, constraints.made),
        finished(Index, indexes.made),
        _comments(comments, indexes.places, known, others),
        _labels(Answer(annotations.names, labelled)),
    )


def _triggers(answer: Answer) -> list[Trigger]:
    (arguments,) = answer.at("arguments")
    return answer.records(Trigger, arguments=lambda row: tuple(row[arguments].split("\\000")[:-1]))


# What a comment calls a relation where the relation itself is more exact.
_COMMENTED = {"partitioned table": "table", "composite type": "type"}


def _comments(
    rows: list[Row],
    indexes: dict[int, Place],
    known: Known,
    others: dict[int, tuple[str, str, str]],
) -> list[Comment]:
    make, places, kinds, names = twin(Comment), known.places, known.kinds, known.names
    found = []
    for _, oid, number, kind, schema, identity, _, text in rows:
        if kind is not None:
            found.append(make(kind, schema, identity, text))
        elif oid in kinds:
            if number:
                found.append(make("column", places[oid][0], known.column(oid, number), text))
            else:
                found.append(make(_COMMENTED.get(kinds[oid], kinds[oid]), places[oid][0], names[oid], text))
        elif oid in indexes:
            found.append(make("index", indexes[oid][0], qualified(*indexes[oid]), text))
        else:
            found.append(make(*others[oid], text))
    return finished(Comment, found)


def _labels(answer: Answer) -> list[SecurityLabel]:
    (text,) = answer.at("text")
    return answer.records(SecurityLabel, label=lambda row: row[text])
