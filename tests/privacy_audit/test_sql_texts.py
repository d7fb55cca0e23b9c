"""A number is found in whatever text it stands, though most texts are passed over without a look at each."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from nosender.privacy_audit.questions.sql_texts import texts, with_numbers
from nosender.privacy_audit.snapshot.object_names import may_hold_numbers, phone_numbers
from nosender.schema.observe import Observation, reference

NUMBER = "+4915112345678"
LARGE = ("relations", "columns", "constraints", "indexes", "sequences", "triggers", "comments")


def holding(observation: Observation) -> set[str]:
    """The texts in which a number stands."""
    return {each.text for each in texts(observation) if phone_numbers(each.text)}


@pytest.mark.parametrize("kind", LARGE)
def test_no_field_with_a_number_is_lost(kind: str) -> None:
    """Each field of a record in turn holds one, be it a string or a list."""
    whole = reference("public")
    first, *others = getattr(whole, kind)
    for field in fields(first):
        is_list = isinstance(getattr(first, field.name), tuple)
        for value in ((NUMBER,), ("a", NUMBER)) if is_list else (NUMBER, f"x {NUMBER[1:]} y"):
            record = replace(first, **{field.name: value})
            changed = replace(whole, **{kind: (*others, record)})
            assert holding(with_numbers(changed)) == holding(changed), (field.name, value)


@pytest.mark.parametrize("padding", [0, 10_000])
def test_seven_digits_in_a_row_are_told_in_short_and_in_long_texts(padding: int) -> None:
    around = "é 123456 " * (padding // 9)
    assert may_hold_numbers(around + "1234567")
    assert may_hold_numbers("a1234567b" + around)
    assert not may_hold_numbers(around + "123456 7 ١٢٣٤٥٦٧")
