"""Between which numbers a register stays, whatever events come: closed intervals that its start value lies in and that every update
keeps (interval arithmetic; Cousot and Cousot, Static determination of dynamic properties of programs, 1976)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import TypeAlias

import attrs

from wfcheck.dsl import core, types
from wfcheck.dsl.walk import subexpressions

End: TypeAlias = Fraction | None
"""None: no bound on that side."""
_MOST = 24


@attrs.frozen
class Range:
    """All numbers from `low` to `high`."""

    low: End = None
    high: End = None

    def within(self, other: Range) -> bool:
        """Whether the other holds all of it."""
        under = other.low is None or (self.low is not None and other.low <= self.low)
        over = other.high is None or (self.high is not None and self.high <= other.high)
        return under and over

    @property
    def empty(self) -> bool:
        """Whether there is no such number."""
        return self.low is not None and self.high is not None and self.low > self.high


ANYTHING = Range()
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def bounds(register: core.Register, program: core.Program) -> Range | None:
    """The narrowest range between constants of the program that lasts and has an end; None if there is none, or if an update may
    err."""
    start = _number(register.initial)
    whole = _is(register.type, "int")
    if start is None or not (whole or _is(register.type, "decimal")) or any(u.key for u in register.updates):
        return None
    known = sorted({start, *_constants(register, program)})
    lows = [c for c in reversed(known) if c <= start][:_MOST]
    highs = [c for c in known if c >= start][:_MOST]
    for low, high in product((*lows, None), (*highs, None)):
        own = Range(low, high)
        if own != ANYTHING and _lasts(register, own, whole=whole):
            return own
    return None


def _lasts(register: core.Register, own: Range, *, whole: bool) -> bool:
    sight = _Sight(register.symbol, own, whole)
    for update in register.updates:
        if update.source is not None:
            return False
        inside = sight if update.condition is None else sight.where(update.condition)
        if inside is None:
            return False
        found = inside.range(update.value)
        if found is None or not (inside.own.empty or found.within(own)):
            return False
    return True


def _constants(register: core.Register, program: core.Program) -> Iterator[Fraction]:
    asked = [e for u in register.updates for e in (u.condition, u.value)]
    for rule in program.rules:
        match rule.body:
            case core.Always() | core.Forbid() | core.Before() | core.After() as body:
                asked.append(body.condition)
            case _:
                pass
    for top in asked:
        for part in () if top is None else subexpressions(top):
            if (value := _number(part)) is not None:
                yield value


def _number(expression: core.Expr) -> Fraction | None:
    match expression:
        case core.Literal(value=bool()):
            return None
        case core.Literal(value=int() | Fraction() as value):
            return Fraction(value)
        case core.Apply(op="neg", args=(core.Literal(value=int() | Fraction() as value),)):
            return -Fraction(value)
        case _:
            return None


def _is(type_: types.Type, name: str) -> bool:
    match types.base(type_):
        case types.Scalar(name=found):
            return found == name
        case _:
            return False


@attrs.frozen
class _Sight:
    """What is known where an expression is evaluated: the register's own range. Nothing is known of arguments."""

    register: str
    own: Range
    whole: bool

    def range(self, expression: core.Expr) -> Range | None:
        """All values of a numeric expression; None if it may err, or is of another form."""
        number = _number(expression)
        if number is not None:
            return Range(number, number)
        match expression:
            case core.Variable(name=name, kind="register") if name == self.register:
                return self.own
            case core.Variable(kind="argument", type=type_) if _is(type_, "int") or _is(type_, "decimal"):
                return ANYTHING
            case core.Apply(op="ite", args=(condition, then, otherwise)):
                return self._either(condition, then, otherwise)
            case core.Apply(op="+" | "-" | "*" | "min" | "max" as op, args=(left, right)):
                one, other = self.range(left), self.range(right)
                return None if one is None or other is None else _combined(op, one, other)
            case _:
                return None

    def _either(self, condition: core.Expr, then: core.Expr, otherwise: core.Expr) -> Range | None:
        found = []
        for sight, part in ((self.where(condition), then), (self.where(condition, holds=False), otherwise)):
            made = None if sight is None else sight.range(part)
            if sight is None or made is None:
                return None
            if not sight.own.empty:
                found.append(made)
        return _hull(found) if found else Range(Fraction(1), Fraction(0))

    def where(self, condition: core.Expr, *, holds: bool = True) -> _Sight | None:
        """With what a comparison with a constant says of the register; None if the condition may err."""
        match condition:
            case core.Apply(op="and", args=(left, right)) if holds:
                first = self.where(left)
                return None if first is None else first.where(right)
            case core.Apply(op="<" | "<=" | ">" | ">=" | "==" as op, args=(left, right)):
                if self.range(left) is None or self.range(right) is None:
                    return None
                return self._compared(op, left, right, holds)
            case _:
                return None

    def _compared(self, op: str, left: core.Expr, right: core.Expr, holds: bool) -> _Sight:
        constant = _number(right)
        subject = left
        if constant is None:
            constant, subject, op = _number(left), right, _FLIPPED[op]
        own = (
            isinstance(subject, core.Variable)
            and subject.kind == "register"
            and subject.name == self.register
        )
        wanted = op if holds else _OPPOSITE.get(op)
        if constant is None or not own or wanted is None:
            return self
        return attrs.evolve(self, own=_met(self.own, self._half(wanted, constant)))

    def _half(self, op: str, constant: Fraction) -> Range:
        step = 1 if self.whole and constant.denominator == 1 else 0
        match op:
            case "<":
                return Range(None, constant - step)
            case "<=":
                return Range(None, constant)
            case ">":
                return Range(constant + step, None)
            case ">=":
                return Range(constant, None)
            case _:
                return Range(constant, constant)


def _hull(parts: list[Range]) -> Range:
    lows, highs = [p.low for p in parts], [p.high for p in parts]
    low = None if None in lows else min(x for x in lows if x is not None)
    high = None if None in highs else max(x for x in highs if x is not None)
    return Range(low, high)


def _met(one: Range, other: Range) -> Range:
    lows = [x for x in (one.low, other.low) if x is not None]
    highs = [x for x in (one.high, other.high) if x is not None]
    return Range(max(lows, default=None), min(highs, default=None))


def _combined(op: str, one: Range, other: Range) -> Range:
    match op:
        case "+":
            return Range(_sum(one.low, other.low), _sum(one.high, other.high))
        case "-":
            return _combined("+", one, Range(_minus(other.high), _minus(other.low)))
        case "*":
            return _times(one, other)
        case "min":
            return Range(
                _hull([one, other]).low,
                min((h for h in (one.high, other.high) if h is not None), default=None),
            )
        case _:
            return Range(
                max((x for x in (one.low, other.low) if x is not None), default=None),
                _hull([one, other]).high,
            )


def _sum(left: End, right: End) -> End:
    return None if left is None or right is None else left + right


def _minus(end: End) -> End:
    return None if end is None else -end


def _times(one: Range, other: Range) -> Range:
    """Of bounded ranges, or with a constant; anything else is not bounded."""
    if other.low is None or other.low != other.high:
        one, other = other, one
    if other.low is not None and other.low == other.high:
        factor = other.low
        if factor == 0:
            return Range(factor, factor)
        ends = [None if e is None else e * factor for e in (one.low, one.high)]
        return Range(*(ends if factor > 0 else reversed(ends)))
    if None in (one.low, one.high, other.low, other.high):
        return ANYTHING
    found = [
        x * y for x in (one.low, one.high) for y in (other.low, other.high) if x is not None and y is not None
    ]
    return Range(min(found), max(found))
