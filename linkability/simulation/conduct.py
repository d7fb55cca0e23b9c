"""The parameters of the simulation: what conduct.toml says, typed and complete."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from nosender.errors import UsageError

DEFAULT = Path(__file__).parent / "conduct.toml"


@dataclass(frozen=True, slots=True)
class People:
    """Who there is; the file says what each value means."""

    activity_sigma: float
    contacts: float
    contact_alpha: float
    circle: int
    extra_devices: float
    never_back: float
    silent_readers: float


@dataclass(frozen=True, slots=True)
class Conversation:
    """How two people talk."""

    length: float
    reply_median: float
    reply_sigma: float
    more_share: float
    more_median: float
    quiet_from: int
    quiet_to: int
    quiet_weight: float


@dataclass(frozen=True, slots=True)
class Group:
    """How groups talk."""

    share: float
    per_person: float
    size: float
    length: float
    fan_out: float


@dataclass(frozen=True, slots=True)
class Receipt:
    """When devices fetch, and what they tell."""

    online_share: float
    online_median: float
    offline_mean: float
    others_online: float
    others_period_hours: float
    read_median: float
    typing_median: float


@dataclass(frozen=True, slots=True)
class Key:
    """When session keys are rotated."""

    every_hours: float
    publish_to_claim: float
    claim_to_store: float
    unclaimed: float


@dataclass(frozen=True, slots=True)
class Content:
    """How long ciphertexts are."""

    bytes: int
    large_share: float
    large_bytes: int


@dataclass(frozen=True, slots=True)
class Expiry:
    """How long messages live."""

    pairs: float
    usual_hours: list[int]
    own_share: float


@dataclass(frozen=True, slots=True)
class Drive:
    """How the calls are made."""

    connections: int
    copy_seconds: int


@dataclass(frozen=True, slots=True)
class Conduct:
    """All of it."""

    people: People
    conversation: Conversation
    group: Group
    receipt: Receipt
    key: Key
    content: Content
    expiry: Expiry
    drive: Drive


def read(path: Path = DEFAULT) -> Conduct:
    """The parameters in a file; UsageError where it is no TOML, lacks one, or has one that is not known."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} does not read as TOML: {error}") from None
    sections = get_type_hints(Conduct)
    _same_names(path, "the file", set(sections), set(found))
    made: dict[str, Any] = {}
    for name, kind in sections.items():
        section = found[name]
        if not isinstance(section, dict):
            raise UsageError(f"{path}: {name} must be a section")
        _same_names(path, f"[{name}]", {field.name for field in dataclasses.fields(kind)}, set(section))
        made[name] = kind(**section)
    return Conduct(**made)


def _same_names(path: Path, where: str, wanted: set[str], found: set[str]) -> None:
    for what, names in (("lacks", wanted - found), ("has the unknown", found - wanted)):
        if names:
            raise UsageError(f"{path}: {where} {what} {', '.join(sorted(names))}")
