"""Conditions over recorded events: core expressions compiled once to closures with three values.

A closure gives a core value, `UNKNOWN` where the record does not show it (missing argument, no clock, never read), or raises
`EvaluationError` where there is no value. `holds` maps both of the latter to `UNKNOWN`: neither is true, neither is false."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import assert_never

import attrs

from wfcheck.checker.conditions.values import (
    UNKNOWN,
    Code,
    Frame,
    History,
    Known,
    Moment,
    Truth,
    Unknown,
    conjunction,
    has_unknown,
    holds,
    negated,
)
from wfcheck.dsl import core
from wfcheck.dsl.core import Expr, Value
from wfcheck.dsl.values.meanings import EvaluationError, equal, items, number, truth
from wfcheck.dsl.values.operators import OPERATORS
from wfcheck.dsl.values.texts import to_text

__all__ = [
    "UNKNOWN",
    "Code",
    "Frame",
    "History",
    "Known",
    "Moment",
    "Tables",
    "Truth",
    "Unknown",
    "compile_expression",
    "conjunction",
    "has_unknown",
    "holds",
    "negated",
]


CHAIN = 30
"""A chain of more operators than this is folded by a loop, not by nested closures."""


@attrs.frozen
class Tables:
    """The rows of each table by the text of their key."""

    rows: Mapping[str, Mapping[str, dict[str, Value]]]

    @staticmethod
    def of(program: core.Program) -> Tables:
        """The tables of a program."""
        return Tables(
            {
                symbol: {to_text(row[table.key]): row for row in table.rows}
                for symbol, table in program.tables.items()
            }
        )


def compile_expression(expression: Expr, tables: Tables) -> Code:
    """The closure of an expression."""
    match expression:
        case core.Literal(value=constant):
            return lambda _: constant
        case core.Variable():
            return _variable(expression)
        case core.Field(base=base, name=name):
            return _field(compile_expression(base, tables), name)
        case core.Index(base=base, index=index):
            return _index(compile_expression(base, tables), compile_expression(index, tables))
        case core.Apply():
            return _operation(expression, tables)
        case core.MakeRecord() | core.MakeList():
            return _make(expression, tables)
        case core.Quantified():
            return _quantified(expression, tables)
        case core.Lookup(table=table, key=key):
            return _lookup(tables.rows.get(table, {}), compile_expression(key, tables))
        case core.Known(register=register, key=key):
            return _known(register, None if key is None else compile_expression(key, tables))
        case core.LastEvent(event=event):
            return lambda frame: UNKNOWN if frame.history is None else frame.history.last(event)
        case core.EarlierEvent(event=event, body=body):
            return _earlier(event, compile_expression(body, tables))
        case _:
            assert_never(expression)


def _make(expression: core.MakeRecord | core.MakeList, tables: Tables) -> Code:
    if isinstance(expression, core.MakeRecord):
        parts = [(name, compile_expression(part, tables)) for name, part in expression.fields]
        return lambda frame: {name: part(frame) for name, part in parts}  # type: ignore[misc]
    codes = [compile_expression(e, tables) for e in expression.items]
    return lambda frame: tuple(code(frame) for code in codes)  # type: ignore[misc]


def _variable(variable: core.Variable) -> Code:
    name = variable.name
    match variable.kind:
        case "argument":
            return lambda frame: frame.arguments.get(name, UNKNOWN)
        case "result":
            return lambda frame: frame.result
        case "now":
            return lambda frame: frame.now
        case "register":
            return lambda frame: UNKNOWN if frame.history is None else frame.history.register(name)
        case "binder" | "bound" | "it" | "local":
            return lambda frame: frame.bound.get(name, UNKNOWN)
        case _:
            assert_never(variable.kind)


def _field(base: Code, name: str) -> Code:
    def run(frame: Frame) -> Known:
        value = base(frame)
        if value is UNKNOWN:
            return UNKNOWN
        if not isinstance(value, dict) or name not in value:
            raise EvaluationError(f"there is no field `{name}`")
        return value[name]

    return run


def _index(base: Code, index: Code) -> Code:
    def run(frame: Frame) -> Known:
        value, key = base(frame), index(frame)
        if value is UNKNOWN or key is UNKNOWN:
            return UNKNOWN
        if isinstance(value, dict):
            return _entry(value, key)
        position = number(key)
        elements = items(value)
        if position.denominator != 1 or not 0 <= position < len(elements):
            raise EvaluationError("the index is out of range")
        return elements[int(position)]

    return run


def _entry(value: Mapping[str, Value], key: Value) -> Value:
    name = to_text(key)
    if name not in value:
        raise EvaluationError("there is no entry at the key")
    return value[name]


def _lookup(rows: Mapping[str, dict[str, Value]], key: Code) -> Code:
    def run(frame: Frame) -> Known:
        value = key(frame)
        return UNKNOWN if value is UNKNOWN else _entry(rows, value)

    return run


def _known(register: str, key: Code | None) -> Code:
    def run(frame: Frame) -> Known:
        value = UNKNOWN if frame.history is None else frame.history.register(register)
        if key is None:
            return UNKNOWN if value is UNKNOWN else value is not None
        where = key(frame)
        if value is UNKNOWN or where is UNKNOWN:
            return UNKNOWN
        return isinstance(value, dict) and to_text(where) in value

    return run


def _earlier(event: core.EventPattern, body: Code) -> Code:
    def run(frame: Frame) -> Known:
        if frame.history is None:
            return UNKNOWN
        earlier = frame.history.earlier(event)
        return _any(conjunction(truth, holds(body, frame.bind(record))) for truth, record in earlier)

    return run


# ---------------------------------------------------------------- operators


def _operation(expression: core.Apply, tables: Tables) -> Code:
    """An operator; a long chain to the left (`a + b + ...`) is folded by a loop, since its length belongs to the user."""
    spine: list[core.Apply] = []
    at: Expr = expression
    while isinstance(at, core.Apply) and len(at.args) == 2:
        spine.append(at)
        at = at.args[0]
    if len(spine) <= CHAIN:
        return _apply(expression.op, tuple(compile_expression(a, tables) for a in expression.args))
    first = compile_expression(at, tables)
    rest = [(link.op, compile_expression(link.args[1], tables)) for link in reversed(spine)]

    def run(frame: Frame) -> Known:
        value = first(frame)
        for op, right in rest:
            value = _apply(op, (_given(value), right))(frame)
        return value

    return run


def _given(value: Known) -> Code:
    return lambda _: value


def _apply(op: str, args: tuple[Code, ...]) -> Code:
    match op:
        case "and":
            return _lazy(args[0], args[1], decides=False)
        case "or":
            return _lazy(args[0], args[1], decides=True)
        case "implies":
            return _implies(args[0], args[1])
        case "ite":
            return _ite(args[0], args[1], args[2])
        case "consents":
            return _strict(op, tuple(map(_spoken, args)))
        case _:
            return _strict(op, args)


def _spoken(event: Code) -> Code:
    """What was said in an event: whether its time is known does not matter."""

    def run(frame: Frame) -> Known:
        value = event(frame)
        return value.get("text", UNKNOWN) if isinstance(value, dict) else value

    return run


def _truth(value: Known) -> Truth:
    return UNKNOWN if value is UNKNOWN else truth(value)


def _lazy(left: Code, right: Code, decides: bool) -> Code:
    def run(frame: Frame) -> Known:
        first = _truth(left(frame))
        if first is decides:
            return decides
        second = _truth(right(frame))
        if second is decides:
            return decides
        return UNKNOWN if first is UNKNOWN else second

    return run


def _implies(left: Code, right: Code) -> Code:
    def run(frame: Frame) -> Known:
        first = _truth(left(frame))
        if first is False:
            return True
        second = _truth(right(frame))
        if second is True:
            return True
        return UNKNOWN if first is UNKNOWN else second

    return run


def _ite(condition: Code, then: Code, otherwise: Code) -> Code:
    def run(frame: Frame) -> Known:
        test = _truth(condition(frame))
        if test is not UNKNOWN:
            return then(frame) if test else otherwise(frame)
        one, other = then(frame), otherwise(frame)
        if has_unknown(one) or has_unknown(other):
            return UNKNOWN
        return one if equal(one, other) else UNKNOWN  # type: ignore[arg-type]

    return run


def _strict(op: str, args: tuple[Code, ...]) -> Code:
    meaning = OPERATORS[op].meaning

    def run(frame: Frame) -> Known:
        values = [arg(frame) for arg in args]
        return UNKNOWN if any(has_unknown(v) for v in values) else meaning(*values)

    return run


# ---------------------------------------------------------------- quantifiers


def _any(answers: Iterable[Truth]) -> Truth:
    result: Truth = False
    for answer in answers:
        if answer is True:
            return True
        if answer is UNKNOWN:
            result = UNKNOWN
    return result


def _quantified(expression: core.Quantified, tables: Tables) -> Code:
    sources = [compile_expression(s, tables) for s in expression.sources]
    body, kind, binders = compile_expression(expression.body, tables), expression.kind, expression.binders

    def run(frame: Frame) -> Known:
        lists = [source(frame) for source in sources]
        if any(one is UNKNOWN for one in lists):
            return UNKNOWN
        rows = zip(*(items(one) for one in lists), strict=False)  # type: ignore[arg-type]
        values = [body(frame.bind(dict(zip(binders, row, strict=True)))) for row in rows]
        return _fold(kind, values)

    return run


def _fold(kind: str, values: list[Known]) -> Known:
    if kind == "any":
        return _any(_truth(v) for v in values)
    if kind == "all":
        found = _any(UNKNOWN if t is UNKNOWN else not t for t in map(_truth, values))
        return UNKNOWN if found is UNKNOWN else not found
    if any(has_unknown(v) for v in values):
        return UNKNOWN
    if kind == "count":
        return len([v for v in values if truth(v)])  # type: ignore[arg-type]
    return OPERATORS[kind].meaning(tuple(values))
