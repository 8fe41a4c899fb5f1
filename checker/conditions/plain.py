"""Conditions over arguments as they were recorded, for the great many events of which everything is known.

The same meanings as `compiled`, without its third truth value: where something is missing, hidden or of another kind than declared, a
plain closure raises `UnplainError`, and the condition has to be asked of `compiled` instead."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from wfcheck.checker.conditions.coercion import PLAINLY, coerce
from wfcheck.checker.conditions.values import Known, has_unknown
from wfcheck.checker.traces.event import Json
from wfcheck.dsl import core
from wfcheck.dsl.types import OptionType, base
from wfcheck.dsl.values.meanings import EvaluationError
from wfcheck.dsl.values.operators import OPERATORS

Given: TypeAlias = Mapping[str, Json]
Registers: TypeAlias = Mapping[str, Known]
Plain: TypeAlias = Callable[[Given, Registers], Any]
Swift: TypeAlias = Callable[[Any, Any], Any]


class UnplainError(Exception):
    """The record does not say it plainly."""


UNPLAIN: Final = (UnplainError, EvaluationError)
"""What a plain closure raises where `compiled` has to be asked."""

DEPTH: Final = 30
"""Deeper expressions have no plain form."""

_MISSING: Final = object()
_SAME: Final = frozenset({int, str, bool})
_NUMBERS: Mapping[str, Swift] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_EQUALS: Mapping[str, Swift] = {"==": operator.eq, "!=": operator.ne}


def plain_code(expression: core.Expr, tool: core.Tool, depth: int = DEPTH) -> Plain | None:
    """The plain closure of an expression over the arguments of a call of the tool and the registers; None if it asks for more."""
    if not depth:
        return None
    match expression:
        case core.Literal(value=constant):
            return lambda _given, _registers: constant
        case core.Variable(kind="argument", name=name):
            return plain_argument(name, tool)
        case core.Variable(kind="register", name=name):
            return _register(name)
        case core.Apply(
            op=op, args=(core.Variable(kind="argument", name=name), core.Literal(value=constant))
        ) if type(constant) in _SAME and (op in _EQUALS or (op in _NUMBERS and type(constant) is int)):
            return _against(op, name, constant, tool)
        case core.Apply(op=op, args=args):
            parts = [plain_code(part, tool, depth - 1) for part in args]
            made = [part for part in parts if part is not None]
            return plain_apply(op, made) if len(made) == len(parts) else None
        case core.MakeList(items=items):
            return _list([plain_code(part, tool, depth - 1) for part in items])
        case _:
            return None


def plain_argument(name: str, tool: core.Tool) -> Plain | None:
    """The typed value of an argument; None if the tool has none of that name."""
    parameter = tool.parameter(name)
    if parameter is None:
        return None
    declared, optional, wanted = parameter.type, parameter.optional, plainly(tool, name)

    def run(given: Given, _registers: Registers) -> Any:
        value = given.get(name, _MISSING)
        if type(value) is wanted:
            return value
        if value is _MISSING:
            if optional:
                return None
            raise UnplainError
        typed = coerce(value, declared)
        if has_unknown(typed):
            raise UnplainError
        return typed

    return run


def _against(op: str, name: str, constant: Any, tool: core.Tool) -> Plain | None:
    """An argument compared with a simple constant; one of the same kind as it is."""
    argument = plain_argument(name, tool)
    if argument is None:
        return None
    kind, meaning = type(constant), OPERATORS[op].meaning
    swift: Swift = _NUMBERS.get(op) or _EQUALS[op]
    declared = type(constant) is plainly(tool, name)

    def run(given: Given, registers: Registers) -> Any:
        value = given.get(name)
        if declared and type(value) is kind:
            return swift(value, constant)
        return meaning(argument(given, registers), constant)

    return run


def plainly(tool: core.Tool, name: str) -> type | None:
    """The kind of values that an argument has as they were recorded."""
    parameter = tool.parameter(name)
    bare = None if parameter is None else base(parameter.type)
    inner = base(bare.base) if isinstance(bare, OptionType) else bare
    return None if inner is None else PLAINLY.get(inner)


def _register(name: str) -> Plain:
    def run(_given: Given, registers: Registers) -> Any:
        value = registers.get(name, _MISSING)
        if value is _MISSING or has_unknown(value):  # type: ignore[arg-type]
            raise UnplainError
        return value

    return run


def _list(parts: list[Plain | None]) -> Plain | None:
    made = [part for part in parts if part is not None]
    if len(made) < len(parts):
        return None
    return lambda given, registers: tuple([part(given, registers) for part in made])


def plain_apply(op: str, args: list[Plain]) -> Plain:
    """The plain closure of an operator over plain operands."""
    match op, args:
        case "and", [left, right]:
            return lambda g, r: _truth(right(g, r)) if _truth(left(g, r)) else False
        case "or", [left, right]:
            return lambda g, r: True if _truth(left(g, r)) else _truth(right(g, r))
        case "implies", [left, right]:
            return lambda g, r: _truth(right(g, r)) if _truth(left(g, r)) else True
        case "ite", [condition, then, otherwise]:
            return lambda g, r: then(g, r) if _truth(condition(g, r)) else otherwise(g, r)
        case _, [left, right] if op in _NUMBERS:
            return compared(op, left, right)
        case _, [left, right] if op in _EQUALS:
            return compared(op, left, right)
        case _:
            meaning = OPERATORS[op].meaning
            return lambda g, r: meaning(*[part(g, r) for part in args])


def compared(op: str, left: Plain, right: Plain) -> Plain:
    """A comparison; values of the same simple kind are compared as they are."""
    meaning = OPERATORS[op].meaning
    swift = _NUMBERS.get(op) or _EQUALS[op]
    kinds = frozenset({int}) if op in _NUMBERS else _SAME

    def run(given: Given, registers: Registers) -> Any:
        one, other = left(given, registers), right(given, registers)
        kind = type(one)
        if kind is type(other) and kind in kinds:
            return swift(one, other)
        return meaning(one, other)

    return run


def _truth(value: Any) -> bool:
    if value is True or value is False:
        return value
    raise UnplainError
