"""One short run that keeps a rule and one that breaks it, by trying small runs in order of their length.

Nothing is believed that the naive evaluator does not say: a forbidden run is broken by it, an allowed one is surely not, and in it
the judged event happens. Deterministic; bounded by counted work, not by time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import chain

import attrs

from wfcheck.checker.explaining.labelled import label_moves, told_marks, unlabelled
from wfcheck.checker.explaining.moves import Maker, Move, assembled, renumbered
from wfcheck.checker.explaining.vocabulary import Vocabulary, vocabulary
from wfcheck.checker.explaining.witness import happened
from wfcheck.checker.reference.rules import breaks
from wfcheck.checker.reference.values import Labelled
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core

MOST_MOVES = 28
MOST_EVENTS = 6
BUDGET = 9000
LONGEST = 64
_PEOPLE = 3
_AGE = timedelta(days=3660)
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
    """`tried`: how many runs were judged, of up to `longest` events. `reason`: why there was nothing to try. `doubt`: why the first
    undecided run was. `marks`: labels that are no tags, in words."""

    allowed: Run | None = None
    forbidden: Run | None = None
    tried: int = 0
    longest: int = 0
    reason: str | None = None
    doubt: str | None = None
    marks: Mapping[str, str] = attrs.field(factory=dict)


def find_runs(rule: core.Rule, program: core.Program) -> Runs:
    """The two runs, as far as they are found within the bound."""
    if rule.not_applicable is not None:
        return Runs(reason=f"the rule is not applicable: {rule.not_applicable}")
    if isinstance(rule.body, core.Meta):
        return Runs(reason="the rule is about the policy, and no run keeps or breaks it")
    words = vocabulary(rule, program)
    moves = alphabet(rule, program, words)
    if not moves.last:
        return Runs(reason="the program has no tools or events that the rule could judge")
    search = _Search(rule, program, words.clock)
    search.exhaust(moves)
    search.guided(rule, moves, words)
    marks = told_marks(rule, program)
    return Runs(search.allowed, search.forbidden, search.tried, search.longest, None, search.doubt, marks)


# ---------------------------------------------------------------- what may happen


@attrs.frozen
class Alphabet:
    """`last`: what may end a run that shows something; `before`: what may come before it, evidence first."""

    last: tuple[Move, ...]
    before: tuple[Move, ...]


def alphabet(rule: core.Rule, program: core.Program, words: Vocabulary) -> Alphabet:
    """The moves to try, in order of their weight; each once."""
    maker = Maker(program, words, _actor(rule, program))
    own = _distinct(_own(maker, rule), MOST_MOVES)
    related = _distinct(chain(_related(maker, rule), _fillers(maker, rule)), MOST_MOVES)
    if isinstance(rule.body, core.Flow | core.FromOnly | core.Decision):
        own, related = tuple(map(unlabelled, own)), tuple(map(unlabelled, related))
    if isinstance(rule.body, core.After | core.Always):
        own = _distinct((*own, *related), MOST_MOVES)
    last = (*own, *(_later(move, words) for move in own[:4] if _passable(words)))
    return Alphabet(last, _distinct((*related, *own), 2 * MOST_MOVES))


def _distinct(moves: Iterable[Move], most: int) -> tuple[Move, ...]:
    return tuple({repr((move.events, move.delay)): move for move in moves}.values())[:most]


def _passable(words: Vocabulary) -> bool:
    """Whether the longest duration can pass in a small run."""
    return bool(words.times) and max(words.times) <= _AGE


def _later(move: Move, words: Vocabulary) -> Move:
    """The same after more time than any duration that the rule names."""
    return attrs.evolve(move, delay=max(words.times) + _MARGIN)


def _actor(rule: core.Rule, program: core.Program) -> str:
    if isinstance(rule.body, core.Allow):
        return rule.body.principal
    found = (program.workflows[name].principal for name in rule.workflows if name in program.workflows)
    return next((name for name in found if name is not None), "user")


def _own(maker: Maker, rule: core.Rule) -> Iterator[Move]:
    """Events that are judged."""
    yield from label_moves(maker, rule)
    if isinstance(rule.body, core.Distinct):
        named = [c.by for pattern in rule.body.events for c in pattern.choices if c.by is not None]
        people = list(dict.fromkeys((maker.actor, *named, *maker.program.principals)))[:_PEOPLE]
        for pattern in rule.body.events:
            for person in people:
                yield from _some(maker.of(pattern, evidence=False, by=person), 4)
    elif not isinstance(rule.body, core.Decision):
        for role, pattern in maker.words.patterns:
            if role == "judged":
                yield from _some(maker.of(pattern, evidence=False), 12)
                if "result" in maker.words.names:
                    yield from _some(maker.of(pattern, evidence=True), 12)
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
        self.tried = self.longest = 0
        self.doubt: str | None = None
        self._work = 0
        self._complete = 0  # every run of at most so many events was tried

    @property
    def done(self) -> bool:
        return self.allowed is not None and self.forbidden is not None

    def judge(self, moves: Sequence[Move]) -> None:
        """Ask the naive evaluator about one run."""
        events, trees = assembled(moves, clock=self._clock)
        self.tried, self.longest = self.tried + 1, max(self.longest, len(events))
        self._work += 2 + len(events) ** 2
        verdict = breaks(self._program, self._rule, events, marked=True, trees=trees)
        shortest = len(events) <= self._complete + 1
        if verdict.broken:
            self.forbidden = self.forbidden or self._cut(Run(events, trees, verdict.broken[0], shortest))
        elif not verdict.holds:
            self.doubt = self.doubt or verdict.unknown[0][1]
        elif self.allowed is None and happened(self._program, self._rule, events):
            self.allowed = Run(events, trees, None, shortest)

    def _cut(self, run: Run) -> Run:
        """Without what follows the event at which the rule breaks, if the rest still breaks it there."""
        assert run.index is not None
        events = run.events[: run.index + 1]
        verdict = breaks(self._program, self._rule, events, marked=True, trees=run.trees)
        kept = events if run.index in verdict.broken else run.events
        return attrs.evolve(run, events=kept, shortest=run.shortest or len(kept) <= _least(self._rule.body))

    def exhaust(self, moves: Alphabet) -> None:
        """All runs of one event, of two, and so on, while the budget lasts."""
        for length in range(1, MOST_EVENTS + 1):
            for run in _ending(moves, length):
                if self.done or self._work >= BUDGET:
                    return
                self.judge(run)
            self._complete = length

    def guided(self, rule: core.Rule, moves: Alphabet, words: Vocabulary) -> None:
        """Longer runs of a likely shape: one event again and again, or one event and then many others."""
        for run in sorted(_shapes(rule, moves, words), key=_length):
            if self.done or self._work >= 2 * BUDGET:
                return
            if _length(run) > self._complete or isinstance(rule.body, core.Limit):
                self.judge(run)


def _length(run: Sequence[Move]) -> int:
    return sum(len(move.events) for move in run)


def _ending(moves: Alphabet, length: int) -> Iterator[tuple[Move, ...]]:
    """Runs of so many events whose last move may show something."""
    for size in sorted({len(move.events) for move in moves.last if len(move.events) <= length}):
        for earlier in _sequences(moves.before, length - size):
            yield from ((*earlier, move) for move in moves.last if len(move.events) == size)


def _sequences(moves: Sequence[Move], length: int) -> Iterator[tuple[Move, ...]]:
    """Sequences of moves with so many events in all."""
    if length == 0:
        yield ()
        return
    for move in moves:
        if len(move.events) <= length:
            for rest in _sequences(moves, length - len(move.events)):
                yield (move, *rest)


def _shapes(rule: core.Rule, moves: Alphabet, words: Vocabulary) -> Iterator[tuple[Move, ...]]:
    counts = _counts(rule.body)
    rows = [move for move in moves.last if len(move.events) == 1]
    for count in counts:
        yield from ((move,) * count for move in moves.last[:6] if count * len(move.events) <= LONGEST)
        yield from (run for run in _with_fillers(moves, count) if _length(run) <= LONGEST)
        if count <= len(rows):
            yield tuple(rows[:count])
        if rows and isinstance(rule.body, core.Limit) and rule.body.kind == "distinct":
            yield tuple(renumbered(rows[0], words.names, number) for number in range(min(count, LONGEST)))


def _with_fillers(moves: Alphabet, count: int) -> Iterator[tuple[Move, ...]]:
    for first in moves.before[:4]:
        for filler in moves.before[:4]:
            yield (first, *(filler,) * count)
            yield from ((first, *(filler,) * count, last) for last in moves.last[:2])


def _least(body: core.RuleBody) -> int:
    """No run of fewer events breaks the rule."""
    counted = isinstance(body, core.Limit) and body.kind in ("count", "distinct", "consecutive")
    return max(int(body.bound) + 1, 0) if isinstance(body, core.Limit) and counted else 1


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
