"""When devices fetch what waits for them, and when they say that something was read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nosender.linkability.arrays import Floats, Ints
    from nosender.linkability.simulation.conduct import Conduct
    from nosender.linkability.simulation.conversations import Talk
    from nosender.linkability.simulation.people import Society


@dataclass(frozen=True, slots=True)
class Receipts:
    """Calls of devices; those without an effect, such as a fetch of nothing, are left out where known."""

    fetch_time: Floats
    """[fetches]: a device takes all that waits and acknowledges it."""
    fetch_device: Ints
    """[fetches]."""
    read_time: Floats
    """[reads]: a device acknowledges one message, or several of one moment, as read."""
    read_device: Ints
    """[reads]."""
    read_message: Ints
    """[reads]: the number of the message in the talk."""


def make_receipts(random: np.random.Generator, conduct: Conduct, society: Society, talk: Talk) -> Receipts:
    """Who answers has read before, who reads has fetched before."""
    rules = conduct.receipt
    first_of = np.flatnonzero(society.device_first)  # [people]: owners are in order
    count = len(talk.time)
    quick = talk.time + random.lognormal(np.log(rules.online_median), 0.8, count)
    late = talk.time + random.exponential(rules.offline_mean, count)
    online = (random.random(count) < rules.online_share) | np.isfinite(talk.answered)
    delivered = np.where(online, quick, late)
    typed = talk.answered - random.lognormal(np.log(rules.typing_median), 0.8, count)
    unanswered = delivered + random.lognormal(np.log(rules.read_median), 1.2, count)
    read = np.where(np.isfinite(talk.answered), np.maximum(typed, delivered + 0.2), unanswered)
    loud = np.flatnonzero(~society.silent[talk.destination])

    times, devices = [delivered], [first_of[talk.destination]]
    others = np.flatnonzero(~society.device_first & ~society.device_dead)
    phase = random.random(len(society.device_owner)) * 3600.0 * rules.others_period_hours
    period = 3600.0 * rules.others_period_hours * random.uniform(0.4, 1.6, len(society.device_owner))
    for device in others.tolist():
        mine = talk.time[talk.destination == society.device_owner[device]]
        awake = random.random(len(mine)) < rules.others_online
        visit = np.ceil((mine - phase[device]) / period[device]) * period[device] + phase[device]
        soon = mine + random.lognormal(np.log(rules.online_median), 0.8, len(mine))
        moments = np.unique(np.where(awake, soon, visit))
        times.append(moments)
        devices.append(np.full(len(moments), device))
    return Receipts(
        fetch_time=np.concatenate(times),
        fetch_device=np.concatenate(devices),
        read_time=read[loud],
        read_device=first_of[talk.destination[loud]],
        read_message=loud,
    )
