"""Row locks stay in xmax until something freezes the row: the last transaction that touched a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nosender.linkability.nearness import nearest
from nosender.linkability.rotations import sessions
from nosender.linkability.score import Score

if TYPE_CHECKING:
    from nosender.linkability.arrays import Floats, Ints
    from nosender.linkability.copied import Copy, Rows


def _last(table: Rows, people: int) -> Ints:
    """[people]: the highest xmax of a person's rows, 0: none."""
    last = np.zeros(people, dtype=np.int64)
    np.maximum.at(last, table.person, table.xmax)
    return last


def _users(copy: Copy) -> Floats:
    return nearest(_last(copy.users, copy.people))


def _users_to_keys(copy: Copy) -> Floats:
    """A person's last lock against the last transaction that wrote a session key of somebody else."""
    keys = sessions(copy)
    last = np.zeros(copy.people, dtype=np.int64)
    np.maximum.at(last, keys.person, keys.xmin)
    return nearest(_last(copy.users, copy.people), last)


def _devices(copy: Copy) -> Floats:
    return nearest(_last(copy.devices, copy.people))


def _devices_to_messages(copy: Copy) -> Floats:
    """A person's last lock against the last message to somebody else."""
    last = np.zeros(copy.people, dtype=np.int64)
    np.maximum.at(last, copy.messages.person, copy.messages.xmin)
    return nearest(_last(copy.devices, copy.people), last)


SCORES = (
    Score("nearest", "user-lock", _users),
    Score("to-keys", "user-lock", _users_to_keys),
    Score("nearest", "device-lock", _devices),
    Score("to-messages", "device-lock", _devices_to_messages),
)
