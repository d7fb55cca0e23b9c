"""Names as PostgreSQL writes them when it deparses: quoted only where they must be."""

import re
from functools import lru_cache

# Every word that a supported major reserves in any way (pg_get_keywords, catcode other than U).
_RESERVED = frozenset(
    """
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean
    both case cast char character check coalesce collate collation column concurrently constraint create
    cross current_catalog current_date current_role current_schema current_time current_timestamp
    current_user dec decimal default deferrable desc distinct do else end except exists extract false
    fetch float for foreign freeze from full grant greatest group grouping having ilike in initially
    inner inout int integer intersect interval into is isnull join json json_array json_arrayagg
    json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value
    lateral leading least left like limit localtime localtimestamp merge_action national natural nchar
    none normalize not notnull null nullif numeric offset on only or order out outer overlaps overlay
    placing position precision primary real references returning right row select session_user setof
    similar smallint some substring symmetric system_user table tablesample then time timestamp to
    trailing treat trim true union unique user using values varchar variadic verbose when where window
    with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
    xmlserialize xmltable
    """.split()  # noqa: SIM905 (a list of words, a hundred and sixty of them)
)
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


@lru_cache(maxsize=1 << 16)
def quoted(name: str) -> str:
    """One identifier, as quote_ident would write it."""
    # most are lower case and told by the first, which is twice as fast
    plain = (name.isascii() and name.islower() and name.isidentifier()) or _PLAIN.fullmatch(name)
    if plain and name not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def qualified(*names: str) -> str:
    """Identifiers joined by dots: schema, table, column."""
    return ".".join(map(quoted, names))


def literal(text: str) -> str:
    """A string constant; the escape form where a backslash could be read in two ways."""
    doubled = text.replace("'", "''")
    return "E'" + doubled.replace("\\", "\\\\") + "'" if "\\" in text else f"'{doubled}'"


_WORDS = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|( WHERE )""")


def predicate_of(definition: str) -> str | None:
    """The predicate at the end of an index's definition: behind the first WHERE outside of quotes."""
    for match in _WORDS.finditer(definition):
        if match[1]:
            return definition[match.end() :]
    return None
