"""The statements that count: built for one table each, quoted, and resolved in pg_catalog alone.

Only columns of PostgreSQL's own types are read: a type, cast or operator of somebody's own could run code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from nosender.privacy_audit.explore.counts import ColumnCounts, Inclusion, PairCounts
from nosender.privacy_audit.explore.tables import NUMBERS, TEXTS, base, is_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nosender.privacy_audit.explore.model import Table
    from nosender.privacy_audit.explore.tables import TableShape
    from nosender.schema.observe.model import Column

FORMS = {
    "mxid": r"^@[^[:space:]:@]+:[^[:space:]]+$",
    "room": r"^[!#][^[:space:]]+$",
    "event": r"^\$[^[:space:]]+$",
    "address": r"^[^@[:space:]]+@[^@[:space:]/]+(/.*)?$",
    "phone": r"^\+[1-9][0-9]{6,14}$",
    "ip": r"^(([0-9]{1,3}\.){3}[0-9]{1,3}|[0-9a-fA-F]*:[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$",
    "program": r"Mozilla/|okhttp|CFNetwork|Dalvik|Android|iPhone",
    "coded": r"^[A-Za-z0-9+/_=-]{24,}$",
}
_GUARDS = {
    "mxid": "pg_catalog.starts_with({0}, '@')",
    "event": "pg_catalog.starts_with({0}, '$')",
    "address": "pg_catalog.strpos({0}, '@') operator(pg_catalog.>) 1",
    "phone": "pg_catalog.starts_with({0}, '+')",
    "ip": "pg_catalog.length({0}) operator(pg_catalog.<) 46",
    "program": "pg_catalog.length({0}) operator(pg_catalog.>) 5",
    "coded": "pg_catalog.length({0}) operator(pg_catalog.>=) 24",
    "naming": "(pg_catalog.strpos({0}, '=') operator(pg_catalog.>) 0"
    " or pg_catalog.strpos({0}, ':') operator(pg_catalog.>) 0)",
    "readable": "pg_catalog.length({0}) operator(pg_catalog.>) 4",
}
"""What is asked before a form, for it costs a hundredth: most values have none of them."""
_NAMING = (
    "(^|[^[:alnum:]_])(from|sender|author|creator|user_id|userid)"
    """["']?[[:space:]]*(=|:)[[:space:]]*["'<+@[:alnum:]]"""
)
_READABLE = r"[[:alpha:]]{2,}[[:space:]]+[[:alpha:]]{2,}"
_SHORT = r"^[[:alpha:]]{1,23}([[:space:][:punct:]]|$)"
"""How a short answer begins, `ok` or `hello!`; what is coded has digits among its letters."""
_PARTS = ("microsecond", "millisecond", "second", "minute", "hour", "day")
_TRUNCATED = ("milliseconds", "second", "minute", "hour", "day")
_LONG = 2048
_LONGEST_DOCUMENT = 1 << 16
_EARLIEST, _LATEST = 978307200, 4102444800  # 2001 and 2100 in seconds
_RECENT, _SOON = 1_200_000_000, 2_200_000_000  # 2008 and 2039


@dataclass(frozen=True, slots=True)
class Read:
    """A column that is read, under the name it has in the statement."""

    column: Column
    alias: sql.Identifier
    kind: str
    """`text`, `document`, `bytes`, `number`, `uuid` or `time`."""


def kind_of(column: Column) -> str | None:
    """How a column can be read without running anybody's code; None where it cannot."""
    if column.generated == "virtual":
        return None
    kind = base(column)
    if kind in TEXTS:
        return "text"
    if kind in ("json", "jsonb", "text[]", "character varying[]", "uuid[]", "bigint[]", "integer[]"):
        return "document"
    if kind in NUMBERS:
        return "number"
    if kind.startswith("timestamp") or kind == "date":
        return "time"
    return {"bytea": "bytes", "uuid": "uuid"}.get(kind)


