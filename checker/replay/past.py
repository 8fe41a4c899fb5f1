"""What conditions may ask about the past of a trace: tracked registers, the latest and every earlier event of a pattern."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

import attrs

from wfcheck.checker.conditions.compiled import (
    UNKNOWN,
    Code,
    Frame,
    Known,
    Tables,
    Truth,
    compile_expression,
    holds,
)
from wfcheck.checker.replay.patterns import Pattern, compile_pattern
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core
from wfcheck.dsl.values.meanings import EvaluationError, items
from wfcheck.dsl.values.texts import to_text
from wfcheck.dsl.walk import subexpressions

_EXPRESSIONS = get_args(core.Expr)
EARLIER_LIMIT = 100_000


@attrs.frozen
class Update:
    """One compiled `on EVENT ...` of a register."""

    register: str
    pattern: Pattern
    binder: str | None
    source: Code | None
    condition: Code | None
    key: Code | None
    value: Code


@attrs.frozen
class Tracked:
    """Everything of a program that needs the past, compiled once. `asked`: patterns of `last` and `any earlier`."""

    program: core.Program
    initial: Mapping[str, Code]
    updates: tuple[Update, ...]
    asked: tuple[tuple[core.EventPattern, Pattern, bool], ...]  # the last: every earlier event is kept

    @property
    def busy(self) -> bool:
        """Whether anything of the past has to be kept."""
        return bool(self.updates or self.asked)


def compile_tracked(program: core.Program, expressions: Iterable[core.Expr], tables: Tables) -> Tracked:
    """The registers of a program and the patterns that the expressions (and the registers) ask about."""
    initial = {s: compile_expression(r.initial, tables) for s, r in program.registers.items()}
    updates = tuple(
        _update(symbol, update, program, tables)
        for symbol, register in program.registers.items()
        for update in register.updates
    )
    inside = [
        e for register in program.registers.values() for u in register.updates for e in expressions_in(u)
    ]
    asked: dict[int, tuple[core.EventPattern, Pattern, bool]] = {}
    for top in [*expressions, *inside]:
        for expression in subexpressions(top):
            if isinstance(expression, core.LastEvent | core.EarlierEvent):
                pattern = compile_pattern(expression.event, program, tables, "done")
                every = isinstance(expression, core.EarlierEvent)
                asked[id(expression.event)] = (expression.event, pattern, every)
    return Tracked(program, initial, updates, tuple(asked.values()))


def expressions_in(part: object) -> Iterator[core.Expr]:
    """The outermost expressions anywhere in a rule, a declaration or a pattern."""
    stack: list[Any] = [part]
    while stack:
        top = stack.pop()
        if isinstance(top, _EXPRESSIONS):
            yield top
        elif isinstance(top, tuple | list | frozenset):
            stack.extend(top)
        elif attrs.has(type(top)):
            stack.extend(getattr(top, name) for name in attrs.fields_dict(type(top)))


def _update(symbol: str, update: core.RegisterUpdate, program: core.Program, tables: Tables) -> Update:
    def optional(expression: core.Expr | None) -> Code | None:
        return None if expression is None else compile_expression(expression, tables)

    return Update(
        symbol,
        compile_pattern(update.event, program, tables, "done"),
        update.binder,
        optional(update.source),
        optional(update.condition),
        optional(update.key),
        compile_expression(update.value, tables),
    )


@attrs.define
class Past:
    """The past of one session. Implements `conditions.History`. Records are kept for the session and for each of its runs."""

    tracked: Tracked
    registers: dict[str, Known]
    records: dict[tuple[int, str | None], list[Record]]
    steady: bool = False  # every invariant held after the latest event

    @staticmethod
    def start(tracked: Tracked) -> Past:
        """Before any event: registers hold their initial values."""
        past = Past(tracked, {}, {})
        for symbol, code in tracked.initial.items():
            past.registers[symbol] = _value(code, Frame({}))
        return past

    def copy(self) -> Past:
        """The same, to be taken further on trial."""
        records = {key: list(found) for key, found in self.records.items()}
        return Past(self.tracked, dict(self.registers), records)

    def of_run(self, run: str) -> RunPast:
        """What one run of the session may ask; registers are the session's."""
        return RunPast(self, run)

    def register(self, symbol: str) -> Known:
        """The value of a register."""
        return self.registers.get(symbol, UNKNOWN)

    def last(self, event: core.EventPattern) -> Known:
        """The latest matching event."""
        return self.latest(event, None)

    def latest(self, event: core.EventPattern, run: str | None) -> Known:
        """The latest matching event of the session (run None) or of a run; unknown if it only may match."""
        records = self.records.get((id(event), run))
        if not records or records[-1].truth is not True:
            return UNKNOWN
        return records[-1].fields  # type: ignore[return-value]

    def earlier(self, event: core.EventPattern) -> Iterable[tuple[Truth, Mapping[str, Known]]]:
        """Every matching event so far."""
        return self.every(event, None)

    def every(self, event: core.EventPattern, run: str | None) -> Iterable[tuple[Truth, Mapping[str, Known]]]:
        """Every matching event of the session or of a run."""
        return ((record.truth, record.fields) for record in self.records.get((id(event), run), ()))

    def see(self, view: View) -> None:
        """Take in an event. Updates of different registers see each other's old values."""
        old = dict(self.registers)
        for update in self.tracked.updates:
            self._apply(
                update, view, Snapshot(self, {**old, update.register: self.registers[update.register]})
            )
        for event, pattern, every in self.tracked.asked:
            if view.kind in pattern.kinds:
                truth = pattern.match(view, history=self).truth
                if truth is not False:
                    self._record(Record(truth, view.record()), id(event), view.run, every)

    def _record(self, record: Record, event: int, run: str, every: bool) -> None:
        for scope in (None, run):
            records = self.records.setdefault((event, scope), [])
            if not every:
                records.clear()
            if len(records) < EARLIER_LIMIT:
                records.append(record)
            elif len(records) == EARLIER_LIMIT:
                records.append(Record(UNKNOWN, {}))  # more than is kept: anything may have been among them

    def _apply(self, update: Update, view: View, history: Snapshot) -> None:
        if view.kind not in update.pattern.kinds:
            return
        match = update.pattern.match(view, history=history)
        if match.truth is False:
            return
        frame = Frame(view.arguments, view.result, {**_spoken(view), **match.bindings}, view.moment, history)
        if match.truth is UNKNOWN:
            self._set(update, UNKNOWN, frame)
        elif update.source is None or update.binder is None:
            self._change(update, frame)
        else:
            self._each(update, update.binder, _value(update.source, frame), frame)

    def _each(self, update: Update, binder: str, elements: Known, frame: Frame) -> None:
        if elements is UNKNOWN:
            self._set(update, UNKNOWN, frame)
            return
        try:
            for element in items(elements):
                self._change(update, frame.bind({binder: element}))
        except EvaluationError:
            self._set(update, UNKNOWN, frame)

    def _change(self, update: Update, frame: Frame) -> None:
        truth = True if update.condition is None else holds(update.condition, frame)
        if truth is not False:
            value = _value(update.value, frame) if truth is True else UNKNOWN
            self._set(update, value, frame)
            if isinstance(frame.history, Snapshot):
                frame.history.registers[update.register] = self.registers[update.register]

    def _set(self, update: Update, value: Known, frame: Frame) -> None:
        if update.key is None:
            self.registers[update.register] = value
            return
        key, old = _value(update.key, frame), self.registers.get(update.register, UNKNOWN)
        if key is UNKNOWN or not isinstance(old, dict):
            self.registers[update.register] = UNKNOWN
        else:
            self.registers[update.register] = {**old, to_text(key): value}  # type: ignore[dict-item]


