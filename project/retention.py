"""The knobs of nosender.toml: `[retention]`, as decided by whoever runs the database."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from nosender.schema.knobs import Knobs, problem

if TYPE_CHECKING:
    from nosender.toml_reader import Place, Section


@dataclass(frozen=True, slots=True)
class Declared:
    """What is declared; what is left out has its default."""

    values: Knobs
    place: Place
    """Of the table."""
    places: tuple[tuple[str, Place], ...]
    """Of each knob that is named in it."""

    def place_of(self, name: str) -> Place:
        """Where the knob is declared: its line, or that of the table which leaves it out."""
        return dict(self.places).get(name, self.place)


def declared(section: Section) -> Declared:
    """Read the table; UsageError, with file and line, for an unknown knob or a value that it may not have."""
    default = Knobs()
    values: dict[str, Any] = {"delivered": section.choice("delivered", ("keep", "delete"), default.delivered)}
    for name in (field.name for field in fields(Knobs) if field.name != "delivered"):
        values[name] = _age(section, name, getattr(default, name))
    section.done()
    return Declared(
        Knobs(**values),
        section.place,
        tuple((name, section.file.place((*section.path, name))) for name in values if name in section.values),
    )


def _age(section: Section, name: str, default: timedelta | None) -> timedelta | None:
    if name not in section.values:
        return section.duration(name) or default
    if section.values[name] == "off":
        section.skip(name)
        value = None
    else:
        value = section.duration(name)
    if (sentence := problem(name, value)) is not None:
        raise section.refuse(name, f"{sentence}.")
    return value
