"""One short run that keeps a rule and one that breaks it, by trying small runs in order of their length.

Nothing is believed that the naive evaluator does not say: a forbidden run is broken by it, an allowed one is surely not, and in it
the judged event happens. Deterministic; bounded by counted work, not by time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import chain

import attrs

from wfcheck.checker.explaining.labelled import label_moves, told_marks, unlabelled
from wfcheck.checker.explaining.moves import Maker, Move, assembled
from wfcheck.checker.explaining.vocabulary import Vocabulary, vocabulary
from wfcheck.checker.explaining.witness import happened
from wfcheck.checker.reference.rules import breaks
from wfcheck.checker.reference.values import Labelled
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core

MOST_MOVES = 28
MOST_EVENTS = 6
BUDGET = 1500
LONGEST = 64
_MARGIN = timedelta(seconds=2)
Trees = Mapping[int, Mapping[str, Labelled]]


@attrs.frozen
class Run:
    """`index`: of a forbidden run, the event at which the rule breaks. `trees`: labels part by part, as the evaluator wants them.
    `shortest`: no shorter run over the same events does."""

    events: tuple[Event, ...]
    trees: Trees = attrs.field(repr=False)
    index: int | None
    shortest: bool


@attrs.frozen
class Runs:
    """`tried`: how many runs were judged. `reason`: why there was nothing to try. `clock`: times matter. `marks`: labels that are no
    tags, in words."""

    allowed: Run | None = None
    forbidden: Run | None = None
    tried: int = 0
    reason: str | None = None
    clock: bool = False
    marks: Mapping[str, str] = attrs.field(factory=dict)


def find_runs(rule: core.Rule, program: core.Program) -> Runs:
    """The two runs, as far as they are found within the bound."""
    if rule.not_applicable is not None:
        return Runs(reason=f"the rule is not applicable: {rule.not_applicable}")
    if isinstance(rule.body, core.Meta):
        return Runs(reason="the rule is about the policy, and no run keeps or breaks it")
    words = vocabulary(rule, program)
    moves = alphabet(rule, program, words)
    if not moves:
        return Runs(reason="the program has no tools or events that the rule could judge")
    search = _Search(rule, program, words.clock)
    search.exhaust(moves)
    search.guided(rule, moves)
    marks = told_marks(rule, program)
    return Runs(search.allowed, search.forbidden, search.tried, None, words.clock, marks)


# ---------------------------------------------------------------- what may happen


def alphabet(rule: core.Rule, program: core.Program, words: Vocabulary) -> tuple[Move, ...]:
    """The moves to try, in order of their weight; each once."""
    maker = Maker(program, words, _actor(rule, program))
    found = chain(_own(maker, rule), _related(maker, rule), _fillers(maker, rule))
    moves = tuple({repr(move.events): move for move in found}.values())[:MOST_MOVES]
    if isinstance(rule.body, core.Flow | core.FromOnly | core.Decision):
        moves = tuple(map(unlabelled, moves))
    later = max(words.times, default=None)
    if later is not None:
        moves += tuple(attrs.evolve(move, delay=later + _MARGIN) for move in moves[:4])
    return moves


def _actor(rule: core.Rule, program: core.Program) -> str:
    if isinstance(rule.body, core.Allow):
        return rule.body.principal
    found = (program.workflows[name].principal for name in rule.workflows if name in program.workflows)
    return next((name for name in found if name is not None), "user")


def _own(maker: Maker, rule: core.Rule) -> Iterator[Move]:
    """Events that are judged."""
    yield from label_moves(maker, rule)
    if isinstance(rule.body, core.Distinct):
        people = [maker.actor, *(p for p in maker.program.principals if p != maker.actor)][:2]
        for pattern in rule.body.events:
            for person in people:
                yield from _some(maker.of(pattern, evidence=False, by=person), 4)
    elif not isinstance(rule.body, core.Decision):
        for role, pattern in maker.words.patterns:
            if role == "judged":
                yield from _some(maker.of(pattern, evidence=False), 12)
    if isinstance(rule.body, core.Allow):
        granted = {name for g in rule.body.grants for c in g.event.choices for name in c.subjects}
        others = [tool for tool in maker.program.tools.values() if tool.symbol not in granted]
        for tool in others[:2]:
            yield from _some(maker.calls(tool, maker.actor, evidence=False), 2)


def _some(moves: Iterator[Move], most: int) -> Iterator[Move]:
    for _, move in zip(range(most), moves, strict=False):
        yield move


def _related(maker: Maker, rule: core.Rule) -> Iterator[Move]:
    """Evidence, and what conditions and registers look at."""
    for role, pattern in maker.words.patterns:
        if role != "judged":
            yield from _some(maker.of(pattern, evidence=True), 8)
    if isinstance(rule.body, core.After):
        yield Move((Event(kind="end", seq=0),))


def _fillers(maker: Maker, rule: core.Rule) -> Iterator[Move]:
    """A call that the rule does not speak of, where calls are counted."""
    body = rule.body
    counts = isinstance(body, core.Before | core.After) and body.within_steps is not None
    if (
        counts
        or (isinstance(body, core.Limit) and body.kind == "consecutive")
        or isinstance(body, core.Always)
    ):
        spoken = {name for _, p in maker.words.patterns for c in p.choices for name in c.subjects}
        tools = [t for t in maker.program.tools.values() if t.symbol not in spoken] or list(
            maker.program.tools.values()
        )
        for tool in tools[:1]:
            yield from _some(maker.calls(tool, maker.actor, evidence=False), 1)


# ---------------------------------------------------------------- the search


class _Search:
    """What was found so far; a class because two questions share one walk."""

    def __init__(self, rule: core.Rule, program: core.Program, clock: bool) -> None:
        self._rule, self._program, self._clock = rule, program, clock
        self.allowed: Run | None = None
        self.forbidden: Run | None = None
        self.tried = 0
        self._complete = 0  # every run of at most so many events was tried

    @property
    def done(self) -> bool:
        return self.allowed is not None and self.forbidden is not None

    def judge(self, moves: Sequence[Move]) -> None:
        """Ask the naive evaluator about one run."""
        self.tried += 1
        events, trees = assembled(moves, clock=self._clock)
        verdict = breaks(self._program, self._rule, events, marked=True, trees=trees)
        shortest = len(events) <= self._complete + 1
        if verdict.broken and self.forbidden is None:
            self.forbidden = Run(events, trees, verdict.broken[0], shortest)
        elif verdict.holds and self.allowed is None and happened(self._program, self._rule, events):
            self.allowed = Run(events, trees, None, shortest)

    def exhaust(self, moves: Sequence[Move]) -> None:
        """All runs of one event, of two, and so on, while the budget lasts."""
        for length in range(1, MOST_EVENTS + 1):
            for run in _sequences(moves, length):
                if self.done or self.tried >= BUDGET:
                    return
                self.judge(run)
            self._complete = length

    def guided(self, rule: core.Rule, moves: Sequence[Move]) -> None:
        """Longer runs of a likely shape: one event again and again, or one event and then many others."""
        for run in sorted(_shapes(rule, moves), key=_length):
            if self.done:
                return
            if _length(run) > self._complete:
                self.judge(run)


def _length(run: Sequence[Move]) -> int:
    return sum(len(move.events) for move in run)


def _sequences(moves: Sequence[Move], length: int) -> Iterator[tuple[Move, ...]]:
    """Sequences of moves with so many events in all."""
    if length == 0:
        yield ()
        return
    for move in moves:
        if len(move.events) <= length:
            for rest in _sequences(moves, length - len(move.events)):
                yield (move, *rest)


def _shapes(rule: core.Rule, moves: Sequence[Move]) -> Iterator[tuple[Move, ...]]:
    counts = _counts(rule.body)
    for count in counts:
        for move in moves[:8]:
            if count * len(move.events) <= LONGEST:
                yield (move,) * count
        for first in moves[:4]:
            for filler in moves[-4:]:
                if len(first.events) + count * len(filler.events) <= LONGEST:
                    yield (first, *(filler,) * count)
                    yield (first, *(filler,) * count, first)
    rows = [m for m in moves if len(m.events) == 1]
    for count in counts:
        if count <= len(rows):
            yield tuple(rows[:count])


def _counts(body: core.RuleBody) -> list[int]:
    """How often something must happen before a bound is passed."""
    match body:
        case core.Limit(bound=bound):
            most = int(bound) + 1 if 0 <= bound < LONGEST else 2
            return sorted({most, 2, 3, 5, 10, 20})
        case core.Before(within_steps=steps) | core.After(within_steps=steps) if steps is not None:
            return [steps + 1] if steps < LONGEST else []
        case core.Always():
            return [2, 3, 6, 11]
        case _:
            return [2, 3]
