"""The three formats, on an outcome made by hand: nothing is left out and everything is escaped."""

from __future__ import annotations

import dataclasses
import json
from html.parser import HTMLParser

import numpy as np
import pytest

from nosender.linkability import outcome
from nosender.linkability.measure import Part, Sample, WorldResult
from nosender.linkability.outcome import Outcome
from nosender.linkability.reports import render


def sample(success: float, popular: float, people: int = 300) -> Sample:
    """Exact shares; who is right by the attack is not who is right by popularity."""
    place = np.arange(people)
    found, guessed = (place < success * people).astype(float), (place >= (1 - popular) * people).astype(float)
    return Sample(found, guessed, guessed, 0.01, 1 + place * 400 // people)


def made(
    success: float = 0.6, cut: tuple[str, ...] = (), blind: tuple[str, ...] = (), people: int = 300
) -> Outcome:
    worlds = [
        WorldResult(
            seed,
            300,
            5000,
            {
                "id": {"likelihood": sample(success, 0.05, people)},
                "<b>mine": {"x": sample(0.05, 0.05, people)},
            },
            {"messages.ctid": (248.0, 5000)},
            {"messages.ctid": (0.7, 4000)},
            0,
        )
        for seed in (1000, 1001, 1002)
    ]
    layout = outcome.pool("head", "0009", worlds)
    return Outcome(
        users=300,
        rate=40.0,
        days=2,
        seeds=(1000, 1001, 1002),
        asked=3,
        head=layout,
        control=dataclasses.replace(layout, name="0.1.0", revision="0005"),
        one_table=False,
        blind=blind,
        cut=cut,
        repeated=0,
        calls=12345,
        seconds=61.0,
        server="18.6",
        conduct="00",
        findings=outcome.findings(layout),
    )


def test_exit_codes() -> None:
    assert (made().verdict, made().exit_code) == ("fail", 1)
    assert made(blind=("it saw nothing",)).exit_code == 3
    assert (made(success=0.05).verdict, made(success=0.05).exit_code) == ("pass", 0)
    quiet = made(success=0.05, people=20)
    assert quiet.findings == ()
    assert quiet.verdict == "incomplete"  # so few people do not decide five hundredths
    assert quiet.exit_code == 3


def test_settled_rows_and_all_of_them_have_bounds_of_their_own() -> None:
    people = np.arange(5000)
    guessed = (people < 250).astype(float)

    def verdict(settled: float, every: float, kept: float = 0.7, locks: int = 0) -> tuple[str, ...]:
        alone = Part((people < settled * 5000).astype(float), guessed)
        whole = Sample((people < every * 5000).astype(float), guessed, guessed, 0.01, people, settled=alone)
        world = WorldResult(
            1, 5000, 10, {"id": {"likelihood": whole}}, {"messages.ctid": (99.0, 9)},
            {"messages.ctid": (kept, 9)}, locks,
        )  # fmt: skip
        return outcome.findings(outcome.pool("head", "0010", [world]))

    assert verdict(0.06, 0.09) == ()
    assert verdict(0.12, 0.12) == ("id",)  # three hundredths of settled rows, five of all
    assert verdict(0.06, 0.13) == ("id",)
    assert verdict(0.06, 0.06, kept=5.0) == ("order of messages.ctid",)
    assert verdict(0.06, 0.06, locks=1) == ("old-lock",)


def test_a_channel_within_its_bound_passes() -> None:
    people = np.zeros(5000)
    people[:250] = 1.0
    even = Sample(people, people, people, 0.01, np.full(5000, 30))
    world = WorldResult(1, 5000, 10, {"id": {"likelihood": even}}, {}, {})
    layout = outcome.pool("head", "0009", [world])
    found = dataclasses.replace(made(), head=layout, findings=outcome.findings(layout))
    assert (found.verdict, found.exit_code) == ("pass", 0)
    assert dataclasses.replace(found, cut=("1 of 2 worlds",)).exit_code == 3


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_every_format_says_all_of_it(form: str) -> None:
    text = render(form, made(cut=("2 of 5 worlds: 60 seconds were not enough",)))  # type: ignore[arg-type]
    assert text.endswith("\n")
    for told in ("0005", "0009", "2 of 5 worlds", "A low number is no proof", "A holder of one copy of head"):
        assert told in text, told


def test_text_fits_a_terminal() -> None:
    text = render("text", made())
    assert "FAIL: above the declared bound: id" in text
    assert max(map(len, text.splitlines())) <= 140
    assert "Head is revision" not in text
    same = dataclasses.replace(made(), one_table=True)
    assert render("text", same).count("order kept") == 1
    assert "one table serves for both" in render("text", same)


def test_json_holds_numbers_and_no_nan() -> None:
    document = json.loads(render("json", made()), parse_constant=lambda name: pytest.fail(name))
    rows = document["layouts"][0]["rows"]
    assert [row["channel"] for row in rows] == ["id", "<b>mine"]
    assert rows[0]["standing"] == "above"
    assert rows[0]["curve"][0]["people"] >= 5


class Names(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not any(name in ("src", "href", "onload") for name, _ in attrs)


def test_the_page_has_one_picture_a_layout_and_nothing_from_elsewhere() -> None:
    page = render("html", made())
    names = Names()
    names.feed(page)
    assert names.tags.count("svg") == 2
    assert "script" not in names.tags
    assert "b" not in names.tags  # the stranger's channel is escaped
    assert "&lt;b&gt;mine" in page
    assert "nan" not in page.lower().replace("cannot", "")
