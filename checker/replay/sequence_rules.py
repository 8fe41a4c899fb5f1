"""The other rules over the order of events: what must follow, who must differ, what always holds."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

import attrs

from wfcheck.checker import monitor
from wfcheck.checker.conditions.compiled import (
    UNKNOWN,
    Code,
    History,
    Tables,
    Truth,
    compile_expression,
    conjunction,
    holds,
    negated,
)
from wfcheck.checker.replay.finding import Finding, insufficient, violated
from wfcheck.checker.replay.judge import (
    elements,
    frame_of,
    judge,
    optional_code,
    scope_of,
    within_time,
)
from wfcheck.checker.replay.memory import ties_of
from wfcheck.checker.replay.patterns import Bindings, Pattern, compile_pattern
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core
from wfcheck.dsl.walk import subexpressions

UNSETTLED = "the record does not settle a condition of the rule"


@attrs.define
class Debt:
    """An event that still waits for evidence; `truth`: whether it is owed for sure."""

    view: View
    bindings: Bindings
    truth: Truth


@attrs.define
class ResponseStepper:
    """`require E after J (within .. | before end)`. What is owed is walked at each event until it is paid or late."""

    compiled: monitor.Response
    judged: Pattern
    evidence: Pattern
    when: Code | None
    source: Code | None
    debts: dict[tuple[str, str], list[Debt]] = attrs.field(factory=dict)
    ended: dict[tuple[str, str], View] = attrs.field(factory=dict)

    @staticmethod
    def of(compiled: monitor.Response, program: core.Program, tables: Tables) -> ResponseStepper:
        """A stepper at the start of a trace."""
        return ResponseStepper(
            compiled,
            compile_pattern(compiled.judged, program, tables, "done"),
            compile_pattern(compiled.evidence, program, tables, "done"),
            optional_code(compiled.when, tables),
            optional_code(compiled.source, tables),
        )

    def concerns(self, kind: str, name: str) -> bool:
        """Everything: any event may be late."""
        del kind, name
        return True

    def judge(self, view: View, history: History) -> Sequence[Finding]:
        """What is late by this event."""
        debts = self.debts.get(scope_of(view, self.compiled.per_session))
        found: list[Finding] = []
        for debt in debts or ():
            truth = conjunction(debt.truth, self._due(debt, view))
            found += () if truth is False else _owed(truth, view.index)
        if view.kind in self.judged.kinds and self.source is not None:
            rows = [row for _, row in self._asked(view, history)]
            found += [insufficient(view.index, UNSETTLED) for row in rows if row is None]
        return found

    def take(self, view: View, history: History) -> None:
        """Settle what is owed, then owe what this event asks for."""
        scope = scope_of(view, self.compiled.per_session)
        self.ended.pop(scope, None)
        left = [debt for debt in self.debts.get(scope, ()) if self._left(debt, view, history) is not False]
        for truth, rows in self._asked(view, history) if view.kind in self.judged.kinds else ():
            left += [Debt(view, row, truth) for row in rows or ()]
        if left:
            self.debts[scope] = left
        else:
            self.debts.pop(scope, None)
        if self._is_end(view) and self.compiled.per_session:
            self.ended[scope] = view

    def _asked(self, view: View, history: History) -> Iterator[tuple[Truth, list[Bindings] | None]]:
        """What the event asks for, one row of bindings for each element; None where these are unknown."""
        binder = self.compiled.binder
        for truth, bindings in judge(self.judged, self.when, view, history):
            walked = elements(self.source, frame_of(view, bindings, history))
            if walked is None:
                yield truth, None
            else:
                yield truth, [bindings if binder is None else {**bindings, binder: e} for e in walked]

    def _due(self, debt: Debt, view: View) -> Truth:
        """Whether the event comes too late for what is owed, or nothing can follow it."""
        over = self._is_end(view) and not self.compiled.per_session
        return True if over else self._late(debt.view, view)

    def _left(self, debt: Debt, view: View, history: History) -> Truth:
        """Whether it is still owed after the event."""
        if self._due(debt, view) is True:
            return False
        found = self.evidence.match(view, debt.view, debt.bindings, history).truth
        debt.truth = conjunction(debt.truth, negated(found))
        return debt.truth

    def _late(self, start: View, view: View) -> Truth:
        steps, limit = self.compiled.within_steps, self.compiled.within_time
        if steps is not None and view.steps_since(start, self.compiled.per_session) > steps:
            return True
        return False if limit is None else negated(within_time(start, view, limit))

    def _is_end(self, view: View) -> bool:
        return view.kind == "end" and view.event.error is None

    def finish(self, last: View | None) -> Iterator[Finding]:
        """What is owed per session is owed at the end of its last run; a trace that breaks off settles nothing."""
        for scope, debts in self.debts.items():
            for debt in debts:
                if scope in self.ended:
                    yield from _owed(debt.truth, self.ended[scope].index)
                elif last is not None:
                    yield insufficient(last.index, "the trace ends before the run does")


def _owed(truth: Truth, index: int) -> Iterator[Finding]:
    if truth is True:
        yield violated(index, "what had to follow is missing")
    elif truth is UNKNOWN:
        yield insufficient(index, UNSETTLED)


@attrs.define
class SeparationStepper:
    """`require distinct principals for E, E, ..`: one earlier event is kept by pattern and actor, and actors are few; where the
    patterns share binders, all are."""

    compiled: monitor.Separation
    patterns: tuple[Pattern, ...]
    free: bool
    seen: dict[tuple[str, str], list[tuple[int, View]]] = attrs.field(factory=dict)
    kept: set[Hashable] = attrs.field(factory=set)

    @staticmethod
    def of(compiled: monitor.Separation, program: core.Program, tables: Tables) -> SeparationStepper:
        """A stepper at the start of a trace."""
        patterns = tuple(compile_pattern(e, program, tables, "judged") for e in compiled.events)
        return SeparationStepper(compiled, patterns, all(ties_of(e).free for e in compiled.events))

    def concerns(self, kind: str, name: str) -> bool:
        """What one of the patterns is about."""
        return any(pattern.concerns(kind, name) for pattern in self.patterns)

    def judge(self, view: View, history: History) -> Sequence[Finding]:
        """Compare with those who acted in the other patterns."""
        earlier = self.seen.get(scope_of(view, self.compiled.per_session), [])
        truths = [
            self._same_actor(number, first, other, view, history)
            for other in range(len(self.patterns))
            for number, first in earlier
            if number != other
        ]
        if True in truths:
            return (violated(view.index, "one principal acts in events that must be apart"),)
        return (insufficient(view.index, "it is not recorded who acted"),) if UNKNOWN in truths else ()

    def take(self, view: View, history: History) -> None:
        """Remember who acted."""
        earlier = self.seen.setdefault(scope_of(view, self.compiled.per_session), [])
        for number, pattern in enumerate(self.patterns):
            truth = pattern.match(view, history=history).truth
            kept = (scope_of(view, self.compiled.per_session), number, view.actor, truth)
            if truth is not False and not (self.free and kept in self.kept):
                earlier.append((number, view))
                self.kept.add(kept)

    def _same_actor(self, number: int, first: View, other: int, view: View, history: History) -> Truth:
        truth: Truth = False
        for match in self.patterns[number].matches(first, history=history):
            again = self.patterns[other].match(view, first, match.bindings, history).truth
            known = first.actor is not None and view.actor is not None
            same: Truth = first.actor == view.actor if known else UNKNOWN
            found = conjunction(conjunction(match.truth, again), same)
            truth = True if found is True else truth if found is False else UNKNOWN
            if truth is True:
                return True
        return truth

    def finish(self, last: View | None) -> Iterator[Finding]:
        """Nothing is owed at the end."""
        del last
        return iter(())


@attrs.define
class InvariantStepper:
    """`always c [when E]`, over the registers after the event."""

    condition: Code
    judged: Pattern | None
    settled: bool = False  # only registers are asked for

    @staticmethod
    def of(compiled: monitor.Invariant, program: core.Program, tables: Tables) -> InvariantStepper:
        """A stepper at the start of a trace."""
        pattern = compiled.judged
        judged = None if pattern is None else compile_pattern(pattern, program, tables, "judged")
        settled = all(_of_registers(part) for part in subexpressions(compiled.condition))
        return InvariantStepper(compile_expression(compiled.condition, tables), judged, settled)

    def after(self, view: View, history: History) -> Iterator[Finding]:
        """Judge the state that the event leaves."""
        found: list[tuple[Truth, Bindings]] = [(True, {})]
        if self.judged is not None:
            found = list(judge(self.judged, None, view, history))
        for truth, bindings in found:
            kept = holds(self.condition, frame_of(view, bindings, history))
            broken = conjunction(truth, negated(kept))
            if broken is True:
                yield violated(view.index, "what must always hold does not")
            elif broken is UNKNOWN:
                yield insufficient(view.index, UNSETTLED)

    def concerns(self, kind: str, name: str) -> bool:
        """Nothing: it is asked after each event."""
        del kind, name
        return False

    def judge(self, view: View, history: History) -> Sequence[Finding]:
        """Nothing is judged before the event is taken in."""
        del view, history
        return ()

    def take(self, view: View, history: History) -> None:
        """The registers are the past's."""
        del view, history

    def finish(self, last: View | None) -> Iterator[Finding]:
        """Nothing is owed at the end."""
        del last
        return iter(())


def _of_registers(part: core.Expr) -> bool:
    if isinstance(part, core.Variable):
        return part.kind in ("register", "bound")
    return not isinstance(part, core.LastEvent | core.EarlierEvent)
