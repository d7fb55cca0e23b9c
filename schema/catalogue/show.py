"""The catalogue as text for a terminal, at most 80 columns wide where words allow."""

from __future__ import annotations

import textwrap

from nosender.schema.catalogue.model import Catalogue, Table

WIDTH = 80


def table_list(catalogue: Catalogue, width: int = WIDTH) -> str:
    """Every table with its purpose, one paragraph each."""
    return "".join(f"{_title(table)}\n{_wrapped(table.purpose, '  ', width)}\n" for table in catalogue.tables)


def _title(table: Table) -> str:
    """Its name, and whose it is where it is not ours."""
    return table.name if table.whose is None else f"{table.name} (of {table.whose})"


def one_table(table: Table, width: int = WIDTH) -> str:
    """One table: purpose, retention, and per column its class, resolution and purpose."""
    lines = [_title(table), _wrapped(table.purpose, "  ", width), ""]
    lines.append(_wrapped(f"Kept: {table.retention.in_words()}.", "  ", width))
    if table.retention.kept_because:
        lines.append(_wrapped(f"Because: {table.retention.kept_because}", "  ", width))
    if table.whose is not None and table.made_by == "nosender":
        lines.append(
            _wrapped(f"The order in which they came: {table.retention.order_in_words}.", "  ", width)
        )
    for column in table.columns:
        kind = column.data_class.name
        if column.resolution is not None:
            kind += f", {column.resolution.name}"
        lines += ["", f"  {column.name}  ({kind})", _wrapped(column.purpose, "    ", width)]
        if not column.retention.startswith("with the row: "):
            lines.append(_wrapped(f"Kept: {column.retention}", "    ", width))
    return "\n".join(lines) + "\n"


def _wrapped(text: str, indent: str, width: int) -> str:
    return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent)
