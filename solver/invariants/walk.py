"""Random runs, without a solver: many plain states of each place, where chance meets the assumptions at all."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from random import Random
from typing import Any

import attrs

from wfcheck.solver.evaluate import Model, evaluate_all
from wfcheck.solver.invariants.desk import State
from wfcheck.solver.invariants.recheck import Budget
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Const, Symbol, Term, post_order
from wfcheck.solver.transition import Segment, System

_WALKS, _STEPS, _TRIALS, _MOST_STATES = 12, 12, 4, 80


@attrs.frozen
class _Terrain:
    """What a walk needs of one segment: all terms whose values it asks for, the inputs, and values that occur in the system."""

    segment: Segment
    roots: tuple[Term, ...]
    inputs: tuple[Symbol, ...]


@attrs.frozen
class Walked:
    """States by place, each reached from the start when unknown functions are constant. `wrong`: a bad state was among them."""

    states: dict[str, list[State]]
    wrong: bool


def walk(system: System, constants: Sequence[Fraction], budget: Budget) -> Walked:
    """A few random runs. Repeatable unless time is short."""
    terrain = {place: _terrain(system, place) for place in system.segments}
    dice, pool = Random(0), _values(terrain, constants)  # noqa: S311 - repeatable, no secret
    found: dict[str, dict[tuple[Any, ...], State]] = {place: {} for place in system.segments}
    wrong = False
    for _ in range(_WALKS):
        fixed: dict[Term, Any] = {r: dice.choice(pool[r.sort]) for r in system.rigid}
        place, state = system.start, dict(fixed)
        for _ in range(_STEPS):
            step = None if budget.over else _step(system, terrain[place], state, pool, dice)
            if step is None:
                break
            place, state, wrong = step[0], {**step[1], **fixed}, wrong or step[2]
            if len(found[place]) < _MOST_STATES:
                found[place].setdefault(tuple(state.values()), state)
    return Walked({place: list(states.values()) for place, states in found.items()}, wrong)


def _terrain(system: System, place: str) -> _Terrain:
    segment = system.segments[place]
    moved = (t for m in segment.moves for t in (m.guard, *m.values))
    bad = (bad.formula for bad in segment.bad)
    roots = (*(t for _, t in segment.assumptions), *bad, *moved)
    known = {*system.variables[place], *system.rigid}
    inputs = (t for t in post_order(roots) if isinstance(t, Symbol) and t not in known)
    return _Terrain(segment, roots, tuple(inputs))


def _values(terrain: dict[str, _Terrain], constants: Sequence[Fraction]) -> dict[Sort, list[Any]]:
    """By sort, what a die may show."""
    terms = list(post_order(root for t in terrain.values() for root in t.roots))
    whole = [int(c) for c in constants if c.denominator == 1]
    words = [t.value for t in terms if isinstance(t, Const) and t.sort is Sort.TEXT]
    opaque = [t.value for t in terms if isinstance(t, Const) and t.sort is Sort.OPAQUE]
    return {
        Sort.BOOL: [True, False],
        Sort.INT: [0, 1, 2, 3, *whole],
        Sort.REAL: [Fraction(0), Fraction(1), Fraction(5, 2), *constants],
        Sort.TEXT: [*words[:6], "a", "b"],
        Sort.OPAQUE: [*opaque[:6], ("code", "a"), ("code", "b")],
    }


def _step(
    system: System, terrain: _Terrain, state: State, pool: dict[Sort, list[Any]], dice: Random
) -> tuple[str, dict[Term, Any], bool] | None:
    """Where to, with which values, and whether the step was bad; None if chance found no step."""
    for _ in range(_TRIALS):
        chosen = {s: dice.choice(pool[s.sort]) for s in terrain.inputs}
        names = {s.name: v for s, v in (*state.items(), *chosen.items()) if isinstance(s, Symbol)}
        known = evaluate_all(terrain.roots, Model(names), guess=True)
        if not all(known[t] is True for _, t in terrain.segment.assumptions):
            continue
        moves = [m for m in terrain.segment.moves if known[m.guard] is True]
        if moves:
            move = dice.choice(moves)
            variables = system.variables[move.target]
            wrong = any(known[bad.formula] is True for bad in terrain.segment.bad)
            return move.target, {v: known[t] for v, t in zip(variables, move.values, strict=True)}, wrong
    return None
