"""Monitors stepped over the events of a trace, in one pass: each judged event costs a look-up, not a search."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import attrs

from wfcheck.checker import monitor
from wfcheck.checker.conditions import (
    UNKNOWN,
    Code,
    Frame,
    History,
    Known,
    Tables,
    Truth,
    compile_expression,
    has_unknown,
    holds,
)
from wfcheck.checker.replay.finding import Finding, insufficient, violated
from wfcheck.checker.replay.memory import Memory
from wfcheck.checker.replay.patterns import Bindings, Pattern, compile_pattern, conjunction
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core
from wfcheck.dsl.meanings import EvaluationError, items


class Stepper(Protocol):
    """A rule at work on one trace."""

    def step(self, view: View, history: History) -> Iterator[Finding]:
        """Judge the event, then take it in."""

    def finish(self, last: View | None) -> Iterator[Finding]:
        """The trace is over; `last` is its last event."""


def scope_of(view: View, per_session: bool) -> tuple[str, str]:
    """The scope of order rules: the run, or the session."""
    return (view.session, "") if per_session else (view.session, view.run)


def frame_of(view: View, bindings: Bindings, history: History | None) -> Frame:
    """What a condition about the judged event may use."""
    spoken: dict[str, Known] = {"text": view.text, "time": view.moment}
    return Frame(view.arguments, view.result, {**spoken, **bindings}, view.moment, history)


def optional_code(expression: core.Expr | None, tables: Tables) -> Code | None:
    """The closure of an expression that may be missing."""
    return None if expression is None else compile_expression(expression, tables)


def judge(pattern: Pattern, when: Code | None, view: View, history: History) -> tuple[Truth, Bindings]:
    """Whether the event is one that the rule speaks of, and its binders."""
    if view.kind not in pattern.kinds:
        return False, {}
    match = pattern.match(view, history=history)
    if match.truth is False or when is None:
        return match.truth, match.bindings
    truth = conjunction(match.truth, holds(when, frame_of(view, match.bindings, history)))
    return truth, match.bindings


def elements(source: Code | None, frame: Frame) -> list[Known] | None:
    """The elements that `for each` walks over (one nameless element without a source), or None if unknown."""
    if source is None:
        return [None]
    try:
        value = source(frame)
        return None if value is UNKNOWN or has_unknown(value) else list(items(value))
    except EvaluationError:
        return None


@attrs.define
class _State:
    """What one scope remembers for one monitor."""

    evidence: Memory | None
    since: Memory | None
    after: Memory | None
    until: Memory | None

    def fresh(self) -> _State:
        """The same, with nothing remembered."""
        return _State(
            self.evidence and self.evidence.fresh(),
            self.since and self.since.fresh(),
            self.after and self.after.fresh(),
            self.until and self.until.fresh(),
        )


@attrs.define
class MonitorStepper:
    """Steps the event-safety normal form."""

    compiled: monitor.Monitor
    judged: Pattern
    when: Code | None
    grants: tuple[tuple[Pattern, Code | None], ...]
    source: Code | None
    blank: _State
    states: dict[tuple[str, str], _State] = attrs.field(factory=dict)

    @staticmethod
    def of(compiled: monitor.Monitor, program: core.Program, tables: Tables) -> MonitorStepper:
        """A stepper at the start of a trace."""
        evidence, armed = compiled.evidence, compiled.armed

        def memory(pattern: core.EventPattern | None, single: bool = False) -> Memory | None:
            return None if pattern is None else Memory.of(pattern, program, tables, single)

        blank = _State(
            memory(evidence.pattern, evidence.single_use) if evidence else None,
            memory(evidence.since) if evidence else None,
            memory(armed.after) if armed else None,
            memory(armed.until) if armed else None,
        )
        grants = tuple(
            (compile_pattern(g.event, program, tables, "judged"), optional_code(g.condition, tables))
            for g in compiled.unless
        )
        judged = compile_pattern(compiled.judged, program, tables, "judged")
        when, source = optional_code(compiled.when, tables), optional_code(compiled.source, tables)
        return MonitorStepper(compiled, judged, when, grants, source, blank)

    def step(self, view: View, history: History) -> Iterator[Finding]:
        """Judge the event, then remember it."""
        state = self._state(view)
        truth, bindings = judge(self.judged, self.when, view, history)
        if truth is not False:
            yield from self._judge(truth, bindings, view, state, history)
        for memory in (state.since, state.evidence, state.until, state.after):
            if memory is not None:
                memory.see(view, history)

    def finish(self, last: View | None) -> Iterator[Finding]:
        """Nothing is owed at the end."""
        del last
        return iter(())

    def _state(self, view: View) -> _State:
        key = scope_of(view, self.compiled.per_session)
        state = self.states.get(key)
        if state is None:
            state = self.states[key] = self.blank.fresh()
        return state

    def _judge(
        self, truth: Truth, bindings: Bindings, view: View, state: _State, history: History
    ) -> Iterator[Finding]:
        broken = conjunction(truth, self._armed(view, bindings, state, history))
        for pattern, condition in self.grants:
            if broken is False:
                return
            broken = conjunction(broken, _negated(judge(pattern, condition, view, history)[0]))
        if broken is not False and self.compiled.evidence is not None:
            broken = conjunction(broken, self._lacking(truth, view, bindings, state, history))
        if broken is True:
            yield violated(view.index, _why(self.compiled, view))
        elif broken is UNKNOWN:
            yield insufficient(view.index, "the record does not settle a condition of the rule")

    def _armed(self, view: View, bindings: Bindings, state: _State, history: History) -> Truth:
        armed = self.compiled.armed
        if armed is None or state.after is None:
            return True
        ended = state.until.latest(view, bindings, history) if state.until else -1

        def valid(earlier: View) -> Truth:
            if earlier.index < ended:
                return False
            return True if armed.duration is None else within_time(earlier, view, armed.duration)

        return state.after.find(view, bindings, history, valid)[0]

    def _lacking(
        self, judged: Truth, view: View, bindings: Bindings, state: _State, history: History
    ) -> Truth:
        """Whether some element has no evidence."""
        walked = elements(self.source, frame_of(view, bindings, history))
        if walked is None:
            return UNKNOWN
        lacking: Truth = False
        for element in walked:
            names = bindings if self.compiled.binder is None else {**bindings, self.compiled.binder: element}
            found = self._evidence(judged, view, names, state, history)
            if found is False:
                return True
            lacking = lacking if found is True else UNKNOWN
        return lacking

    def _evidence(
        self, judged: Truth, view: View, bindings: Bindings, state: _State, history: History
    ) -> Truth:
        evidence = self.compiled.evidence
        assert evidence is not None
        assert state.evidence is not None
        renewed = state.since.latest(view, bindings, history) if state.since else -1

        def valid(earlier: View) -> Truth:
            if earlier.index < renewed:
                return False
            if evidence.within_steps is not None and view.steps - earlier.steps > evidence.within_steps:
                return False
            return True if evidence.within_time is None else within_time(earlier, view, evidence.within_time)

        truth, entry = state.evidence.find(view, bindings, history, valid)
        if entry is not None and entry.view.kind == "approve" and judged is True:
            entry.used = True
        return truth


def within_time(earlier: View, later: View, limit: object) -> Truth:
    """Whether no more time than the limit lies between two events."""
    if earlier.moment is UNKNOWN or later.moment is UNKNOWN:
        return UNKNOWN
    try:
        gap = later.moment - earlier.moment
    except TypeError:
        return UNKNOWN
    return bool(gap <= limit) if gap.total_seconds() >= 0 else UNKNOWN  # type: ignore[operator]


def _negated(truth: Truth) -> Truth:
    return UNKNOWN if truth is UNKNOWN else not truth


def _why(compiled: monitor.Monitor, view: View) -> str:
    name = f"`{view.name}`" if view.name else view.kind
    if compiled.evidence is not None:
        return "approval missing" if compiled.evidence.single_use else f"evidence missing before {name}"
    if compiled.unless:
        return f"{name} is outside the grants of `{view.actor}`"
    return f"{name} is forbidden"
