"""`prove`: an inductive invariant for a transition system, a depth at which it goes wrong, or neither. In this order: what is true
without any, candidates fitted to data, Spacer, bounded search."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import attrs

from wfcheck.solver import build as b
from wfcheck.solver.backend import Child
from wfcheck.solver.invariants.climb import climb
from wfcheck.solver.invariants.desk import Desk, GaveUpError, State
from wfcheck.solver.invariants.element import Element
from wfcheck.solver.invariants.explore import explore
from wfcheck.solver.invariants.recheck import Budget, check, trouble
from wfcheck.solver.invariants.support import support
from wfcheck.solver.invariants.templates import REACHES, Reach, candidates
from wfcheck.solver.invariants.vocabulary import Vocabulary, constants, vocabularies
from wfcheck.solver.invariants.walk import walk
from wfcheck.solver.term import Term
from wfcheck.solver.transition import Invariant, System
from wfcheck.solver.verdict import Unknown

Method: TypeAlias = Literal["none needed", "templates", "spacer"]


@attrs.frozen
class Proof:
    """`invariant` passed every condition of `transition.conditions`. `cores`: by condition, the names of the assumptions that the
    solver needed for it. `method`: where the invariant came from."""

    invariant: Invariant
    cores: Mapping[str, tuple[str, ...]]
    method: Method

    @property
    def assumptions(self) -> tuple[str, ...]:
        """Every name in the cores, sorted."""
        return tuple(sorted({name for core in self.cores.values() for name in core}))


@attrs.frozen
class Refuted:
    """A bad state is reached after `depth` moves from the start, and after no fewer; `bad` is its name, `place` where it is."""

    depth: int
    place: str
    bad: str


def prove(
    system: System,
    *,
    seconds: float = 10.0,
    rlimit: int = 30_000_000,
    hints: Mapping[str, Sequence[Term]] | None = None,
    child: Child | None = None,
) -> Proof | Refuted | Unknown:
    """Whether the system is safe. Nothing but conditions that were checked one by one makes a Proof, whatever found it; and nothing
    but a confirmed run makes a Refuted. Never raises on solver trouble."""
    budget = Budget(time.monotonic() + seconds, rlimit, child)
    system = attrs.evolve(system, hints=_joined(system, hints or {}))
    checked = check(system, {}, budget)
    if checked.open is None:
        return Proof({}, checked.cores, "none needed")
    try:
        with Desk(system, budget) as desk:
            return _searched(system, desk, budget)
    except GaveUpError as error:
        return Unknown(str(error))


def _joined(system: System, hints: Mapping[str, Sequence[Term]]) -> dict[str, tuple[Term, ...]]:
    return {p: (*system.hints.get(p, ()), *hints.get(p, ())) for p in system.segments}


def _searched(system: System, desk: Desk, budget: Budget) -> Proof | Refuted | Unknown:
    words, numbers = vocabularies(system), constants(system)
    states = walk(system, numbers, budget.share(0.1))
    explore(desk, {p: w.watched for p, w in words.items()}, states, budget.share(0.2))
    why = "no invariant was found"
    for reach in REACHES:
        pool = {
            place: candidates(words[place], states[place], numbers, hints, reach)
            for place, hints in system.hints.items()
        }
        found = climb(desk, _elements(words, pool, states, reach), {p: w.watched for p, w in words.items()})
        needed = support(desk, {place: element.conjuncts() for place, element in found.items()})
        if needed is not None:
            invariant = {place: b.and_(*terms) for place, terms in needed.items() if terms}
            checked = check(system, invariant, budget)
            if checked.open is None:
                return Proof(invariant, checked.cores, "templates")
            why = trouble(checked)
    return Unknown(why)


def _elements(
    words: Mapping[str, Vocabulary],
    pool: Mapping[str, Sequence[Term]],
    states: Mapping[str, Sequence[State]],
    reach: Reach,
) -> dict[str, Element]:
    """What the sampled states have in common; equations only where pairs of columns are compared."""
    found: dict[str, Element] = {}
    for place, said in words.items():
        element = Element(said.atoms, () if reach == "own" else said.columns, tuple(pool[place]))
        for state in states[place]:
            element = element.joined(state)
        found[place] = element
    return found
