"""Counts, sums, distinct values and streaks, with every scope kept apart and each event at constant cost."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator
from datetime import datetime, timedelta
from fractions import Fraction

import attrs

from wfcheck.checker import monitor
from wfcheck.checker.conditions import UNKNOWN, Code, History, Known, Tables, compile_expression, has_unknown
from wfcheck.checker.replay.finding import Finding, insufficient, violated
from wfcheck.checker.replay.patterns import Pattern, compile_pattern, key_of
from wfcheck.checker.replay.stepping import frame_of, judge, optional_code
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core
from wfcheck.dsl.core import ScopeKey
from wfcheck.dsl.meanings import EvaluationError

SHORT = "the record does not show what the limit counts"


@attrs.define
class _Tally:
    """The measure of one scope so far. `entries`: what a sliding window still holds, oldest first."""

    total: Fraction = Fraction(0)
    seen: dict[Hashable, int] = attrs.field(factory=dict)
    entries: deque[tuple[datetime, Hashable, Fraction]] = attrs.field(factory=deque)
    uncertain: bool = False

    def add(self, key: Hashable, amount: Fraction) -> None:
        self.total += amount
        self.seen[key] = self.seen.get(key, 0) + 1

    def drop(self, key: Hashable, amount: Fraction) -> None:
        self.total -= amount
        self.seen[key] -= 1
        if not self.seen[key]:
            del self.seen[key]


@attrs.define
class QuotaStepper:
    """`limit count|sum|distinct|consecutive (..) <= n per SCOPE`."""

    compiled: monitor.Quota
    judged: Pattern
    when: Code | None
    value: Code | None
    keys: tuple[tuple[ScopeKey, Code | None], ...]
    window: timedelta | None
    tallies: dict[Hashable, _Tally] = attrs.field(factory=dict)
    clock: datetime | None = None

    @staticmethod
    def of(compiled: monitor.Quota, program: core.Program, tables: Tables) -> QuotaStepper:
        """A stepper at the start of a trace."""
        keys = tuple((scope, optional_code(scope.key, tables)) for scope in compiled.scopes)
        windows = [scope.window for scope in compiled.scopes if scope.window is not None]
        return QuotaStepper(
            compiled,
            compile_pattern(compiled.judged, program, tables, "judged"),
            optional_code(compiled.when, tables),
            None if compiled.value is None else compile_expression(compiled.value, tables),
            keys,
            min(windows, default=None),
        )

    def step(self, view: View, history: History) -> Iterator[Finding]:
        """Judge the event with itself counted in."""
        truth, bindings = judge(self.judged, self.when, view, history)
        if truth is False:
            if view.kind == "call" and self.compiled.kind == "consecutive":
                self._break(view)
            return
        frame = frame_of(view, bindings, history)
        scope = self._scope(view, frame.arguments)
        value = self._value(frame)
        if scope is None or value is UNKNOWN or (self.window and view.moment is UNKNOWN):
            self._doubt(scope)
            yield insufficient(view.index, SHORT)
            return
        tally = self.tallies.setdefault(scope, _Tally())
        tally.uncertain |= truth is UNKNOWN
        if not self._forget(tally, view):
            yield insufficient(view.index, "the clock goes back")
            return
        self._count(tally, value, view)
        yield from self._verdict(tally, view, certain=truth is True)

    def finish(self, last: View | None) -> Iterator[Finding]:
        """Nothing is owed at the end."""
        del last
        return iter(())

    def _scope(self, view: View, arguments: object) -> Hashable | None:
        del arguments
        scoped = [self._part(scope, code, view) for scope, code in self.keys]
        if None in scoped:
            return None
        kinds = {scope.kind for scope, _ in self.keys}
        if kinds <= {"key"}:
            scoped.append(("session", view.session))
        return tuple(scoped)

    def _part(self, scope: ScopeKey, code: Code | None, view: View) -> Hashable | None:
        match scope.kind:
            case "run":
                return ("run", view.session, view.run)
            case "session":
                return ("session", view.session)
            case "turn":
                return ("turn", view.session, view.run, view.turn)
            case "window":
                return ("window",)
            case "key":
                return None if code is None else _key(code, view)

    def _value(self, frame: object) -> Known:
        if self.value is None:
            return 1
        try:
            value = self.value(frame)  # type: ignore[arg-type]
        except EvaluationError:
            return UNKNOWN
        if self.compiled.kind == "sum" and (isinstance(value, bool) or not isinstance(value, int | Fraction)):
            return UNKNOWN
        return UNKNOWN if has_unknown(value) else value

    def _doubt(self, scope: Hashable | None) -> None:
        for key in [scope] if scope is not None else list(self.tallies):
            self.tallies.setdefault(key, _Tally()).uncertain = True

    def _forget(self, tally: _Tally, view: View) -> bool:
        """Drop what the window no longer holds; False if the clock goes back."""
        if self.window is None or view.moment is UNKNOWN:
            return True
        try:
            if self.clock is not None and view.moment < self.clock:
                return False
            while tally.entries and view.moment - tally.entries[0][0] >= self.window:
                _, key, amount = tally.entries.popleft()
                tally.drop(key, amount)
        except TypeError:
            return False
        self.clock = view.moment
        return True

    def _count(self, tally: _Tally, value: Known, view: View) -> None:
        key = key_of(value) if self.compiled.kind == "distinct" else None
        number = self.compiled.kind == "sum" and isinstance(value, int | Fraction)
        amount = Fraction(value) if number and isinstance(value, int | Fraction) else Fraction(1)
        tally.add(key, amount)
        if self.window is not None and view.moment is not UNKNOWN:
            tally.entries.append((view.moment, key, amount))

    def _break(self, view: View) -> None:
        """A call that does not match ends every streak of its scopes."""
        for key in [k for k in self.tallies if _touches(k, view)]:
            del self.tallies[key]

    def _verdict(self, tally: _Tally, view: View, certain: bool) -> Iterator[Finding]:
        measure = Fraction(len(tally.seen)) if self.compiled.kind == "distinct" else tally.total
        if measure > self.compiled.bound and certain and not tally.uncertain:
            yield violated(view.index, f"limit of {_shown(self.compiled.bound)} exceeded")
        elif measure > self.compiled.bound or (tally.uncertain and self.compiled.kind == "sum"):
            yield insufficient(view.index, SHORT)


def _shown(bound: Fraction) -> str:
    return str(bound.numerator) if bound.denominator == 1 else str(float(bound))


def _touches(key: Hashable, view: View) -> bool:
    parts = key if isinstance(key, tuple) else ()
    return all(part[1] == view.session for part in parts if part[0] in ("run", "session", "turn"))


def _key(code: Code, view: View) -> Hashable | None:
    from wfcheck.checker.conditions import Frame

    try:
        value = code(Frame(view.arguments, view.result))
    except EvaluationError:
        return None
    return None if has_unknown(value) else ("key", key_of(value))
