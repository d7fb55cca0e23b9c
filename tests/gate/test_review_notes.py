"""What a reviewer is shown of a change to the catalogue: the sentence, and how heavily it weighs."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

import nosender.schema.catalogue as room
from nosender.gate.review_notes import Change, Weight, changes, waived
from nosender.schema.catalogue.load import load
from nosender.schema.catalogue.model import Catalogue, Dropped
from nosender.toml_reader import Place

CATALOGUE = Path(room.__file__).parent


def edited(tmp_path: Path, file: str, old: str, new: str) -> tuple[tuple[Weight, str], ...]:
    """Every change that one edit of one file makes."""
    folder = shutil.copytree(CATALOGUE, tmp_path / "catalogue")
    path = folder / file
    text = path.read_text()
    assert text.count(old) >= 1, f"{file} does not hold {old!r}"
    path.write_text(text.replace(old, new, 1))
    return tuple((change.weight, change.sentence) for change in changes(load(), load(folder)))


def test_nothing_changed_is_nothing_to_see() -> None:
    assert changes(load(), load()) == ()


def test_a_reason_or_comment_alone_is_no_change(tmp_path: Path) -> None:
    assert edited(tmp_path, "messages.toml", "[columns.id]", "# a remark\n\n[columns.id]") == ()


def test_a_column_that_singles_somebody_out_in_messages_weighs_most(tmp_path: Path) -> None:
    column = '[columns.token]\nclass = "random-id"\npurpose = "Groups messages."\n\n[columns.id]'
    found = edited(tmp_path, "messages.toml", "[columns.id]", column)
    assert found == (
        (
            Weight.LINKS,
            "messages gains the column token (random-id): Groups messages. "
            "Kept with the row: deleted by the sweep once expires_at has passed.",
        ),
    )


def test_an_innocent_column_is_only_new(tmp_path: Path) -> None:
    column = '[columns.size]\nclass = "counter"\npurpose = "How many."\n\n[columns.id]'
    assert [weight for weight, _ in edited(tmp_path, "users.toml", "[columns.id]", column)] == [Weight.ADDS]


@pytest.mark.parametrize(
    ("file", "old", "new", "weight", "part"),
    [
        (
            "messages.toml",
            'kept_because = "A message',
            'kept_because = "Any message',
            Weight.KEEPS,
            "Why rows of messages may stay without limit now reads: Any message",
        ),
        (
            "ephemeral_keys.toml",
            'at_once = "used"\n',
            "",
            Weight.KEEPS,
            "Rows of ephemeral_keys may stay longer: ",
        ),
        (
            "ephemeral_keys.toml",
            'resolution = "quarter-hour"',
            'resolution = "hour"',
            Weight.TIGHTENS,
            "ephemeral_keys.expires_at is told more coarsely: hour, before quarter-hour.",
        ),
        (
            "messages.toml",
            '[columns.expires_at]\nclass = "expiry"\nresolution = "hour"',
            '[columns.expires_at]\nclass = "expiry"\nresolution = "quarter-hour"',
            Weight.LINKS,
            "messages.expires_at is told more finely: quarter-hour, before hour.",
        ),
        (
            "vocabulary.toml",
            'never_with = ["destination-phone"]\n',
            "",
            Weight.LINKS,
            "may now stand beside destination-phone.",
        ),
        (
            "users.toml",
            'purpose = "Finds the devices',
            'purpose = "For advertising: finds the devices',
            Weight.ADDS,
            "The purpose of users.phone_number now reads: For advertising: finds the devices",
        ),
        (
            "policy.toml",
            'purpose = "A device belongs',
            'purpose = "A machine belongs',
            Weight.ADDS,
            "The purpose of the foreign key from webauthn_credentials to users now reads: A machine",
        ),
        (
            "messages.toml",
            'action = "delete"',
            'action = "delete"\nmax_age = "30 days"\nmax_age_column = "created_at"',
            Weight.TIGHTENS,
            "Rows of messages go by another rule, none later than before: ",
        ),
        ("policy.toml", 'grace = "1 hour"', 'grace = "2 hours"', Weight.KEEPS, "The promised grace"),
        (
            "policy.toml",
            "alike = 10",
            "alike = 20",
            Weight.KEEPS,
            "Of a thousand ciphertexts 20 may now repeat",
        ),
        ("policy.toml", '"15 minutes"', '"5 minutes"', Weight.TIGHTENS, "The promised sweep interval"),
        (
            "policy.toml",
            "[extensions.btree_gist]",
            '[extensions.dblink]\npurpose = "Calls out."\n\n[extensions.btree_gist]',
            Weight.KEEPS,
            "The extension dblink is new: Calls out.",
        ),
        (
            "vocabulary.toml",
            "personal = true",
            "personal = false",
            Weight.LINKS,
            "no longer count as personal",
        ),
        (
            "users.toml",
            'class = "account-phone"',
            'class = "random-id"',
            Weight.LINKS,
            "users.phone_number is of the class random-id now, no longer account-phone.",
        ),
        (
            "messages.toml",
            'purpose = "When the row was stored."',
            'purpose = "Storage time."',
            Weight.TIGHTENS,
            "The purpose of messages.created_at now reads: Storage time.",
        ),
    ],
)
def test_each_kind_of_change_has_its_weight(
    tmp_path: Path, file: str, old: str, new: str, weight: Weight, part: str
) -> None:
    found = edited(tmp_path, file, old, new)
    assert [(each, part in sentence) for each, sentence in found] == [(weight, True)], found


def test_an_allowed_foreign_key_weighs_most(tmp_path: Path) -> None:
    key = (
        '[[foreign_keys]]\ntable = "ephemeral_keys"\ncolumns = ["id"]\nparent = "users"\n'
        'parent_columns = ["id"]\npurpose = "Who asked."\n\n[[foreign_keys]]'
    )
    assert edited(tmp_path, "policy.toml", "[[foreign_keys]]", key) == (
        (Weight.LINKS, "A foreign key is allowed from ephemeral_keys(id) to users: Who asked."),
    )


def test_a_name_that_was_dropped_for_good_weighs_most_when_it_may_return() -> None:
    catalogue = load()
    gone = Dropped("messages", "sender", "It said who wrote.", "0007", Place("dropped/messages.toml", 3))
    assert changes(replace(catalogue, dropped=(gone,)), catalogue) == (
        Change(
            Weight.LINKS,
            "messages.sender",
            "messages.sender may return, which was dropped for good: It said who wrote.",
            "dropped/messages.toml",
            3,
        ),
    )


def test_waivers_gained_and_extended() -> None:
    def file(*entries: tuple[str, str | None, str]) -> dict[str, object]:
        return {
            "waivers": [{"check": c, "object": o, "expires": date.fromisoformat(e)} for c, o, e in entries]
        }

    old = file(("owner-differs", "public.users", "2026-01-01"), ("fine-time", "public.a.b", "2026-01-01"))
    new = file(
        ("owner-differs", "public.users", "2026-03-01"),
        ("fine-time", "public.a.b", "2025-12-01"),
        ("edge-table", "public.pairs", "2026-02-01"),
        ("copied-log", None, "2026-02-01"),
    )
    found = waived(old, new, frozenset({"edge-table"}))
    assert [(each.weight, each.object, each.sentence) for each in found] == [
        (Weight.KEEPS, "copied-log", "That copied-log cannot look is accepted until 2026-02-01."),
        (Weight.LINKS, "public.pairs", "A finding of edge-table on public.pairs is waived until 2026-02-01."),
        (
            Weight.KEEPS,
            "public.users",
            "A finding of owner-differs on public.users is waived until 2026-03-01, "
            "longer than before (2026-01-01).",
        ),
    ]


def test_rows_that_settle_no_more_weigh_as_rows_that_stay() -> None:
    """Only a project's tables say so; ours settle by what the database says."""
    catalogue = load()
    table = catalogue.tables[0]

    def saying(settled_by: str | None, *raised: str) -> Catalogue:
        kept = replace(table.retention, settled_by=settled_by, raised=raised)
        return replace(catalogue, tables=(replace(table, retention=kept), *catalogue.tables[1:]))

    anew = "the sweep writes them anew in random order, by"
    told = f"The order in which rows of {table.name} came:"
    pairs = {
        (None, "xmin"): (Weight.TIGHTENS, f"{told} {anew} who wrote them; before: they keep it."),
        ("xmin", None): (Weight.KEEPS, f"{told} they keep it; before: {anew} who wrote them."),
    }
    for (before, after), expected in pairs.items():
        (change,) = changes(saying(before), saying(after))
        assert (change.weight, change.sentence) == expected
    (change,) = changes(saying("at", "at"), saying("at"))
    assert change.weight is Weight.KEEPS
