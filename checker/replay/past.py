"""What conditions may ask about the past of a trace: tracked registers, the latest and every earlier event of a pattern."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import get_args

import attrs

from wfcheck.checker.conditions import UNKNOWN, Code, Frame, Known, Tables, compile_expression, holds
from wfcheck.checker.replay.patterns import Pattern, compile_pattern
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core
from wfcheck.dsl.meanings import EvaluationError, items
from wfcheck.dsl.texts import to_text
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
    stack = [part]
    while stack:
        top = stack.pop()
        if isinstance(top, _EXPRESSIONS):
            yield top
        elif isinstance(top, tuple | list | frozenset):
            stack.extend(top)
        elif attrs.has(type(top)):
            stack.extend(getattr(top, name) for name in attrs.fields_dict(type(top)))  # type: ignore[arg-type]


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
    """The past of one session. Implements `conditions.History`."""

    tracked: Tracked
    registers: dict[str, Known]
    records: dict[int, list[dict[str, Known]]]

    @staticmethod
    def start(tracked: Tracked) -> Past:
        """Before any event: registers hold their initial values."""
        past = Past(tracked, {}, {id(event): [] for event, _, _ in tracked.asked})
        for symbol, code in tracked.initial.items():
            past.registers[symbol] = _value(code, Frame({}))
        return past

    def register(self, symbol: str) -> Known:
        """The value of a register."""
        return self.registers.get(symbol, UNKNOWN)

    def last(self, event: core.EventPattern) -> Known:
        """The latest matching event."""
        records = self.records.get(id(event), [])
        return records[-1] if records else UNKNOWN  # type: ignore[return-value]

    def earlier(self, event: core.EventPattern) -> Iterable[Mapping[str, Known]]:
        """Every matching event so far."""
        return self.records.get(id(event), [])

    def see(self, view: View) -> None:
        """Take in an event."""
        for update in self.tracked.updates:
            self._apply(update, view)
        for event, pattern, every in self.tracked.asked:
            if view.kind in pattern.kinds and pattern.match(view, history=self).truth is True:
                records = self.records[id(event)]
                if not every or len(records) >= EARLIER_LIMIT:
                    records.clear()
                records.append(view.record())

    def _apply(self, update: Update, view: View) -> None:
        if view.kind not in update.pattern.kinds:
            return
        match = update.pattern.match(view, history=self)
        if match.truth is False:
            return
        frame = Frame(view.arguments, view.result, {**match.bindings, **_spoken(view)}, view.moment, self)
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

    def _set(self, update: Update, value: Known, frame: Frame) -> None:
        if update.key is None:
            self.registers[update.register] = value
            return
        key, old = _value(update.key, frame), self.registers.get(update.register, UNKNOWN)
        if key is UNKNOWN or not isinstance(old, dict):
            self.registers[update.register] = UNKNOWN
        else:
            self.registers[update.register] = {**old, to_text(key): value}  # type: ignore[dict-item]


def _spoken(view: View) -> dict[str, Known]:
    return {"text": view.text, "time": view.moment}


def _value(code: Code, frame: Frame) -> Known:
    try:
        return code(frame)
    except EvaluationError:
        return UNKNOWN
