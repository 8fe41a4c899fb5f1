"""The product of the automata of some rules with that of another, explored breadth first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TypeAlias

import attrs

from wfcheck.checker.policy.letters import Letter, TooManyError, alphabet
from wfcheck.checker.policy.machines import Atom, Machine, hints, machine
from wfcheck.checker.policy.subsume import Stated, choices_of
from wfcheck.checker.policy.weaker import consequence, never, sharper
from wfcheck.dsl import core

STATES = 6_000
PATHS = 6
MACHINES = 8
DATA = "it compares events with each other, counts, or depends on time or labels"
TRACKED = 10
"""Of so many classes of calls it is known whether one was attempted."""
Word: TypeAlias = tuple[Letter, ...]


@attrs.frozen
class Explored:
    """`exhausted`: no run is allowed by the one side and turned down by the other. `paths`: shortest runs that the automata would
    have. `reason`: why nothing can be concluded."""

    exhausted: bool
    states: int = 0
    paths: tuple[Word, ...] = ()
    letters: tuple[Letter, ...] = ()
    reason: str | None = None


def explore(rules: Sequence[Stated], other: Stated, program: core.Program, seconds: float) -> Explored:
    """Rules without a finite automaton are left out on the stricter side (more runs are then looked at)."""
    exact = machine(never(other))
    target = exact if exact is not None else machine(sharper(other))
    known = [
        m
        for m in (machine(consequence(rule), loose=True) for rule in relevant(rules, other))
        if m is not None
    ]
    machines = (*known, *([] if target is None else [target]))
    own = [atom for m in machines for atom in m.atoms]
    told = (
        []
        if exact is not None
        else [hint for stated in (other, *relevant(rules, other)) for hint in hints(stated)]
    )
    try:
        letters = _alphabet(program, own, told, seconds)
    except TooManyError as error:
        return Explored(False, reason=error.reason)
    if target is None:
        return Explored(
            False,
            letters=letters,
            reason="it compares events with each other, counts, or depends on time or labels",
        )
    free = _Product(machines, [(letter,) for letter in letters])
    found = next(free.wrong(), None)
    if found is None and not free.cut:
        return Explored(True, len(free.seen), letters=letters)
    paired = _Product(machines, list(_moves(letters)))
    paths = tuple(path for path, _ in zip(paired.wrong(), range(PATHS), strict=False))
    reason = "the rules have too many states together" if free.cut else None if exact is not None else DATA
    return Explored(False, len(free.seen), paths, letters, reason)


def relevant(rules: Sequence[Stated], other: Stated) -> list[Stated]:
    """The rules that speak of the same tools as the other, and grants; the first few. To leave rules out allows more runs."""
    wanted = {s for c in choices_of([other.rule.body]) for s in c.subjects}
    near = [r for r in rules if isinstance(r.rule.body, core.Allow) or _shares(r, wanted)]
    return near[:MACHINES]


def _shares(stated: Stated, wanted: set[str]) -> bool:
    return not wanted or any(not c.subjects or c.subjects & wanted for c in choices_of([stated.rule.body]))


def _alphabet(
    program: core.Program, own: Sequence[Atom], told: Sequence[Atom], seconds: float
) -> tuple[Letter, ...]:
    """The letters; those for which the hints are true come first. Without the hints, where these are too many."""
    if told:
        with suppress(TooManyError):
            found = alphabet(program, [*told, *own], seconds)
            return tuple(sorted(found, key=lambda letter: -sum(letter.truths[hint][1] for hint in told[:1])))
    return alphabet(program, own, seconds)


def _moves(letters: Sequence[Letter]) -> Iterator[Word]:
    """Attempts, and calls with their ends."""
    attempts = {letter.call: letter for letter in letters if letter.moment == "attempt"}
    for letter in letters:
        if letter.call is None or letter.moment == "attempt":
            yield (letter,)
        else:
            yield attempts[letter.call], letter


class _Product:
    """The last machine is that of the other rule. A call returns or fails only if it was attempted before: the last part of a state
    says of which classes one was."""

    def __init__(self, machines: Sequence[Machine], moves: Sequence[Word]) -> None:
        self._machines, self._moves = machines, moves
        calls = sorted({x.call for move in moves for x in move if x.call is not None})
        self._bits = {call: 1 << place for place, call in enumerate(calls[:TRACKED])}
        self.seen: set[tuple[int, ...]] = set()
        self.cut = False

    def wrong(self) -> Iterator[Word]:
        """Shortest runs that all but the last machine allow, and the last turns down."""
        start = (*(m.start for m in self._machines), 0)
        self.seen = {start}
        queue: deque[tuple[tuple[int, ...], Word]] = deque([(start, ())])
        while queue:
            state, path = queue.popleft()
            for move in self._moves:
                reached, bad = self._run(state, move)
                if bad:
                    yield (*path, *move)
                if reached is None or reached in self.seen or move[-1].moment == "end":
                    continue
                if len(self.seen) >= STATES:
                    self.cut = True
                    return
                self.seen.add(reached)
                queue.append((reached, (*path, *move)))

    def _run(self, state: tuple[int, ...], move: Word) -> tuple[tuple[int, ...] | None, bool]:
        """The state after the move (None: it cannot happen, or a rule turns it down), and whether the other rule alone does."""
        *inner, tried = state
        for letter in move:
            bit = self._bits.get(letter.call, 0) if letter.call is not None else 0
            if letter.moment in ("return", "fail") and bit and not tried & bit:
                return None, False
            steps = [
                m.step(s, letter.moment, letter.truths) for m, s in zip(self._machines, inner, strict=True)
            ]
            if any(bad for _, bad in steps[:-1]):
                return None, False
            if steps[-1][1]:
                return None, letter is move[-1]
            inner, tried = [s for s, _ in steps], tried | bit
        return (*inner, tried), False
