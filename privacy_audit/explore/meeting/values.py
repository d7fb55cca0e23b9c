"""What one value tells: a text that names its sender, a list of people, somebody's contacts as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.privacy_audit.explore.guessing.world import CERTAIN, HINT, LIKELY
from nosender.privacy_audit.explore.model import Kind, Place, PlaceKind
from nosender.privacy_audit.explore.names.vocabulary import MESSAGE, PROTOCOLS, RELATING, WHOLE
from nosender.privacy_audit.explore.names.words import lists_people, words_of
from nosender.privacy_audit.explore.queries import query_of
from nosender.privacy_audit.explore.tables import base, family, is_content, is_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nosender.privacy_audit.explore.counts import Measures
    from nosender.privacy_audit.explore.model import Guess
    from nosender.privacy_audit.explore.tables import TableShape
    from nosender.privacy_audit.finding import Confidence
    from nosender.schema.observe.model import Column


def documents(
    shape: TableShape, people: Sequence[Guess], different: Sequence[Guess], own: Kind | None
) -> Iterator[Place]:
    """A person's contacts as one document: `ignores (user_id, ignores_json)`, `users (buddylist)`."""
    sure = [] if different else [each.column for each in people if each.confidence is not HINT][:1]
    for column in shape.columns:
        words = words_of(column.name)
        document = sure and is_content(column) and set(shape.words) & RELATING & set(words)
        listed = own is Kind.PERSON or sure or shape.is_message
        if document or (listed and _spacious(column) and lists_people(column.name)):
            named = (column.name,) if own is Kind.PERSON else (*sure, column.name)
            why = f"by its name, {column.name}, beside one person"
            told = "people" if shape.is_message else "a person's contacts"
            sentence = f"{told} in one value, {column.name}"
            query = query_of(shape.id, PlaceKind.LIST, named, ())
            yield Place(PlaceKind.LIST, shape.id, named, (), sentence, LIKELY, why, query)


def _spacious(column: Column) -> bool:
    """Whether a value can hold a list."""
    return family(column) == "text" or is_list(column)


def lists(shape: TableShape) -> set[str]:
    """The columns of which one value can hold several things."""
    return {each.name for each in shape.columns if is_list(each)}


def texts(shape: TableShape, measures: Measures | None, *, posted: bool) -> Iterator[Place]:
    """Texts that say themselves who they are from."""
    for column in shape.columns:
        if not is_content(column) and not (set(words_of(column.name)) & WHOLE and _spacious(column)):
            continue
        counts = measures.column(shape.id, column.name) if measures else None
        sentence = f"the text itself says who it is from: {column.name}"
        if counts is not None and counts.filled >= 5:
            if counts.naming >= 0.5:
                why = f"{counts.naming:.0%} of its values name a sender or author by key or attribute"
                yield _text_place(shape, column.name, sentence, CERTAIN, why)
        elif base(column) != "bytea" and (
            (posted and words_of(column.name)[-1] in WHOLE and not _raw(column.name))
            or (set(shape.words) & PROTOCOLS and set(words_of(column.name)) & MESSAGE)
        ):
            why = "by its name a whole message, head and all; no rows to measure"
            yield _text_place(shape, column.name, sentence, LIKELY, why)


def _raw(name: str) -> bool:
    """Whether it is the raw form of a text, as `txt_raw`, rather than of a whole message."""
    words = words_of(name)
    return words[-1] == "raw" and not set(words[:-1]) <= MESSAGE | PROTOCOLS


def _text_place(shape: TableShape, column: str, sentence: str, confidence: Confidence, why: str) -> Place:
    return Place(
        PlaceKind.IN_TEXT,
        shape.id,
        (column,),
        (),
        sentence,
        confidence,
        why,
        query_of(shape.id, PlaceKind.IN_TEXT, (column,), ()),
    )
