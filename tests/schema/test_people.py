"""What no declaration lifts: links declared as kindly as possible are refused, and harmless ones are not."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from nosender.errors import UsageError
from nosender.schema import catalogue

ROOT = Path(catalogue.__file__).parent

SINGLING = ("account-phone", "device-id", "device-key", "public-key")
PEOPLE = ("users", "webauthn_credentials", "messaging_public_keys", "device_session_keys")
MESSAGES = ("messages", "message_deliveries", "ephemeral_keys")
HARMLESS = ("ciphertext", "random-id", "serial", "counter", "state", "bookkeeping")


@dataclass
class Draft:
    """A table as somebody might declare it."""

    name: str
    columns: dict[str, str]
    keys: list[tuple[tuple[str, ...], str, tuple[str, ...]]] = field(default_factory=list)
    head: str = ""

    def link(self, name: str, parent: str) -> None:
        self.columns[name] = "link"
        self.keys.append(((name,), parent, ("id",)))


def write(folder: Path, drafts: list[Draft]) -> Path:
    copy = folder / "catalogue"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for draft in drafts:
        lines = [f'table = "{draft.name}"', 'purpose = "What makes life easier for everybody."', draft.head]
        lines += ["[retention]", 'rule = "kept"', 'kept_because = "It is small."']
        for column, kind in draft.columns.items():
            lines += [f"[columns.{column}]", f'class = "{kind}"', 'purpose = "Needed for quick look-up."']
        (copy / f"{draft.name}.toml").write_text("\n".join(lines) + "\n")
        with (copy / "policy.toml").open("a") as policy:
            for columns, parent, referred in draft.keys:
                policy.write(
                    f'\n[[foreign_keys]]\ntable = "{draft.name}"\ncolumns = {list(columns)}\n'
                    f'parent = "{parent}"\n'
                    f'parent_columns = {list(referred)}\npurpose = "It goes with its row."\n'
                )
    return copy


def one_way(draw: random.Random, draft: Draft, name: str, *, message: bool = True) -> None:
    """A way to a person, by key, by class, or by a link that no key is declared for."""
    kind = draw.choice(("key", "class", "link", "message" if message else "key"))
    if kind == "class":
        draft.columns[name] = draw.choice(SINGLING)
    elif kind == "link":
        draft.columns[name] = "link"
    else:
        draft.link(name, draw.choice(MESSAGES if kind == "message" else PEOPLE))


def a_link(draw: random.Random) -> list[Draft]:
    """Drafts of which one joins two people, puts people into groups, or hides behind an excuse."""
    draft = Draft("helpers", {"id": "serial", "note": draw.choice(HARMLESS)})
    shape = draw.choice(("two ways", "through another", "group", "excuse", "false proof", "vocabulary"))
    one_way(draw, draft, "owner_id", message=shape != "excuse")
    if shape == "two ways":
        one_way(draw, draft, "other_id")
    elif shape == "through another":
        between = Draft("between", {"id": "serial"})
        one_way(draw, between, "peer_id")
        draft.link("between_id", "between")
        return [between, draft]
    elif shape == "group":
        draft.link("circle_id", "circles")
        return [Draft("circles", {"id": "serial", "name": "state"}), draft]
    elif shape == "excuse":
        draft.head = 'made_by = "alembic"'
    elif shape == "vocabulary":
        draft.link("circle_id", "circles")
        return [Draft("circles", {"id": "serial", "name": "random-id"}, head="vocabulary = true"), draft]
    else:  # the second column is a device's number, and a user's as well
        draft = Draft("helpers", {"owner_id": "link", "other_id": "link"})
        draft.keys = [
            (("owner_id",), "users", ("id",)),
            (("other_id",), "users", ("id",)),
            (("other_id", "owner_id"), "webauthn_credentials", ("id", "user_id")),
        ]
    return [draft]


def a_harmless_one(draw: random.Random) -> list[Draft]:
    """Drafts of rows for one person, of nobody, or of two ways that one key proves to be the same."""
    draft = Draft(
        "helpers", {"id": "serial"} | {f"c{n}": draw.choice(HARMLESS) for n in range(draw.randint(1, 4))}
    )
    shape = draw.choice(("nobody", "one person", "one message", "proved", "vocabulary", "in a row"))
    if shape in ("one person", "vocabulary"):
        draft.link("owner_id", draw.choice(PEOPLE))
    if shape == "one message":
        draft.link("about_id", draw.choice(MESSAGES))
    if shape == "vocabulary":
        draft.link("kind_id", "kinds")
        return [Draft("kinds", {"id": "serial", "word": "state"}, head="vocabulary = true"), draft]
    if shape == "in a row":
        draft.link("before_id", "before")
        return [
            Draft("before", {"id": "serial", "user_id": "link"}, [(("user_id",), "users", ("id",))]),
            draft,
        ]
    if shape == "proved":
        draft.columns |= {"user_id": "link", "device_id": "link"}
        draft.keys = [(("device_id", "user_id"), "webauthn_credentials", ("id", "user_id"))]
        draft.keys += draw.sample(
            [(("user_id",), "users", ("id",)), (("device_id",), "webauthn_credentials", ("id",))],
            draw.randint(0, 2),
        )
    return [draft]


@pytest.mark.parametrize("seed", range(60))
def test_a_link_is_refused_however_it_is_declared(tmp_path: Path, seed: int) -> None:
    drafts = a_link(random.Random(seed))  # noqa: S311 (drafts of a test)
    with pytest.raises(UsageError) as refused:
        catalogue.load(write(tmp_path, drafts))
    told = str(refused.value)
    assert told.split(":")[0] in {f"{draft.name}.toml" for draft in drafts} | {"policy.toml"}, told
    assert any(word in told for word in ("two people", "puts people into", "made_by", "vocabulary")), told


@pytest.mark.parametrize("seed", range(60))
def test_a_harmless_declaration_is_accepted(tmp_path: Path, seed: int) -> None:
    drafts = a_harmless_one(random.Random(seed))  # noqa: S311 (drafts of a test)
    assert catalogue.load(write(tmp_path, drafts)).table("helpers") is not None


def test_our_own_tables_may_not_grow_a_second_way(tmp_path: Path) -> None:
    copy = write(tmp_path, [])
    with (copy / "users.toml").open("a") as users:
        users.write('\n[columns.invited_by]\nclass = "link"\npurpose = "Who brought them."\n')
    with pytest.raises(UsageError, match=r"users\.toml:\d+: a row of 'users' singles out two people"):
        catalogue.load(copy)
