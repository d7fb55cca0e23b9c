"""Finds the scores: every file in scores/, and those that somebody names."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nosender.errors import UsageError
from nosender.linkability import scores
from nosender.linkability.score import Score


def discover(more: Iterable[Path] = ()) -> tuple[Score, ...]:
    """The scores of every file in scores/ and of `more` files; each has `SCORES`, a sequence, or `SCORE`.

    UsageError: a file that does not load, holds none, or repeats a slug of its channel.
    """
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
