"""Which assumptions a proof needs: several minimal cores of a proved system, from its invariant and from other proofs."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Literal

import attrs

from wfcheck.solver.backend import Child, solve_each
from wfcheck.solver.cores import Cores, Names, enumerate_cores
from wfcheck.solver.invariants.prove import Proof, prove
from wfcheck.solver.invariants.recheck import Budget
from wfcheck.solver.transition import Invariant, Segment, System, conditions
from wfcheck.solver.verdict import Sat, Unknown

_Answer = Names | Literal["insufficient", "undecided"]


def cores(
    system: System,
    invariant: Invariant,
    *,
    names: Collection[str] | None = None,
    seconds: float = 2.0,
    rlimit: int = 10_000_000,
    most: int = 16,
    child: Child | None = None,
) -> Cores:
    """The minimal sets of assumptions under which the system is safe, within the time; what is not known is said.

    `names`: the assumptions that may fail (all); the others always hold. A set of names suffices if the invariant is still inductive,
    or if `prove` finds another; it does not if `prove` finds a bad run."""
    used = {name for segment in system.segments.values() for name, _ in segment.assumptions}
    optional = frozenset(used if names is None else used & set(names))
    budget = Budget(time.monotonic() + seconds, rlimit, child)
    return enumerate_cores(optional, _Judge(system, invariant, optional, budget), most=most)


def weakened(system: System, failing: Collection[str]) -> System:
    """The system without the assumptions of those names."""
    segments = {
        place: attrs.evolve(s, assumptions=tuple((n, t) for n, t in s.assumptions if n not in failing))
        for place, s in system.segments.items()
    }
    return attrs.evolve(system, segments=segments)


class _Judge:
    """Answers whether names suffice. Remembers, per place, what its conditions needed."""

    def __init__(self, system: System, invariant: Invariant, optional: Names, budget: Budget) -> None:
        self.system, self.invariant, self.optional, self.budget = system, invariant, optional, budget
        self.known: dict[tuple[str, Names], _Answer] = {}

    def __call__(self, names: Names) -> _Answer:
        parts = [self.place(place, names) for place in self.system.segments]
        needed = frozenset(n for part in parts if isinstance(part, frozenset) for n in part)
        if "undecided" not in parts and "insufficient" not in parts:
            return needed
        return self.anew(names)

    def place(self, place: str, names: Names) -> _Answer:
        segment = self.system.segments[place]
        here = frozenset(n for n, _ in segment.assumptions) & names
        key = (place, here)
        if key not in self.known:
            self.known[key] = "undecided" if self.budget.over else self.inductive(segment, here)
        return self.known[key]

    def inductive(self, segment: Segment, here: Names) -> _Answer:
        alone = attrs.evolve(self.system, segments={segment.place: segment})
        formulas = [c.formula for c in conditions(alone, self.invariant)][1:]
        given = [(n, t) for n, t in segment.assumptions if n in here or n not in self.optional]
        answers = solve_each(formulas, given, self.budget.limits(), child=self.budget.child, stop=True)
        if any(isinstance(answer, Sat) for answer in answers):
            return "insufficient"
        needed: set[str] = set()
        for answer in answers:
            if isinstance(answer, Sat | Unknown):
                return "undecided"
            needed.update(answer.core)
        return frozenset(needed & self.optional)

    def anew(self, names: Names) -> _Answer:
        """With any invariant."""
        left = self.budget.limits().seconds / 3
        system = weakened(self.system, self.optional - names)
        found = prove(system, seconds=left, rlimit=self.budget.rlimit, child=self.budget.child)
        if isinstance(found, Proof):
            return frozenset(found.assumptions) & self.optional
        return "undecided" if isinstance(found, Unknown) else "insufficient"