def reads_of(columns: Sequence[Column]) -> list[Read]:
    """The columns that can be read."""
    return [
        Read(column, sql.Identifier(f"c{number}"), kind)
        for number, column in enumerate(columns)
        if (kind := kind_of(column))
    ]


def sample(shape: TableShape, reads: Sequence[Read], rows: int, percent: float | None) -> sql.Composed:
    """The rows that are read: the first ones of a small table, whole random pages of a large one."""
    pages = sql.SQL("")
    if percent is not None:
        pages = sql.SQL(" tablesample system ({}) repeatable (1)").format(sql.Literal(percent))  # type: ignore[assignment]
    return sql.SQL("s as materialized (select {} from {}{} limit {})").format(
        sql.SQL(", ").join(sql.SQL("{} as {}").format(_expression(each), each.alias) for each in reads),
        sql.Identifier(*shape.id),
        pages,
        sql.Literal(rows),
    )


def _expression(read: Read) -> sql.Composed:
    name = sql.Identifier(read.column.name)
    if read.kind == "text":
        return sql.SQL('pg_catalog.left({}::pg_catalog.text, {}) collate pg_catalog."C"').format(
            name, sql.Literal(_LONG)
        )
    if read.kind == "document":
        return sql.SQL("{}").format(name)  # made a text of where it is needed, in fewer rows
    if read.kind == "bytes":
        return sql.SQL("pg_catalog.substr({}, 1, {})").format(name, sql.Literal(_LONG))
    if read.kind == "number":
        wide = "numeric" if base(read.column) == "numeric" else "int8"  # a numeric costs five times as much
        return sql.SQL("{}::pg_catalog.{}").format(name, sql.SQL(wide))
    if read.kind == "time":
        return sql.SQL("{}::pg_catalog.timestamp").format(name)
    return sql.SQL("{}").format(name)


FORMED = 100
"""Of the rows that are read, those whose values are held against forms: expressions are what costs most."""


def forming(read: Read) -> list[sql.Composable]:
    """What is counted of the forms of a column, in the first rows alone; `answer_of` reads it first."""
    c = read.alias
    if read.kind == "document":
        text = sql.SQL(
            "case when pg_catalog.pg_column_size({0}) operator(pg_catalog.<) {1} "
            'then pg_catalog.left({0}::pg_catalog.text, {2}) end collate pg_catalog."C"'
        ).format(c, sql.Literal(_LONGEST_DOCUMENT), sql.Literal(_LONG))
        some = [_matching(text, _NAMING, "~*"), _matching(text, _READABLE, "~")]
    elif read.kind == "text":
        some = [
            _matching(c, _NAMING, "~*", "naming"),
            _matching(c, _READABLE, "~", "readable"),
            _spoken(c),
        ]
    elif read.kind == "bytes":
        text = sql.SQL("pg_catalog.encode({}, 'escape')").format(c)
        some = [_matching(text, form, "~") for form in (_READABLE, r"^[^\\]*$", _SHORT)]
    else:
        return []
    if read.kind == "text":
        some += [_matching(c, form, "~", name) for name, form in FORMS.items()]
    return [sql.SQL("pg_catalog.count({})").format(c), *some]


def _spoken(value: sql.Composable) -> sql.Composed:
    """Texts of one word as well, and those in letters that ASCII lacks."""
    return sql.SQL(
        "pg_catalog.count(*) filter (where {0} operator(pg_catalog.~) {1} or {0} operator(pg_catalog.~) {2} "
        "or pg_catalog.octet_length({0}) operator(pg_catalog.>) pg_catalog.length({0}))"
    ).format(value, sql.Literal(_SHORT), sql.Literal(_READABLE))


