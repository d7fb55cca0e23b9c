"""The data dictionary: the catalogue as Markdown and as a page, with the diagram of tables and keys.

Generated, committed and checked fresh. Everything in it comes from the catalogue and the declared types, so
it says what is promised; the audit says whether the live database keeps to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources

from nosender.schema.catalogue.model import Catalogue, Column, duration_in_words
from nosender.schema.catalogue.sides import sides
from nosender.schema.diagram import Edge, Node, parents_first

Types = Mapping[tuple[str, str], str]
"""The type of each column, by table and column."""

PICTURE = "catalogue.svg"


def files(catalogue: Catalogue, types: Types) -> dict[str, str]:
    """The generated files by name; text ends in a line break."""
    from markupsafe import Markup

    from nosender.markup import prose, templates

    styles = _text("catalogue.css") + _text("diagram.css")
    values = {
        "catalogue": catalogue,
        "interval": duration_in_words(catalogue.interval),
        "grace": duration_in_words(catalogue.grace),
        "picture": PICTURE,
        "type_of": lambda table, column: types.get((table.name, column.name), ""),
        "kept": _kept,
    }
    page = templates("nosender.schema").get_template("catalogue.html.j2")
    document = templates("nosender.schema", prose).get_template("catalogue.md.j2")
    return {
        "catalogue.md": document.render(values),
        "catalogue.html": page.render(values, style=Markup(styles), drawing=picture(catalogue)),  # noqa: S704
        PICTURE: picture(catalogue, _text("diagram.css")),
    }


def picture(catalogue: Catalogue, style: str = "") -> str:
    """The diagram of what is declared, as SVG."""
    from nosender.schema.drawing import draw

    edges = [Edge(key.table, key.columns, key.parent, "", allowed=True) for key in catalogue.foreign_keys]
    where = sides(catalogue)
    nodes = [
        Node(table.name, where[table.name], tuple((one.name, one.data_class.name) for one in table.columns))
        for table in catalogue.tables
    ]
    return draw(parents_first(nodes, edges), edges, style)


def _text(name: str) -> str:
    """A style of ours."""
    return resources.files("nosender.schema").joinpath("templates", name).read_text(encoding="utf-8")


def _kept(column: Column) -> str:
    return "with the row" if column.retention.startswith("with the row:") else column.retention
