"""What an attack is: a pure function over one copy. Scores are found, not registered: one file adds one."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nosender.errors import UsageError

if TYPE_CHECKING:
    from nosender.linkability.copied import Copy


@dataclass(frozen=True, slots=True)
class Score:
    """One way to attack one channel."""

    slug: str
    """Unique within its channel: `likelihood`."""
    channel: str
    """Slug of the channel; see channel.py. A new one is allowed."""
    function: Callable[[Copy], Any]
    """Pure. `contacts`: float array [people, people], the highest value of a row (not on the diagonal) names
    that person's contact, equal ones count in parts. `senders`: integer array [messages], who sent each
    row of `copy.messages`, -1 where it does not say."""
    names: Literal["contacts", "senders"] = "contacts"


def discover(more: Iterable[Path] = ()) -> tuple[Score, ...]:
    """The scores of every file in scores/ and of `more` files; each has `SCORES`, a sequence, or `SCORE`.

    UsageError: a file that does not load, holds none, or repeats a slug of its channel.
    """
    from nosender.linkability import scores

    modules = [
        importlib.import_module(f"{scores.__name__}.{found.name}")
        for found in sorted(pkgutil.iter_modules(scores.__path__), key=lambda found: found.name)
    ]
    modules += [_load(path) for path in more]
    found: dict[tuple[str, str], Score] = {}
    for module in modules:
        listed = getattr(module, "SCORES", None) or [getattr(module, "SCORE", None)]
        for score in listed:
            if not isinstance(score, Score):
                raise UsageError(
                    f"{module.__file__} holds neither SCORE nor SCORES of nosender.linkability.score"
                )
            if (score.channel, score.slug) in found:
                raise UsageError(
                    f"{module.__file__}: channel {score.channel} has a score {score.slug} already"
                )
            found[score.channel, score.slug] = score
    return tuple(found.values())


def _load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"nosender_score_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"{path} does not load: {type(error).__name__}: {error}") from error
    return module
