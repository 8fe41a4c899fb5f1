"""Concrete runs that some rules allow and another forbids: nothing is believed that the naive evaluator does not say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import attrs
import msgspec

from wfcheck.checker.explaining.moves import Move, assembled
from wfcheck.checker.explaining.runs import alphabet, find_runs
from wfcheck.checker.explaining.vocabulary import Vocabulary, vocabulary
from wfcheck.checker.policy.letters import Letter
from wfcheck.checker.policy.support import supporting
from wfcheck.checker.reference.rules import breaks
from wfcheck.checker.reference.values import Labelled
from wfcheck.checker.result import Witness
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core

BUDGET = 1_500
"""How many runs one search may judge, each weighed by its length."""
MOVES = 24
CLASSES = 12
TAILS, ASKED, LEAD = 8, 8, 5
LONGEST = 6
_LABELLED = (core.Flow, core.FromOnly, core.Decision)


@attrs.frozen
class Judge:
    """Rules of one program, and the one that may be of another."""

    program: core.Program
    rules: tuple[core.Rule, ...]
    other_program: core.Program
    other: core.Rule

    def allowed(self, events: Sequence[Event], trees: dict[int, dict[str, Labelled]] | None = None) -> bool:
        """No rule is broken or undecided."""
        return all(breaks(self.program, r, events, marked=True, trees=trees).holds for r in self.rules)

    def broken(
        self, events: Sequence[Event], trees: dict[int, dict[str, Labelled]] | None = None
    ) -> int | None:
        """Where the other rule breaks for sure."""
        found = breaks(self.other_program, self.other, events, marked=True, trees=trees).broken
        return found[0] if found else None

    def witness(
        self, events: Sequence[Event], trees: dict[int, dict[str, Labelled]] | None = None
    ) -> Witness | None:
        """The run, if it shows that the rules allow what the other forbids."""
        index = self.broken(events, trees)
        return Witness(tuple(events), index) if index is not None and self.allowed(events, trees) else None


def concrete_run(path: Iterable[Letter], judge: Judge) -> Witness | None:
    """The letters as events, if they are what they seem."""
    events: list[Event] = []
    opened = ""
    for number, letter in enumerate(path):
        opened = f"c{number}" if letter.moment == "attempt" else opened
        call = opened if letter.call is not None else None
        told = {
            **_labels(letter.event, judge.program),
            "seq": number,
            "session": "s1",
            "run": "r1",
            "call": call,
        }
        events.append(msgspec.structs.replace(letter.event, **told))
    return judge.witness(events)


def _labels(event: Event, program: core.Program) -> dict[str, object]:
    """Arguments are constants; a result carries what its tool declares."""
    if event.kind != "result":
        return {"argument_labels": {}}
    tool = program.tools.get(event.tool or "")
    tags = sorted({tag for part in (tool.returns if tool is not None else ()) for tag in part.tags})
    return {"labels": tags, "argument_labels": {}}


def led(judge: Judge, tails: Iterable[Sequence[Letter]]) -> Witness | None:
    """Runs that end in one of the tails (from its last attempt on), after what the rules ask for before just these calls."""
    words = _words(judge)
    seen: set[str] = set()
    for tail in tails:
        final = _from_last_attempt(tail)
        calls = [e for e in final if e.kind == "call"]
        if repr(final) in seen or not calls or len(seen) >= TAILS:
            continue
        seen.add(repr(final))
        asked = list(islice(supporting(judge.rules, judge.program, words, calls), ASKED))
        moves = list({repr(m.events): m for m in asked}.values())
        found = _breadth(judge, words, moves, Move(tuple(final)))
        if found is not None:
            return found
    return None


def _from_last_attempt(tail: Sequence[Letter]) -> list[Event]:
    starts = [place for place, letter in enumerate(tail) if letter.moment == "attempt"]
    return [letter.event for letter in tail[starts[-1] :]] if starts else []


def _breadth(judge: Judge, words: Vocabulary, moves: Sequence[Move], final: Move) -> Witness | None:
    layer: list[tuple[Move, ...]] = [()]
    work = 0
    for _ in range(LEAD):
        for run in layer:
            found = judge.witness(_events((*run, final), words, judge.program))
            if found is not None:
                return found
        longer = [(*run, move) for run in layer for move in moves if move not in run]
        work += len(longer)
        if work > BUDGET // 3:
            return None
        layer = [run for run in longer if judge.allowed(_events(run, words, judge.program))]
    return None


def search(judge: Judge, letters: Sequence[Letter]) -> Witness | None:
    """Small runs of what the rules speak of, shortest first, within the budget. Runs that the rules turn down are not gone on from."""
    if (witness := _explained(judge)) is not None:
        return witness
    words = _words(judge)
    moves = _moves(judge, words, letters)
    layer: list[tuple[Move, ...]] = [()]
    work = 0
    for _ in range(LONGEST):
        grown: list[tuple[Move, ...]] = []
        for run in layer:
            for move in moves:
                work += 1 + len(run)
                if work > BUDGET:
                    return None
                longer = (*run, move)
                events = _events(longer, words, judge.program)
                if not judge.allowed(events):
                    continue
                index = judge.broken(events)
                if index is not None:
                    return Witness(tuple(events), index)
                grown.append(longer)
        layer = grown
    return None


def _explained(judge: Judge) -> Witness | None:
    """The shortest run that breaks the other rule may be allowed as it stands."""
    if judge.other_program is not judge.program and isinstance(judge.other.body, _LABELLED):
        return None
    run = find_runs(judge.other, judge.other_program).forbidden
    if run is None:
        return None
    trees = {index: dict(parts) for index, parts in run.trees.items()}
    return judge.witness(run.events, trees)


def _events(run: Sequence[Move], words: Vocabulary, program: core.Program) -> tuple[Event, ...]:
    made, _ = assembled(run, clock=words.clock)
    return tuple(msgspec.structs.replace(event, **_labels(event, program)) for event in made)


def _words(judge: Judge) -> Vocabulary:
    """What the other rule speaks of, and the rules that speak of the same."""
    own = vocabulary(judge.other, judge.other_program)
    tools = _tools(own)
    near = [vocabulary(rule, judge.program) for rule in judge.rules]
    found = [own, *(words for words in near if not tools or _tools(words) & tools)]
    return Vocabulary(
        tuple(dict.fromkeys(pattern for words in found for pattern in words.patterns)),
        frozenset(name for words in found for name in words.names),
        tuple(_once(value for words in found for value in words.constants)),
        tuple(sorted({time for words in found for time in words.times})),
        any(words.clock for words in found),
    )


def _once(values: Iterable[core.Value]) -> list[core.Value]:
    return list({repr(value): value for value in values}.values())


def _tools(words: Vocabulary) -> set[str]:
    return {name for _, pattern in words.patterns for choice in pattern.choices for name in choice.subjects}


def _moves(judge: Judge, words: Vocabulary, letters: Sequence[Letter]) -> list[Move]:
    """What may happen: classes of calls with what the rules ask for before them, and what the other rule is about."""
    attempts = {letter.call: letter.event for letter in letters if letter.moment == "attempt"}
    classes = [
        Move(
            (attempts[x.call], x.event)
            if x.moment in ("return", "fail") and x.call is not None
            else (x.event,)
        )
        for x in letters
        if x.moment != "end"
    ]
    tried = [move for move in classes if move.events[0].kind == "call"][:CLASSES]
    own = alphabet(judge.other, judge.program, words)
    evidence = supporting(judge.rules, judge.program, words, [m.events[0] for m in (*tried, *own.last[:6])])
    end = Move((Event(kind="end", seq=0),))
    found = [*own.last[:8], *own.before[:8], *islice(evidence, MOVES), *tried, *classes[:CLASSES], end]
    return list({repr((m.events, m.delay)): m for m in found}.values())[: 3 * MOVES]
