"""The data dictionary: the catalogue as Markdown and as a page, with the diagram of tables and keys.

Generated, committed and checked fresh. Everything in it comes from the catalogue and the declared types, so
it says what is promised; the audit says whether the live database keeps to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from nosender.schema import diagram
from nosender.schema.catalogue.model import Catalogue, Column, Table, duration_in_words
from nosender.schema.catalogue.sides import sides
from nosender.schema.diagram import Edge, Node

Types = Mapping[tuple[str, str], str]
"""The type of each column, by table and column."""

PICTURE = "catalogue.svg"
_MADE = "Made by `nosender catalogue docs` from the catalogue; edit that."

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2127; --soft: #545d69; --line: #d9d6cf; --wash: #f3f1ec; --paper: #fdfcfa;
  --raised: #fff; --accent: #1f4e79; --fail: #a3201d; --fail-wash: #fbe7e5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7e4de; --soft: #a7adb6; --line: #363c45; --wash: #20252c; --paper: #14171b;
  --raised: #1b1f25; --accent: #8fbce6; --fail: #ff9d94; --fail-wash: #3a1a19; } }
body { margin: 0 auto; max-width: 68rem; padding: 2.5rem 1.25rem 5rem; font: 16px/1.55 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); }
h1, h2 { font-family: Georgia, serif; line-height: 1.2; } h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } th, td { text-align: left; vertical-align: top;
  padding: .45rem .6rem; border-bottom: 1px solid var(--line); } thead th { color: var(--soft); font-size: .8rem; }
code { font-size: .88em; } a { color: var(--accent); } .wide { overflow-x: auto; } .soft { color: var(--soft); }
svg { width: 100%; height: auto; }
"""

PICTURE_STYLE = """
.table { fill: var(--raised, #fff); stroke: var(--soft, #545d69); } .bad-box { fill: var(--fail-wash, #fbe7e5); stroke: var(--fail, #a3201d); }
.name { fill: var(--ink, #1c2127); font: 600 13px system-ui, sans-serif; } .zone { fill: var(--soft, #545d69); font: 600 14px Georgia, serif; }
.col { fill: var(--ink, #1c2127); font: 11.5px ui-monospace, monospace; } .class { fill: var(--soft, #545d69); font: 10.5px system-ui, sans-serif; }
.label { fill: var(--soft, #545d69); font: 12px system-ui, sans-serif; } .axis { stroke: var(--line, #d9d6cf); }
.gap { stroke: var(--soft, #545d69); stroke-dasharray: 3 5; } .edge { fill: none; stroke: var(--accent, #1f4e79); stroke-width: 1.6; }
.bridge { stroke-width: 2.4; } .tip { fill: var(--accent, #1f4e79); } .edge.bad { stroke: var(--fail, #a3201d); stroke-width: 3; stroke-dasharray: 7 4; }
.bad-fill { fill: var(--fail, #a3201d); }
"""


def files(catalogue: Catalogue, types: Types) -> dict[str, str]:
    """The generated files by name; text ends in a line break."""
    return {
        "catalogue.md": markdown(catalogue, types),
        "catalogue.html": page(catalogue, types),
        PICTURE: picture(catalogue, PICTURE_STYLE) + "\n",
    }


def picture(catalogue: Catalogue, style: str = "") -> str:
    """The diagram of what is declared, as SVG."""
    edges = [Edge(key.table, key.columns, key.parent, "", allowed=True) for key in catalogue.foreign_keys]
    where = sides(catalogue)
    nodes = [
        Node(table.name, where[table.name], tuple((one.name, one.data_class.name) for one in table.columns))
        for table in catalogue.tables
    ]
    return diagram.render(diagram.parents_first(nodes, edges), edges, style)


