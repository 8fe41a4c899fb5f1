"""`prove` against explicit reachability, on small random systems whose states can be listed."""

from __future__ import annotations

from collections import deque
from itertools import product
from random import Random
from typing import Any

import pytest

from wfcheck.solver import build as b
from wfcheck.solver.evaluate import Model, evaluate_all
from wfcheck.solver.invariants.bounded import Refuted
from wfcheck.solver.invariants.prove import Proof, prove
from wfcheck.solver.invariants.recheck import Budget, check
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Symbol, Term, symbol
from wfcheck.solver.transition import Bad, Move, Segment, System
from wfcheck.solver.verdict import Unknown

_DEEP = 14


def _int(name: str) -> Symbol:
    return symbol(name, Sort.INT)


def _bool(name: str) -> Symbol:
    return symbol(name, Sort.BOOL)


class _Maker:
    """Random systems over a few Booleans and counters, with one Boolean input and one of the numbers -1 to 1 per visit."""

    def __init__(self, seed: int, *, counters: bool) -> None:
        self.dice = Random(seed)
        self.flags = [_bool(f"p{i}") for i in range(self.dice.randint(1, 3))]
        self.counts = [_int(f"x{i}") for i in range(self.dice.randint(1, 3))] if counters else []
        self.toss, self.step = _bool("toss"), _int("step")
        self.key = _int("key")

    def literal(self) -> Term:
        atom = self.dice.choice([*self.flags, self.toss])
        return self.dice.choice([atom, b.not_(atom)])

    def order(self) -> Term:
        left, right = self.dice.choice(self.counts), self.dice.choice([*self.counts, self.key])
        bound = b.integer(self.dice.randint(-1, 4))
        return self.dice.choice([b.le(left, bound), b.lt(left, right), b.le(b.sub(left, right), bound)])

    def guard(self) -> Term:
        parts = [self.literal() for _ in range(self.dice.randint(0, 2))]
        parts += [self.order() for _ in range(self.dice.randint(0, 1))] if self.counts else []
        return self.dice.choice([b.and_, b.or_])(*parts) if parts else b.TRUE

    def flag_value(self, old: Symbol) -> Term:
        return self.dice.choice(
            [
                old,
                old,
                b.TRUE,
                b.FALSE,
                self.literal(),
                b.or_(old, self.literal()),
                b.and_(old, self.literal()),
            ]
        )

    def count_value(self, old: Symbol) -> Term:
        moved = [
            b.add(old, b.integer(1)),
            b.add(old, self.step),
            b.ite(self.literal(), b.add(old, b.integer(1)), old),
        ]
        other = self.dice.choice(self.counts)
        return self.dice.choice([old, old, *moved, b.sub(old, b.integer(1)), other, b.ZERO])

    def move(self, target: str) -> Move:
        values = (*map(self.flag_value, self.flags), *map(self.count_value, self.counts))
        return Move(target, self.guard(), values)

    def segment(self, place: str, places: list[str]) -> Segment:
        moves = tuple(self.move(self.dice.choice(places)) for _ in range(self.dice.randint(1, 3)))
        small = [
            b.and_(b.le(b.integer(-1), s), b.le(s, b.integer(most)))
            for s, most in ((self.step, 1), (self.key, 3))
        ]
        limits = tuple(zip((f"step {place}", f"key {place}"), small, strict=True))
        bad = (Bad(f"bad {place}", b.and_(self.guard(), self.guard(), self.literal())),)
        return Segment(place, limits, moves, bad if self.dice.random() < 0.6 else ())

    def system(self) -> System:
        places = ["one", "two"][: self.dice.randint(1, 2)]
        variables = (*self.flags, *self.counts)
        zero = (*(b.boolean(self.dice.random() < 0.5) for _ in self.flags), *(b.ZERO for _ in self.counts))
        segments = {p: self.segment(p, places) for p in places}
        start = Segment("start", (), (Move("one", b.TRUE, zero),))
        rigid = (self.key,) if self.counts else ()
        return System(
            "start", {"start": (), **dict.fromkeys(places, variables)}, {"start": start, **segments}, rigid
        )


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


@pytest.mark.parametrize("block", range(4))
def test_finite_systems_are_decided(block: int) -> None:
    found = [
        _agree(_Maker(seed, counters=False).system(), finite=True)
        for seed in range(block * 15, block * 15 + 15)
    ]
    assert {"proved", "refuted"} <= set(found)


@pytest.mark.parametrize("block", range(4))
def test_counters_are_never_proved_where_a_bad_state_is_reached(block: int) -> None:
    found = [
        _agree(_Maker(1000 + seed, counters=True).system(), finite=False)
        for seed in range(block * 10, block * 10 + 10)
    ]
    assert "proved" in found
    assert found.count("unknown") <= 2
