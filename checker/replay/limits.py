"""Counts, sums and distinct values, with every scope kept apart and each event at constant cost.

What may count, may count: each measure is kept as the least and the greatest that it can be."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import takewhile

import attrs

from wfcheck.checker import monitor
from wfcheck.checker.bits import upper_bits
from wfcheck.checker.conditions.compiled import (
    UNKNOWN,
    Code,
    Frame,
    History,
    Known,
    Tables,
    Truth,
    compile_expression,
    conjunction,
    has_unknown,
)
from wfcheck.checker.replay.finding import Finding, insufficient, violated
from wfcheck.checker.replay.judge import frame_of, judge, optional_code
from wfcheck.checker.replay.patterns import EMPTY, Pattern, compile_pattern, key_of
from wfcheck.checker.replay.stepper import Kept
from wfcheck.checker.replay.tallies import (
    BLANK,
    NONE,
    NOTHING,
    UNKNOWN_KEY,
    Counted,
    Item,
    Swift,
    Tallies,
    Tally,
    tally_of,
)
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core
from wfcheck.dsl.core import ScopeKey
from wfcheck.dsl.values.meanings import EvaluationError

SHORT = "the record does not show what the limit counts"


@attrs.define
class QuotaStepper:
    """`limit count|sum|distinct|bits (..) <= n per SCOPE`. Tallies by group (the scopes without keys) and keys; `loose`
    holds, by group, what may belong to any key."""

    compiled: monitor.Quota
    judged: Pattern
    when: Code | None
    value: Code | None
    keys: tuple[Code, ...]
    window: timedelta | None
    bits: Mapping[str, Fraction]
    shared: tuple[ScopeKey, ...]
    tallies: Tallies = attrs.field(factory=dict)
    loose: dict[Hashable, Tally] = attrs.field(factory=dict)
    ever: Tallies = attrs.field(factory=dict)  # as tallies, of all time, where a window slides
    limit: Fraction | int = 0
    quick: bool = False  # it counts or adds up, without a condition or a window
    swift: Swift | None = None
    recent: tuple[View | None, Counted | None] = (None, None)  # how the event just judged counts
    clock: datetime | None = None

    @staticmethod
    def of(compiled: monitor.Quota, program: core.Program, tables: Tables) -> QuotaStepper:
        """A stepper at the start of a trace."""
        windows = [scope.window for scope in compiled.scopes if scope.window is not None]
        return QuotaStepper(
            compiled,
            compile_pattern(compiled.judged, program, tables, "judged"),
            optional_code(compiled.when, tables),
            optional_code(compiled.value, tables),
            tuple(compile_expression(s.key, tables) for s in compiled.scopes if s.key is not None),
            min(windows, default=None),
            {name: weight(program, name, compiled.bound) for name in program.releases},
            shared(compiled.scopes),
            limit=int(bound) if (bound := compiled.bound).denominator == 1 else bound,
            quick=compiled.kind in ("count", "sum") and compiled.when is None and not windows,
        )

    def concerns(self, kind: str, name: str) -> bool:
        """What is counted."""
        return self.judged.concerns(kind, name)

    def judge(self, view: View, history: History) -> Sequence[Finding]:
        """Judge the event with itself counted in."""
        if self.quick and not self.loose and self.judged.settled_of(view):
            self.swift = self._swift(view, history)
            if self.swift is not None:
                return ()
        counted = self._counted(view, history)
        self.recent = (view, counted)
        if counted is None:
            return ()
        verdict = conjunction(counted.truth, self._over_with(counted))
        if verdict is False:
            return ()
        if verdict is UNKNOWN:
            return (insufficient(view.index, SHORT),)
        return (violated(view.index, f"limit of {shown(self.compiled.bound)} exceeded"),)

    def take(self, view: View, history: History) -> None:
        """Count the event in."""
        swift, self.swift = self.swift, None
        if swift is not None and swift.view is view:
            tally = tally_of(self.tallies, swift.group, swift.scope)
            tally.least += swift.amount
            tally.most += swift.amount
            return
        judged, counted = self.recent
        if judged is not view:
            counted = self._counted(view, history)
        self.recent = (None, None)
        if counted is None:
            return
        group, scope, item = counted.group, counted.scope, counted.item
        self.clock = self.clock if counted.timeless else item.moment
        if scope is None or counted.timeless:
            self.loose.setdefault(group, Tally()).change(attrs.evolve(item, sure=False), 1)
            return
        tally = tally_of(self.tallies, group, scope)
        for old in self._expired(tally, item):
            tally.change(old, -1)
            tally.entries.popleft()  # type: ignore[union-attr]
        tally.change(item, 1)
        if self.window is not None:
            tally.entries = deque() if tally.entries is None else tally.entries
            tally.entries.append(item)
            tally_of(self.ever, group, scope).change(item, 1)

    def _swift(self, view: View, history: History) -> Swift | None:
        """How an event counts that surely does, all of it known, and stays within the bound; None for a closer look."""
        frame = frame_of(view, EMPTY, history) if self.keys or self.value else BLANK
        amount = 1 if self.value is None else evaluated(self.value, frame)
        group = tuple([part(scope, view) for scope in self.shared])
        scope = self._scope(frame)
        if scope is None or type(amount) is not int:
            return None
        tally = self.tallies.get(group, NOTHING).get(scope, NONE)
        if tally.blind or tally.most + amount > self.limit:
            return None
        return Swift(view, group, scope, amount)

    def _counted(self, view: View, history: History) -> Counted | None:
        """How the event counts; None if it does not."""
        found = list(judge(self.judged, self.when, view, history))
        if not found:
            return None
        truth: Truth = True if any(t is True for t, _ in found) else UNKNOWN
        group = tuple(part(scope, view) for scope in self.shared)
        frame = frame_of(view, found[0][1], history) if self.keys or self.value else BLANK
        scope = self._scope(frame)
        timeless = self.window is not None and not self._timed(view)
        return Counted(truth, group, scope, self._item(frame, view, sure=truth is True), timeless)

    def _over_with(self, counted: Counted) -> Truth:
        """Whether the measure exceeds the bound with the event in it."""
        group, scope, item = counted.group, counted.scope, counted.item
        if scope is None or counted.timeless:
            return self._over(self._perhaps(group, scope, item), group, item)
        tally = self.tallies.get(group, NOTHING).get(scope) or Tally()
        expired = self._expired(tally, item)
        for old in expired:
            tally.change(old, -1)
        tally.change(item, 1)
        over = self._over(tally, group, item)
        tally.change(item, -1)
        for old in expired:
            tally.change(old, 1)
        return over

    @property
    def kept(self) -> tuple[Kept, ...]:
        """What is remembered of runs, by what limits name them."""
        of_runs = [scope.kind for scope in self.shared] == ["run"]
        return (self.tallies, self.loose) if of_runs else ()

    def finish(self, last: View | None) -> Iterator[Finding]:
        """Nothing is owed at the end."""
        del last
        return iter(())

    def _scope(self, frame: Frame) -> Hashable | None:
        """The values of all keys, or None where one is unknown."""
        values = [evaluated(code, frame) for code in self.keys]
        return None if any(has_unknown(v) for v in values) else joint(values)

    def _item(self, frame: Frame, view: View, sure: bool) -> Item:
        value: Known = 1 if self.value is None else evaluated(self.value, frame)
        if self.compiled.kind == "bits":
            value = self.bits.get(view.event.step or "", 0) if view.kind == "release" else 0
        moment = None if view.moment is UNKNOWN else view.moment
        if self.compiled.kind == "distinct":
            return Item(moment, UNKNOWN_KEY if has_unknown(value) else key_of(value), 1, sure)
        number = value if isinstance(value, int | Fraction) and not isinstance(value, bool) else None
        return Item(moment, None, number, sure)

    def _perhaps(self, group: Hashable, scope: Hashable | None, item: Item) -> Tally:
        """Of an event with an unknown key, or without a clock: whatever was counted may be in its scope, and it in theirs."""
        mine = Tally()
        tallies = (self.tallies if self.window is None else self.ever).get(group, NOTHING)
        for counted in tallies.values() if scope is None else (tallies.get(scope, NONE),):
            mine.most += max(counted.most, 0)
            mine.least += min(counted.least, 0)
            mine.blind += counted.blind + counted.distinct
        mine.change(item, 1)
        return mine

    def _over(self, tally: Tally, group: Hashable, item: Item) -> Truth:
        """Whether the measure exceeds the bound, with the judged event surely in it."""
        loose = self.loose.get(group, NONE)
        bound = self.compiled.bound
        if self.compiled.kind == "distinct":
            sure = tally.distinct + (not item.sure and item.key not in (tally.keys or ()))
            return True if sure > bound else UNKNOWN if tally.blind or loose.blind or loose.most else False
        if tally.blind or loose.blind:
            return UNKNOWN
        amount = item.amount or 0
        least = tally.least + loose.least + (0 if item.sure else amount - min(amount, 0))
        most = tally.most + loose.most + (0 if item.sure else amount - max(amount, 0))
        return True if least > bound else UNKNOWN if most > bound else False

    def _timed(self, view: View) -> bool:
        """Whether it is known when the event comes, and not before another one."""
        if view.moment is UNKNOWN:
            return False
        try:
            return self.clock is None or view.moment >= self.clock
        except TypeError:
            return False

    def _expired(self, tally: Tally, item: Item) -> list[Item]:
        """What the window no longer holds at the time of an item."""
        if self.window is None or item.moment is None or not tally.entries:
            return []
        limit, moment = self.window, item.moment
        return [*takewhile(lambda old: old.moment is not None and moment - old.moment > limit, tally.entries)]


def joint(values: Sequence[Known]) -> Hashable:
    """The keys of values as one."""
    return key_of(values[0]) if len(values) == 1 else tuple([key_of(value) for value in values])


def weight(program: core.Program, release: str, bound: Fraction) -> Fraction:
    """What one use of a release can tell, in bits; of one without end, more than the bound."""
    bits = upper_bits(program, release)
    return bound + 1 if bits is None else bits


def shared(scopes: tuple[ScopeKey, ...]) -> tuple[ScopeKey, ...]:
    """The scopes that are no keys; keys alone count inside the session."""
    plain = tuple(scope for scope in scopes if scope.kind != "key")
    return plain or (ScopeKey("session", None, None),)


def part(scope: ScopeKey, view: View) -> Hashable:
    """The scope that the event is in."""
    match scope.kind:
        case "run":
            return ("run", view.session, view.run)
        case "turn":
            return ("turn", view.session, view.run, view.turn)
        case "window":
            return ("window",)
        case _:
            return ("session", view.session)


def evaluated(code: Code, frame: Frame) -> Known:
    """The value, unknown where it has none."""
    try:
        return code(frame)
    except EvaluationError:
        return UNKNOWN


def shown(bound: Fraction) -> str:
    """The bound as text."""
    return str(bound.numerator) if bound.denominator == 1 else str(float(bound))
