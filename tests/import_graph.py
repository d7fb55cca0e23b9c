"""Who imports whom, room by room, and whether there is a circle: `python tests/import_graph.py [ROOM ...]`.

Every import counts, inside a function and for the type checker alone too. A folder is one box in the room
that holds it and a room of its own.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src"
Graph = dict[str, set[str]]


def read_modules(source: Path = SOURCE, package: str = "nosender") -> dict[str, Path]:
    """Every module of the package by its dotted name; one whose folder is no identifier has one too."""
    found: dict[str, Path] = {}
    folders = [source / package]
    while folders:
        for path in sorted(folders.pop().iterdir()):
            if path.is_dir():  # links too, which rglob passes over
                folders.append(path)
            elif path.suffix == ".py":
                parts = path.relative_to(source).with_suffix("").parts
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name: str, path: Path, modules: dict[str, Path]) -> Iterator[str]:
    """The modules of the package that one module imports, at any depth; not itself."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        asked: list[str] = []
        if isinstance(node, ast.Import):
            asked = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            asked = [f"{base}.{alias.name}" for alias in node.names]
        for each in asked:
            module = each if each in modules else each.rpartition(".")[0]
            if module in modules and module != name:
                yield module


def read_graph(modules: dict[str, Path]) -> Graph:
    """Each module with the modules that it imports."""
    return {name: set(imports(name, path, modules)) for name, path in modules.items()}


def room(graph: Graph, folder: str) -> Graph:
    """The boxes that stand directly in a folder, with the arrows between them; __init__ is one of them."""

    def box(name: str) -> str | None:
        if name == folder:
            return "__init__"
        return name[len(folder) + 1 :].partition(".")[0] if name.startswith(f"{folder}.") else None

    boxes: Graph = {}
    for name, wanted in graph.items():
        if (start := box(name)) is not None:
            ends = {end for each in wanted if (end := box(each)) is not None}
            boxes.setdefault(start, set()).update(ends - {start})
    return boxes


def folders(modules: Iterable[str]) -> list[str]:
    """Every folder that holds modules or folders of modules."""
    found = {name.rpartition(".")[0] for name in modules}
    while above := {each.rpartition(".")[0] for each in found} - found:
        found |= above
    return sorted(found - {""})


def circles(graph: Graph) -> list[list[str]]:
    """The sets of boxes that reach one another, each sorted; empty where all arrows point one way."""
    reached = {name: reach(graph, name) for name in graph}
    around = {name: sorted(end for end in ends if name in reached[end]) for name, ends in reached.items()}
    return [list(each) for each in sorted({tuple(each) for each in around.values() if each})]


def reach(graph: Graph, start: str) -> set[str]:
    """All that can be reached over the arrows from one box."""
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        fresh = graph.get(ahead.pop(), set()) & graph.keys() - seen
        seen |= fresh
        ahead += fresh
    return seen


def all_circles(graph: Graph) -> list[list[str]]:
    """The circles of modules, and those of the boxes of each room, which modules on either side can close."""
    found = circles(graph)
    for folder in folders(graph):
        for around in circles(room(graph, folder)):
            names = [f"{folder}.{box}" for box in around]
            if names not in found:
                found.append(names)
    return found


def main(wanted: list[str]) -> int:
    """Print the rooms that are named, or all; 1 where there is a circle."""
    modules = read_modules()
    graph = read_graph(modules)
    for folder in folders(modules):
        boxes = room(graph, folder)
        if (wanted and folder.removeprefix("nosender.") not in wanted) or len(boxes) < 2:
            continue
        print(f"{folder}: {len(boxes)} boxes, {sum(map(len, boxes.values()))} arrows")
        for name, ends in sorted(boxes.items()):
            if ends:
                print(f"  {name} -> {', '.join(sorted(ends))}")
    found = all_circles(graph)
    print(f"{len(modules)} modules, {sum(map(len, graph.values()))} arrows, {len(found) or 'no'} circles")
    for around in found:
        print(f"circle: {' <-> '.join(around)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