def markdown(catalogue: Catalogue, types: Types) -> str:
    """The dictionary as Markdown, the picture beside it in a file of its own."""
    lines = [
        "# Data dictionary",
        "",
        f"<!-- {_MADE} -->",
        "",
        f"Every table and column, what it is for, and for how long. A sweep runs at least every "
        f"{duration_in_words(catalogue.interval)}; no row stands longer than {duration_in_words(catalogue.grace)} after "
        "its expiry.",
        "",
        f"![Tables and foreign keys: people on the left, messages on the right]({PICTURE})",
    ]
    for table in catalogue.tables:
        lines += [
            "",
            f"## {table.name}",
            "",
            _cell(table.purpose),
            "",
            f"Rows: {_cell(table.retention.in_words())}."
            + (
                f" Kept without limit because: {_cell(table.retention.kept_because)}"
                if table.retention.kept_because
                else ""
            ),
            "",
            "| Column | Type | Data class | Resolution | Purpose | Retention |",
            "| --- | --- | --- | --- | --- | --- |",
            *(
                f"| `{column.name}` | {_cell(types.get((table.name, column.name), ''))} | {column.data_class.name} | "
                f"{column.resolution.name if column.resolution else ''} | {_cell(column.purpose)} | {_cell(_kept(column))} |"
                for column in table.columns
            ),
        ]
    lines += [
        "",
        "## Foreign keys",
        "",
        "There are no others.",
        "",
        "| From | To | Purpose |",
        "| --- | --- | --- |",
    ]
    lines += [
        f"| `{key.table}` ({', '.join(key.columns)}) | `{key.parent}` ({', '.join(key.parent_columns)}) | {_cell(key.purpose)} |"
        for key in catalogue.foreign_keys
    ]
    lines += ["", "## Data classes", "", "| Class | Means | Of a person |", "| --- | --- | --- |"]
    lines += [
        f"| {one.name} | {_cell(one.means)} | {'yes' if one.personal else 'no'} |"
        for one in catalogue.classes
    ]
    lines += ["", "## Resolutions", "", "| Resolution | Means |", "| --- | --- |"]
    lines += [f"| {one.name} | {_cell(one.means)} |" for one in catalogue.resolutions]
    lines += ["", "## Functions", "", "| Function | Purpose |", "| --- | --- |"]
    lines += [f"| `{one.name}` | {_cell(one.purpose)} |" for one in catalogue.functions]
    return "\n".join(lines) + "\n"


def page(catalogue: Catalogue, types: Types) -> str:
    """The dictionary as one page that needs nothing but itself."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>Data dictionary</title>\n'
        f"<style>{_STYLE}{PICTURE_STYLE}</style>\n</head>\n<body>\n<!-- {_MADE} -->\n<main>\n<h1>Data dictionary</h1>\n"
        f"<p>Every table and column, what it is for, and for how long. A sweep runs at least every "
        f"{duration_in_words(catalogue.interval)}; no row stands longer than {duration_in_words(catalogue.grace)} after "
        f'its expiry.</p>\n<div class="wide">{picture(catalogue)}</div>\n'
        + "".join(_section(table, types) for table in catalogue.tables)
        + "<h2>Foreign keys</h2>\n<p>There are no others.</p>\n"
        + _rows(
            ("From", "To", "Purpose"),
            (
                (
                    f"<code>{escape(key.table)}</code> ({escape(', '.join(key.columns))})",
                    f"<code>{escape(key.parent)}</code> ({escape(', '.join(key.parent_columns))})",
                    escape(key.purpose),
                )
                for key in catalogue.foreign_keys
            ),
        )
        + "<h2>Data classes</h2>\n"
        + _rows(
            ("Class", "Means", "Of a person"),
            (
                (escape(one.name), escape(one.means), "yes" if one.personal else "no")
                for one in catalogue.classes
            ),
        )
        + "</main>\n</body>\n</html>\n"
    )


def _section(table: Table, types: Types) -> str:
    because = table.retention.kept_because
    return (
        f'<h2 id="{escape(table.name)}"><code>{escape(table.name)}</code></h2>\n<p>{escape(table.purpose)} '
        f'<span class="soft">Rows: {escape(table.retention.in_words())}.'
        f"{' Kept without limit because: ' + escape(because) if because else ''}</span></p>\n"
        + _rows(
            ("Column", "Type", "Data class", "Resolution", "Purpose", "Retention"),
            (
                (
                    f"<code>{escape(column.name)}</code>",
                    escape(types.get((table.name, column.name), "")),
                    escape(column.data_class.name),
                    escape(column.resolution.name) if column.resolution else "",
                    escape(column.purpose),
                    escape(_kept(column)),
                )
                for column in table.columns
            ),
        )
    )


def _rows(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f'<th scope="col">{one}</th>' for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>\n'


def _kept(column: Column) -> str:
    return "with the row" if column.retention.startswith("with the row:") else column.retention


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
