"""What is attacked: a revision of the schema, how its functions are called, and how it is swept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nosender.retention.plan import Plan
    from nosender.server.target import Target

_HERE = Path(__file__).parent
_TABLES = "public.messages, public.message_deliveries, public.device_session_keys, public.ephemeral_keys"
"""Those that leave dead rows. Row locks leave none, so nothing ever vacuums users and devices."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One layout under attack. A later one needs a value of its own here, and nothing else."""

    name: str
    """What the output calls it: `head`, `0.1.0`."""
    revision: str
    """The revision that the scratch database is migrated to."""
    calls: Path
    """SQL that makes the schema `driver` with `driver.drive`; see calls.sql."""
    sweep: Callable[[Target], None]
    """Sweeps, and settles where the layout does; the target's sessions have the stepped clock."""
    sweep_minute: int | None = 15
    """Minutes past each full hour at which it is swept; None: never."""
    sweep_hours: int = 1
    """Between two sweeps."""


class CommandSweep:
    """`nosender retention sweep` of this version, and VACUUM after it, as autovacuum would in time."""

    def __init__(self) -> None:
        self._plan: Plan | None = None  # half a second to read, and the same for every database of a layout

    def __call__(self, target: Target) -> None:
        """One sweep to its end."""
        from nosender.retention.policy import live_plan
        from nosender.retention.sweep import FAST, sweep

        if self._plan is None:
            with target.connect("nosender audit attack", autocommit=True) as connection:
                self._plan = live_plan(connection, target.schema)
        sweep(target, pace=FAST, plan=self._plan)
        _vacuum(target)


def sweep_by_procedure(target: Target) -> None:
    """The sweep that came with 0.1.0, which lives in its database: the command follows the newest policy."""
    with target.connect("nosender audit attack", autocommit=True) as connection:
        connection.execute("call public.retention_sweep(target_ms => null, duty => 1)")
    _vacuum(target)


def _vacuum(target: Target) -> None:
    with target.connect("nosender audit attack", autocommit=True) as connection:
        connection.execute(f"vacuum {_TABLES}")


CONTROL = Layout("0.1.0", "0005", _HERE / "calls.sql", sweep_by_procedure)
"""The tables whose order is known to name contacts: where the attack fails on them, it is blind."""

HEAD = Layout("head", "head", _HERE / "calls.sql", CommandSweep())
"""The tables as this version of nosender makes them."""
