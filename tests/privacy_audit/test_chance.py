"""Random ids that stand where a sequence has been are no finding; more of them than chance gives are one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from nosender.privacy_audit.check import discover


@pytest.mark.parametrize(
    ("examined", "drawn", "reach", "found"),
    [
        (10, 0, 0, False),
        (10, 1, 3, True),  # of 2,147,483,648 numbers
        (1_000_000, 46, 100_000, False),  # what chance gives
        (1_000_000, 80, 100_000, False),
        (1_000_000, 120, 100_000, True),
        (1_000, 1, 100_000, False),  # one in twenty such tables
    ],
)
def test_chance_is_allowed_for(examined: int, drawn: int, reach: int, found: bool) -> None:
    (loaded,) = (each for each in discover() if each.check.slug == "sequence-id")
    row = {
        "table_name": "ephemeral_keys",
        "examined": examined,
        "drawn": drawn,
        "reach": reach,
        "repeated": 0,
        "whole": True,
    }
    snapshot = SimpleNamespace(schema="public", named="public.{}.{}".format, probe=lambda _: (row,))
    assert bool(loaded.look(cast(Any, snapshot)).found) is found
