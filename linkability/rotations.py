"""Session keys as agreements: what scores of key rotations share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nosender.linkability.arrays import Floats, Ints
    from nosender.linkability.copied import Copy, Rows


def sessions(copy: Copy) -> Rows:
    """One row for each session key id: the first of those that were sealed for the devices of its owner."""
    table = copy.session_keys
    order = np.lexsort([table.id, table.parent])
    first = np.unique(table.parent[order], return_index=True)[1]
    return table.take(order[first])


def rank(values: Ints) -> Floats:
    """[rows]: places in the order of the values; equal values share a place."""
    places: Floats = np.unique(values, return_inverse=True)[1].astype(np.float64)
    return places
