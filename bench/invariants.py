"""Unbounded proofs and deep counterexamples: what they cost, beside Spacer alone and bounded search alone.

    python bench/invariants.py [--repeat 3] [--seconds 30] [--counters 32]

Every figure is processor time of a process of its own and of its solvers, the least of `--repeat` runs, above that of a process that
starts, asks one trivial question and ends. A run that is given up within `--seconds` (of wall clock) is shown as such."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from generators.transition_systems import after, approvals, counted, guarded_counters, spending

from wfcheck.solver import build as b
from wfcheck.solver.backend import solve
from wfcheck.solver.invariants.bounded import search
from wfcheck.solver.invariants.prove import Proof, prove
from wfcheck.solver.invariants.recheck import Budget
from wfcheck.solver.invariants.spacer import guess
from wfcheck.solver.invariants.vocabulary import vocabularies
from wfcheck.solver.sort import Sort
from wfcheck.solver.transition import System

_UNITS = 1_000_000_000


@attrs.frozen
class Row:
    """One line of the table."""

    name: str
    system: Callable[[], System]
    expected: str
    depth: int


def rows(counters: int) -> list[Row]:
    """What is measured: the system, what `prove` has to say, and how deep bounded search goes."""
    return [
        Row("approve n times, send at most as often", approvals, "proved", 14),
        Row("at most one call per round, 10 rounds", lambda: counted(10, 10), "proved", 12),
        Row("the same, 1,000,000 rounds", lambda: counted(1_000_000, 1_000_000), "proved", 20),
        Row("spending in 10 rounds", lambda: spending(100, 1000), "proved", 12),
        Row(f"{counters} guarded pairs of counters", lambda: guarded_counters(counters), "proved", 8),
        Row("wrong after 41 rounds", lambda: after(41), "refuted 42", 60),
    ]


def _prove(system: System, seconds: float, _: int) -> str:
    found = prove(system, seconds=seconds, rlimit=_UNITS)
    if isinstance(found, Proof):
        return "proved"
    return f"refuted {getattr(found, 'depth', '')}" if hasattr(found, "depth") else "gave up"


def _spacer(system: System, seconds: float, _: int) -> str:
    watched = {place: words.watched for place, words in vocabularies(system).items()}
    found = guess(system, watched, {}, Budget(time.monotonic() + seconds, _UNITS))
    return "guessed" if isinstance(found, dict) else "gave up" if "gave up" in found else "refuted"


def _bounded(system: System, seconds: float, depth: int) -> str:
    found, clear = search(system, Budget(time.monotonic() + seconds, _UNITS), depth=depth)
    return f"refuted {found.depth}" if found else f"nothing below {clear}"


def _nothing(_: System, __: float, ___: int) -> str:
    solve(b.lt(b.ZERO, b.symbol("x", Sort.INT)))
    return "started"


METHODS = {"start": _nothing, "prove": _prove, "Spacer": _spacer, "bounded": _bounded}


def measured(row: Row, method: str, seconds: float) -> tuple[float, str]:
    """Processor seconds of a process of its own, and what came out."""
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(source)
        try:
            os.write(sink, METHODS[method](row.system(), seconds, row.depth).encode())
        finally:
            from wfcheck.solver.backend import shared_child

            shared_child().close()
            os._exit(0)
    os.close(sink)
    with os.fdopen(source) as answer:
        said = answer.read()
    _, _, usage = os.wait4(child, 0)
    return usage.ru_utime + usage.ru_stime, said


def table(counters: int, repeat: int, seconds: float) -> list[tuple[str, str, float, str]]:
    """Name, method, processor seconds above a start, outcome."""
    found: list[tuple[str, str, float, str]] = []
    every = rows(counters)
    start = min(measured(every[0], "start", seconds)[0] for _ in range(repeat))
    for row in every:
        for method in ("prove", "Spacer", "bounded"):
            runs = [measured(row, method, seconds) for _ in range(repeat)]
            assert method != "prove" or {said for _, said in runs} == {row.expected}, runs
            found.append((row.name, method, max(0.0, min(t for t, _ in runs) - start), runs[0][1]))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--counters", type=int, default=32)
    chosen = parser.parse_args(arguments)
    print("| system | method | s | outcome |\n|---|---|---:|---|")
    for name, method, cost, said in table(chosen.counters, chosen.repeat, chosen.seconds):
        print(f"| {name} | {method} | {cost:.2f} | {said} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
