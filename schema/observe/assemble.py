"""Makes an Observation of the answers: rows of the catalogs become records, OIDs become names."""

from collections import defaultdict
from collections.abc import Callable
from itertools import groupby
from operator import itemgetter
from typing import Any

from nosender.errors import IncompleteError
from nosender.schema.observe.compose import (
    Columns,
    Place,
    alike,
    index_definitions,
    key_definition,
    numbers,
    shape,
)
from nosender.schema.observe.names import qualified, quoted
from nosender.schema.observe.observation import Observation
from nosender.schema.observe.records import RECORDS, Answer, Row, finished, ordered, record, twin
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

# Asks definitions.sql for the OIDs of indexes, of constraints and of relations.
Ask = Callable[[list[int], list[int], list[int]], Answer]


def assemble(schema: str, answers: dict[str, Answer], ask: Ask) -> Observation:
    """The Observation that the answers to all questions make; IncompleteError where they are not whole."""
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

    places = _places(answers["relations"])
    columns, dropped, live = _columns(answers["columns"], places)
    relations, sequences = _relations(answers["relations"], places, live)
    constraints, indexes, comments = _defined(answers, places, live, ask)
    return Observation(
        schema=schema,
        database=database,
        schemas=ordered(kinds["schema"]),
        relations=ordered(relations),
        columns=tuple(columns),
        dropped_columns=tuple(dropped),
        constraints=ordered(constraints),
        indexes=ordered(indexes),
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
        security_labels=ordered(_labels(answers["annotations"])),
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


def _places(answer: Answer) -> dict[int, Place]:
    """Schema and name of relations and sequences by OID."""
    return {row[0]: (row[1], row[2]) for row in answer.rows}


def _relations(
    answer: Answer, places: dict[int, Place], live: Columns
) -> tuple[list[Relation], list[Sequence]]:
    (kind, table, column) = answer.at("kind", "owner_table", "owner_column")

    def owned_by(row: Row) -> str | None:
        if row[table] is None or row[table] not in places:
            return None
        return qualified(*places[row[table]], live[row[table]][row[column] - 1][2])

    sequences = Answer(answer.names, [row for row in answer.rows if row[kind] == "sequence"])
    rest = Answer(answer.names, [row for row in answer.rows if row[kind] != "sequence"])
    return rest.records(Relation), sequences.records(Sequence, owned_by=owned_by)


def _columns(answer: Answer, places: dict[int, Place]) -> tuple[list[Column], list[DroppedColumn], Columns]:
    """Live and dropped columns; and the rows of the live ones by table OID and number."""
    answer.rows.sort()  # by table and number, which no two rows share
    grouped = [(places[oid], oid, list(rows)) for oid, rows in groupby(answer.rows, key=itemgetter(0))]
    live: Columns = {}
    columns: list[Column] = []
    dropped: list[DroppedColumn] = []
    make, add = twin(Column), columns.append
    for (schema, table), oid, rows in sorted(grouped, key=itemgetter(0)):
        live[oid] = rows
        position = 0
        for _, number, name, kind, not_null, default, storage, rare in rows:
            if name is None:
                dropped.append(DroppedColumn(schema, table, number))
                continue
            position += 1
            add(
                make(
                    schema, table, position, name, kind,
                    rare["base_type"], rare["element_type"], rare["collation"],
                    not_null, default,
                    rare["identity"], rare["generated"], storage, rare["compression"],
                    rare["statistics_target"], tuple(sorted(rare["options"] or ())),
                    tuple(sorted(rare["foreign_options"] or ())), rare["inherited"],
                    rare["has_missing_value"],
                )
                if rare
                else make(
                    schema, table, position, name, kind, None, None, None, not_null, default,
                    None, None, storage, None, None, (), (), False, False,
                )
            )  # fmt: skip
    return finished(Column, columns), dropped, live


def _defined(
    answers: dict[str, Answer], places: dict[int, Place], live: Columns, ask: Ask
) -> tuple[list[Constraint], list[Index], list[Comment]]:
    """What has a definition or a name that may have to be asked for; all of that is asked for at once."""
    indexes = answers["indexes"].rows
    shapes = [shape(row, live.get(row[1], _NONE)) for row in indexes]
    index_places = {row[0]: (row[3], row[2]) for row in indexes}
    constraints = [row for row in answers["constraints"].rows if not _says_no_more(row, places, live)]
    named = places.keys() | index_places.keys()
    comments = [row for row in answers["annotations"].rows if row[0] == "comment"]
    asked: dict[str, dict[int, str]] = defaultdict(dict)
    answer = ask(
        [indexes[at][0] for at in alike(shapes).values()],
        [row[0] for row in constraints if not _is_plain(row, places)],
        [row[1] for row in comments if row[3] is None and row[1] not in named],
    )
    for kind, oid, definition in answer.rows:
        asked[kind][oid] = definition

    others = {
        oid: (kind, "pg_toast", identity)
        for kind in asked.keys() - {"index of ours", "constraint of ours"}
        for oid, identity in asked[kind].items()
    }

    def again(oids: list[int]) -> dict[int, str]:
        rows = ask(oids, [], []).rows
        return {oid: definition for _, oid, definition in rows}

    tables = [places[row[1]] if row[1] in places else (row[3], row[23]) for row in indexes]
    definitions = index_definitions(indexes, shapes, tables, asked["index of ours"], again)
    serves = {row[7]: row for row in constraints if row[3] in ("p", "u", "x")}
    made = twin(Index)
    found = []
    for row, (_, table), (definition, predicate) in zip(indexes, tables, definitions, strict=True):
        columns = live.get(row[1])
        constraint = serves.get(row[0])
        found.append(
            made(
                row[3], row[2], table, definition, row[4],
                tuple([columns[key - 1][2] if columns and key > 0 else None for key in numbers(row[5])]),
                row[9], row[21], predicate,
                constraint[1] if constraint and constraint[2] == row[1] else None,
                *row[11:17], tuple(sorted(row[18] or ())), tuple(row[22] or ()), row[19], row[20],
            )
        )  # fmt: skip
    return (
        _constraints(constraints, places, live, asked["constraint of ours"]),
        finished(Index, found),
        _comments(comments, answers["relations"], index_places, live, others),
    )


_NONE: list[Row] = []

_CONSTRAINTS = {
    "p": "primary key", "u": "unique", "c": "check", "f": "foreign key", "x": "exclusion", "n": "not null",
}  # fmt: skip


def _says_no_more(row: Row, places: dict[int, Place], live: Columns) -> bool:
    """Whether it is a NOT NULL under the name that PostgreSQL gives: then the column says it."""
    if row[3] != "n" or not row[8] or row[2] not in places:
        return False
    (number,) = numbers(row[4])
    return bool(row[1] == f"{places[row[2]][1]}_{live[row[2]][number - 1][2]}_not_null")


def _is_plain(row: Row, places: dict[int, Place]) -> bool:
    """Whether names alone say it. PostgreSQL leaves the schema out where it is its own or a temporary one."""
    if not row[14] or row[2] not in places:
        return False
    return row[3] != "f" or (row[5] in places and not places[row[5]][0].startswith("pg_"))


def _constraints(
    rows: list[Row], places: dict[int, Place], live: Columns, asked: dict[int, str]
) -> list[Constraint]:
    make = twin(Constraint)
    found = []
    for row in rows:
        kind, referenced = row[3], None
        columns = _named(live, row[2], row[4])
        to_columns = _named(live, row[5], row[6])
        schema, table = places.get(row[2]) or row[15]
        if row[5]:
            referenced = places.get(row[5]) or tuple(row[16])
        definition = asked.get(row[0]) or key_definition(
            kind, columns, referenced, to_columns, (row[11], row[12]), (row[9], row[10])
        )
        found.append(
            make(
                schema, table, row[1], _CONSTRAINTS[kind], row[2] == 0, definition, columns,
                *(referenced or (None, None)), to_columns, row[8],
                not definition.endswith(" NOT ENFORCED"),  # the catalog says so in a column only 18 has
                row[9], row[10], row[13],
            )
        )  # fmt: skip
    return finished(Constraint, found)


def _named(live: Columns, table: int, keys: str | None) -> tuple[str, ...]:
    columns = live.get(table)
    if keys is None or columns is None:
        return ()
    return tuple([columns[key - 1][2] for key in numbers(keys) if key > 0])  # below: a system column


def _triggers(answer: Answer) -> list[Trigger]:
    (arguments,) = answer.at("arguments")
    return answer.records(Trigger, arguments=lambda row: tuple(row[arguments].split("\\000")[:-1]))


# What a comment calls a relation where the relation itself is more exact.
_COMMENTED = {"partitioned table": "table", "composite type": "type"}


def _comments(
    rows: list[Row],
    relations: Answer,
    indexes: dict[int, Place],
    live: Columns,
    others: dict[int, tuple[str, str, str]],
) -> list[Comment]:
    schema, name, kind = relations.at("schema", "name", "kind")
    of = {row[0]: row for row in relations.rows}
    make = twin(Comment)
    found = []
    for _, oid, number, said, in_schema, identity, _, text in rows:
        if oid in of and said is None:
            row = of[oid]
            in_schema, identity = row[schema], qualified(row[schema], row[name])
            said = _COMMENTED.get(row[kind], row[kind])
            if number:
                said, identity = "column", f"{identity}.{quoted(live[oid][number - 1][2])}"
        elif oid in indexes and said is None:
            said, in_schema, identity = "index", indexes[oid][0], qualified(*indexes[oid])
        elif said is None:
            said, in_schema, identity = others[oid]
        found.append(make(said, in_schema, identity, text))
    return finished(Comment, found)


def _labels(answer: Answer) -> list[SecurityLabel]:
    (text,) = answer.at("text")
    labels = Answer(answer.names, [row for row in answer.rows if row[0] == "label"])
    return labels.records(SecurityLabel, label=lambda row: row[text])