@attrs.frozen
class Record:
    """An event that matched, or may have (`truth`), with its fields."""

    truth: Truth
    fields: dict[str, Known]


@attrs.frozen
class RunPast:
    """The past of one run."""

    past: Past
    run: str

    def of(self, per_session: bool) -> Past | RunPast:
        """The past that a rule speaks of."""
        return self.past if per_session else self

    def register(self, symbol: str) -> Known:
        """The value of a register of the session."""
        return self.past.register(symbol)

    def last(self, event: core.EventPattern) -> Known:
        """The latest matching event of the run."""
        return self.past.latest(event, self.run)

    def earlier(self, event: core.EventPattern) -> Iterable[tuple[Truth, Mapping[str, Known]]]:
        """Every matching event of the run so far."""
        return self.past.every(event, self.run)


@attrs.frozen
class Snapshot:
    """The past of a session with its registers at one moment."""

    past: Past
    registers: dict[str, Known]

    def register(self, symbol: str) -> Known:
        """The value of a register."""
        return self.registers.get(symbol, UNKNOWN)

    def last(self, event: core.EventPattern) -> Known:
        """The latest matching event."""
        return self.past.last(event)

    def earlier(self, event: core.EventPattern) -> Iterable[tuple[Truth, Mapping[str, Known]]]:
        """Every matching event so far."""
        return self.past.earlier(event)


def _spoken(view: View) -> dict[str, Known]:
    return {"text": view.text, "time": view.moment}


def _value(code: Code, frame: Frame) -> Known:
    try:
        return code(frame)
    except EvaluationError:
        return UNKNOWN