def counting(read: Read, *, weigh: bool) -> list[sql.Composable]:
    """What is counted of a column in all rows that are read; `answer_of` reads it in the same order."""
    c = read.alias
    some: list[sql.Composable] = [sql.SQL("pg_catalog.count({})").format(c)]
    if read.kind in ("text", "bytes", "number", "uuid"):
        some.append(sql.SQL("pg_catalog.count(distinct {})").format(c))
    if read.kind == "time":
        some += [
            sql.SQL(
                "pg_catalog.count(*) filter "
                "(where {0} operator(pg_catalog.<>) pg_catalog.date_trunc({1}, {0}))"
            ).format(c, sql.Literal(part))
            for part in _TRUNCATED
        ]
    if read.kind == "number":
        some += [
            sql.SQL("pg_catalog.min({})").format(c),
            sql.SQL("pg_catalog.max({})").format(c),
            *(
                sql.SQL(
                    "pg_catalog.count(*) filter "
                    "(where {} operator(pg_catalog.%) {} operator(pg_catalog.<>) 0)"
                ).format(c, sql.Literal(unit))
                for unit in (1000, 60, 3600, 60_000, 3_600_000, 1_000_000)
            ),
        ]
    if weigh and read.kind in ("text", "bytes"):
        some.append(_entropy(read))
    return some


def _matching(value: sql.Composable, form: str, operator: str, name: str = "") -> sql.Composed:
    guard = _GUARDS.get(name)
    return sql.SQL("pg_catalog.count(*) filter (where {}{} operator(pg_catalog.{}) {})").format(
        sql.SQL(f"{guard} and ").format(value) if guard else sql.SQL(""),
        value,
        sql.SQL(operator),
        sql.Literal(form),
    )


def _entropy(read: Read) -> sql.Composed:
    value = sql.SQL("v.{}").format(read.alias)
    if read.kind == "text":
        value = sql.SQL("pg_catalog.convert_to(v.{}, 'UTF8')").format(read.alias)
    return sql.SQL(
        "(select pg_catalog.sum(p.share operator(pg_catalog.*) pg_catalog.ln(p.share)) from (select "
        "pg_catalog.count(*)::pg_catalog.float8 operator(pg_catalog./) "
        "pg_catalog.sum(pg_catalog.count(*)) over ()::pg_catalog.float8 as share "
        "from (select {alias} from s where {alias} is not null limit 20) as v "
        "cross join lateral pg_catalog.generate_series(0, least(pg_catalog.octet_length({value}), 256) "
        "operator(pg_catalog.-) 1) as i(n) group by pg_catalog.get_byte({value}, i.n)) as p)"
    ).format(alias=read.alias, value=value)


def answer_of(read: Read, values: list[Any], formed: list[Any], *, weigh: bool) -> ColumnCounts:
    """What the counts of one column say; takes them from the front of `values` and `formed`."""

    def take() -> Any:
        return values.pop(0)

    filled = take()
    if read.kind == "uuid":
        return ColumnCounts(filled, take(), sparse=True)
    if read.kind == "time":
        over = [take() for _ in _TRUNCATED]
        return ColumnCounts(filled, finest=_finest(over) if filled else None)
    if read.kind == "number":
        return _number(read, filled, [take() for _ in range(9)])
    if read.kind == "document":
        some, naming, readable = max(formed.pop(0), 1), formed.pop(0), formed.pop(0)
        return ColumnCounts(filled, filled, naming=naming / some, readable=readable / some)
    distinct = take()
    some = max(formed.pop(0), 1)
    if read.kind == "text":
        naming, readable, spoken = (formed.pop(0) / some for _ in range(3))
        forms = tuple((name, formed.pop(0) / some) for name in FORMS)
        return ColumnCounts(
            filled,
            distinct,
            forms,
            naming,
            readable,
            spoken,
            entropy=_bits(take()) if weigh else None,
            sparse=True,
        )
    words, plain, short = (formed.pop(0) / some for _ in range(3))
    entropy = _bits(take()) if weigh else None
    readable, spoken = min(words, plain), min(max(words, short), plain)
    return ColumnCounts(filled, distinct, readable=readable, spoken=spoken, entropy=entropy, sparse=True)


def _bits(value: Any) -> float | None:
    return None if value is None else round(-float(value) / 0.6931471805599453, 2)


