"""`prove` against explicit reachability, on small random systems whose states can be listed."""

from __future__ import annotations

from collections import deque
from itertools import product
from typing import Any

import pytest
from generators.random_systems import Maker

from wfcheck.solver.evaluate import Model, evaluate_all
from wfcheck.solver.invariants.bounded import Refuted
from wfcheck.solver.invariants.prove import Proof, prove
from wfcheck.solver.invariants.recheck import Budget, check
from wfcheck.solver.term import Term
from wfcheck.solver.transition import System
from wfcheck.solver.verdict import Unknown

_DEEP = 14


def _reached(system: System, depth: int, bound: int) -> int | str | None:
    """How many moves lead to a bad state; None if none does; "unknown" where counters went too far to tell."""
    found = [_reached_with(system, key, depth, bound) for key in (range(-1, 4) if system.rigid else (0,))]
    return min((n for n in found if isinstance(n, int)), default="unknown" if "unknown" in found else None)


def _reached_with(system: System, key: int, depth: int, bound: int) -> int | str | None:
    queue: deque[tuple[str, tuple[Any, ...], int]] = deque([("start", (), 0)])
    seen, cut = set(), False
    while queue:
        place, values, steps = queue.popleft()
        for known in _worlds(system, place, values, key):
            segment = system.segments[place]
            if any(known[bad.formula] for bad in segment.bad):
                return steps
            for move in segment.moves:
                there = tuple(known[v] for v in move.values)
                if not known[move.guard] or (move.target, there) in seen:
                    continue
                if steps >= depth or any(abs(v) > bound for v in there if not isinstance(v, bool)):
                    cut = True
                    continue
                seen.add((move.target, there))
                queue.append((move.target, there, steps + 1))
    return "unknown" if cut else None


def _worlds(system: System, place: str, values: tuple[Any, ...], key: int) -> list[dict[Term, Any]]:
    segment = system.segments[place]
    roots = [t for _, t in segment.assumptions] + [bad.formula for bad in segment.bad]
    roots += [t for m in segment.moves for t in (m.guard, *m.values)]
    names = {s.name: v for s, v in zip(system.variables[place], values, strict=True)}
    found = []
    for toss, step in product((False, True), (-1, 0, 1)):
        known = evaluate_all(roots, Model({**names, "toss": toss, "step": step, "key": key}))
        if all(known[t] for _, t in segment.assumptions):
            found.append(known)
    return found


def _agree(system: System, *, finite: bool) -> str:
    answer, truth = prove(system, seconds=8.0), _reached(system, 200 if finite else _DEEP, 6)
    match answer:
        case Proof():
            assert not isinstance(truth, int), f"proved, but bad after {truth} moves"
            assert check(system, answer.invariant, Budget(float("inf"), 10_000_000)).open is None
            return "proved"
        case Refuted():
            assert truth is not None, "refuted, but no bad state is reachable"
            assert answer.depth == truth or truth == "unknown" or not answer.shortest
            return "refuted"
        case Unknown():
            assert not finite, answer.reason
            return "unknown"


@pytest.mark.parametrize("block", range(3))
def test_finite_systems_are_decided(block: int) -> None:
    found = [
        _agree(Maker(seed, counters=False).system(), finite=True)
        for seed in range(block * 12, block * 12 + 12)
    ]
    assert {"proved", "refuted"} <= set(found)


@pytest.mark.parametrize("block", range(3))
def test_counters_are_never_proved_where_a_bad_state_is_reached(block: int) -> None:
    found = [
        _agree(Maker(1000 + seed, counters=True).system(), finite=False)
        for seed in range(block * 10, block * 10 + 10)
    ]
    assert "proved" in found
    assert found.count("unknown") <= 2
