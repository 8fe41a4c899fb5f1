"""`prove`: an inductive invariant for a transition system, a depth at which it goes wrong, or neither. In this order: what is true
without any, candidates fitted to data, Spacer, bounded search."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import attrs

from wfcheck.solver import build as b
from wfcheck.solver.backend import Child
from wfcheck.solver.invariants.bounded import Refuted, search
from wfcheck.solver.invariants.climb import climb
from wfcheck.solver.invariants.desk import Desk, GaveUpError, State
from wfcheck.solver.invariants.element import Element
from wfcheck.solver.invariants.explore import explore
from wfcheck.solver.invariants.recheck import Budget, check, trouble
from wfcheck.solver.invariants.rigid import splits
from wfcheck.solver.invariants.spacer import guess
from wfcheck.solver.invariants.support import support
from wfcheck.solver.invariants.templates import Reach, candidates
from wfcheck.solver.invariants.vocabulary import constants, vocabularies
from wfcheck.solver.invariants.walk import walk
from wfcheck.solver.linear import tidy
from wfcheck.solver.term import Term
from wfcheck.solver.transition import Invariant, System
from wfcheck.solver.verdict import Unknown

_NEAR, _SHALLOW, _FAR, _DEEP = 2, 6, 60, 400
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


def prove(
    system: System,
    *,
    seconds: float = 10.0,
    rlimit: int = 30_000_000,
    hints: Mapping[str, Sequence[Term]] | None = None,
    child: Child | None = None,
    spacer: Child | None = None,
) -> Proof | Refuted | Unknown:
    """Whether the system is safe. Nothing but conditions that were checked one by one makes a Proof, whatever found it; and nothing
    but a confirmed run makes a Refuted. Never raises on solver trouble. `seconds`: of wall clock, for all; `rlimit`: Z3's units
    per check; `hints`: by place, formulas that may be invariant, besides the system's own."""
    budget = Budget(time.monotonic() + seconds, rlimit, child, spacer)
    system = attrs.evolve(system, hints=_joined(system, hints or {}))
    checked = check(system, {}, budget)
    if checked.open is None:
        return Proof({}, checked.cores, "none needed")
    return _by_premise(system, budget) or _Search(system, budget).run()


def _by_premise(system: System, budget: Budget) -> Proof | Refuted | None:
    """Each violation under what it asks of the rigid symbols; what all parts need together is checked as a whole."""
    parts = splits(system)
    invariants: list[Invariant] = []
    for number, split in enumerate(parts):
        share = budget.share(1 / (len(parts) - number + 0.5))
        match _Search(split.system, share).run():
            case Proof(invariant=invariant):
                invariants.append(split.weakened(invariant))
            case Refuted() as refuted:
                return attrs.evolve(refuted, shortest=refuted.shortest and len(parts) == 1)
            case Unknown():
                return None
    if not parts:
        return None
    whole = {p: b.and_(*(i.get(p, b.TRUE) for i in invariants)) for p in system.segments}
    invariant = {place: term for place, term in whole.items() if term is not b.TRUE}
    checked = check(system, invariant, budget)
    return Proof(invariant, checked.cores, "templates") if checked.open is None else None


def _joined(system: System, hints: Mapping[str, Sequence[Term]]) -> dict[str, tuple[Term, ...]]:
    return {p: (*system.hints.get(p, ()), *hints.get(p, ())) for p in system.segments}


class _Search:
    """The stages, each with its share of the time. `why`: what the last one said; `clear`: how deep nothing is wrong; `wrong`: by
    chance, a run was met that is."""

    def __init__(self, system: System, budget: Budget) -> None:
        self.system, self.budget = system, budget
        self.words, self.numbers = vocabularies(system), constants(system)
        self.watched = {place: words.watched for place, words in self.words.items()}
        self.states: dict[str, list[State]] = {}
        self.why, self.clear = "no invariant was found", 0
        self.wrong = False

    def run(self) -> Proof | Refuted | Unknown:
        found = self.bounded(_NEAR, 0.1) or self.templates(("own",), 0.4) or self.bounded(_SHALLOW, 0.2)
        found = found or self.templates(("pairs", "wide"), 0.5) or self.bounded(_FAR, 0.2)
        return found or self.spacer(0.7) or self.bounded(_DEEP, 1.0) or Unknown(self.why)

    def templates(self, reaches: Sequence[Reach], part: float) -> Proof | None:
        budget = self.budget.share(part)
        try:
            with Desk(self.system, budget) as desk:
                self.sample(desk, budget)
                for reach in () if self.wrong else reaches:
                    elements = climb(desk, self.elements(reach, budget), self.watched)
                    conjuncts = {place: element.conjuncts() for place, element in elements.items()}
                    if proof := self.judged(support(desk, conjuncts), "templates"):
                        return proof
        except GaveUpError as error:
            self.why = str(error)
        return None

    def sample(self, desk: Desk, budget: Budget) -> None:
        if not self.states:
            walked = walk(self.system, self.numbers, budget.share(0.2))
            self.states, self.wrong = walked.states, walked.wrong
            explore(desk, self.watched, self.states, budget.share(0.3))

    def elements(self, reach: Reach, budget: Budget) -> dict[str, Element]:
        """What the sampled states have in common; equations only where pairs of columns are compared."""
        found: dict[str, Element] = {}
        for place, words in self.words.items():
            if budget.over:
                raise GaveUpError("the time is over")
            states = self.states[place]
            pool = candidates(words, states, self.numbers, self.system.hints[place], reach)
            columns = () if reach == "own" else words.columns
            found[place] = Element(words.atoms, columns, pool).seeded(states)
        return found

    def judged(self, needed: Mapping[str, Sequence[Term]] | None, method: Method) -> Proof | None:
        if needed is None:
            return None
        invariant = {place: b.and_(*map(tidy, terms)) for place, terms in needed.items() if terms}
        checked = check(self.system, invariant, self.budget)
        if checked.open is None and not self.wrong:
            return Proof(invariant, checked.cores, method)
        self.why = trouble(checked) or "the solver contradicts a run that was evaluated"
        return None

    def spacer(self, part: float) -> Proof | None:
        budget = self.budget.share(part)
        guessed = guess(self.system, self.watched, {}, budget)
        if isinstance(guessed, str):
            self.why = guessed
            return None
        try:
            with Desk(self.system, self.budget) as desk:
                return self.judged(support(desk, guessed), "spacer")
        except GaveUpError as error:
            self.why = str(error)
            return None

    def bounded(self, depth: int, part: float) -> Refuted | None:
        found, self.clear = search(self.system, self.budget.share(part), start=self.clear, depth=depth)
        return found