def _finest(over: list[int]) -> str:
    """The part below the first unit that some value is not rounded to."""
    for part, count in zip(_PARTS, over, strict=False):
        if count:
            return part
    return "day"


def _number(read: Read, filled: int, values: list[Any]) -> ColumnCounts:
    distinct, low, high, *rest = values
    thousand, sixty, hour, sixty_k, hour_k, million = rest
    finest = None
    first, last = (0, _LATEST) if is_time(read.column) else (_RECENT, _SOON)  # more is asked of other names
    if filled and low is not None:
        units = (1, 1000, 10**6, 10**9)
        unit = next(
            (each for each in units if low >= first * each and _EARLIEST * each <= high < last * each), None
        )
        if unit == 1:
            finest = "second" if sixty else "minute" if hour else "hour"
        elif unit == 1000:
            finest = "millisecond" if thousand else "second" if sixty_k else "minute" if hour_k else "hour"
        elif unit is not None:
            finest = "microsecond" if thousand else "millisecond" if million else "second"
    span = float(high - low) if low is not None else 0.0
    return ColumnCounts(
        filled, distinct, finest=finest, sparse=distinct > 1 and span > 1000 * distinct and span > 10**6
    )


def pairing(one: Read, other: Read) -> list[sql.Composable]:
    """The counts of two columns beside each other; `pair_of` reads them."""
    a, b = one.alias, other.alias
    both = sql.SQL("{} is not null and {} is not null").format(a, b)
    within = (
        "(select pg_catalog.count(*) from (select distinct {0} as v from s where {0} is not null) as l "
        "where exists (select from s as r where r.{1} operator(pg_catalog.=) l.v))"
    )
    return [
        sql.SQL("pg_catalog.count(*) filter (where {})").format(both),
        sql.SQL("pg_catalog.count(distinct {}) filter (where {})").format(a, both),
        sql.SQL("pg_catalog.count(distinct {}) filter (where {})").format(b, both),
        sql.SQL("pg_catalog.count(distinct ({}, {})) filter (where {})").format(a, b, both),
        sql.SQL(within).format(a, b),
        sql.SQL(within).format(b, a),
    ]


def pair_of(values: list[Any]) -> tuple[PairCounts, PairCounts]:
    """Both orders of a pair."""
    rows, left, right, both, there, back = (values.pop(0) for _ in range(6))
    return PairCounts(rows, left, right, both, min(there, left)), PairCounts(
        rows, right, left, both, min(back, right)
    )


@dataclass(frozen=True, slots=True)
class Key:
    """A column that is unique in a table whose rows are people or groups."""

    table: Table
    column: str
    family: str
    telling: bool


def including(
    shape: TableShape, wanted: Sequence[tuple[str, Sequence[Key]]], rows: int, values: int
) -> sql.Composed:
    """For each column, how many of its values stand in each key: looked up by the key's own index."""
    parts: list[sql.Composable] = []
    for column, keys in wanted:
        name = sql.Identifier(column)
        counts = [
            sql.SQL(
                "pg_catalog.count(*) filter (where exists "
                "(select from {} as k where k.{} operator(pg_catalog.=) d.v))"
            ).format(sql.Identifier(*key.table), sql.Identifier(key.column))
            for key in keys
        ]
        parts.append(
            sql.SQL(
                "(select array[pg_catalog.count(*), {}] from (select distinct f.v from "
                "(select {} as v from {} limit {}) as f where f.v is not null limit {}) as d)"
            ).format(
                sql.SQL(", ").join(counts),
                name,
                sql.Identifier(*shape.id),
                sql.Literal(rows),
                sql.Literal(values),
            )
        )
    return sql.SQL("select {}").format(sql.SQL(", ").join(parts))


def best_of(keys: Sequence[Key], counts: Sequence[int]) -> Inclusion | None:
    """The key that most of the values are in; the first of equal ones."""
    tested, *found = counts
    if not tested:
        return None
    key, count = max(zip(keys, found, strict=True), key=lambda each: each[1])
    return Inclusion(key.table, key.column, count / tested, tested, key.telling)
