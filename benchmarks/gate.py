"""What the gate costs, step by step: wall and CPU seconds of the best of some runs, beside what may be.

    python benchmarks/gate.py [--repeat 2]

To hold on two cores: the whole gate with everything changed in 30 s; the steps of the commit hook, with a
file of the DDL changed, in 2 s; a change that touches nothing of the schema in 1 s. The CPU of a step is
that of a gate that runs it alone, less that of one that runs the cheapest.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
CHEAPEST = "revisions-unchanged"


def gate(checkout: Path, compiled: Path, *words: str) -> tuple[float, float, str]:
    """Run the gate once: wall seconds, CPU seconds of it and its children, what it said on the way."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPATH": str(checkout / "src"), "PYTHONPYCACHEPREFIX": str(compiled)}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    answer = subprocess.run(
        [sys.executable, "-m", "nosender", "gate", *words],
        cwd=checkout, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if answer.returncode not in (0, 3):
        sys.exit(answer.stdout + answer.stderr)
    return wall, sum(after[:2]) - sum(before[:2]), answer.stderr


def best(checkout: Path, compiled: Path, repeat: int, *words: str) -> tuple[float, float, str]:
    """The quickest of some runs, after one that compiles the modules."""
    gate(checkout, compiled, *words)
    return min(gate(checkout, compiled, *words) for _ in range(repeat))


def main() -> None:
    """Print a table of the three promises and one of the steps."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=2)
    repeat = parser.parse_args().repeat
    with tempfile.TemporaryDirectory() as temporary:
        checkout, compiled = Path(temporary) / "checkout", Path(temporary) / "compiled"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(checkout)], check=True)
        print(f"{'':28}{'wall s':>8}{'CPU s':>8}{'at most s':>11}")
        wall, cpu, _ = best(checkout, compiled, repeat, "--fast", "--base", "HEAD")
        print(f"{'nothing changed':28}{wall:8.2f}{cpu:8.2f}{1:11}")
        ddl = checkout / "schema/ddl/120_messages.sql"
        ddl.write_text(f"-- A remark.\n{ddl.read_text(encoding='utf-8')}", encoding="utf-8")
        wall, cpu, _ = best(checkout, compiled, repeat, "--fast", "--base", "HEAD")
        print(f"{'hook, one SQL file changed':28}{wall:8.2f}{cpu:8.2f}{2:11}")
        wall, cpu, _ = best(checkout, compiled, repeat, "--base", "HEAD")
        print(f"{'whole, one SQL file changed':28}{wall:8.2f}{cpu:8.2f}")
        wall, cpu, said = best(checkout, compiled, repeat)
        print(f"{'whole, everything changed':28}{wall:8.2f}{cpu:8.2f}{30:11}\n")
        # Side by side the steps wait for each other and for what they share; alone each pays for it.
        _, floor, _ = best(checkout, compiled, repeat, "--only", CHEAPEST)
        print(f"{'step':28}{'wall s, side by side':>22}{'CPU s, alone':>15}")
        for line in said.splitlines():
            _, step, seconds, _ = line.split()
            _, cpu, _ = gate(checkout, compiled, "--only", step)
            print(f"{step:28}{seconds:>22}{max(cpu - floor, 0):15.2f}")


if __name__ == "__main__":
    main()
