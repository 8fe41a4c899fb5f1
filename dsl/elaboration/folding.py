"""Constants: the value of an expression that needs no run, by the operator table."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from wfcheck.dsl import core
from wfcheck.dsl.core import Value
from wfcheck.dsl.types import RefinedType, Type
from wfcheck.dsl.values.meanings import EvaluationError, items, largest, smallest, total, truth
from wfcheck.dsl.values.operators import OPERATORS


class NotConstantError(Exception):
    """The expression depends on a run."""


@attrs.frozen
class Constant:
    """A value known without a run (a class of its own, because `none` is a value)."""

    value: Value


@attrs.define
class Fuel:
    """How many nodes may still be evaluated: constants may hold loops over constants."""

    left: int = 100_000


def constant(expression: core.Expr) -> Constant | None:
    """The value of a closed expression; None when it depends on a run, has no value, or takes too long to find."""
    try:
        return Constant(evaluate(expression, {}))
    except (NotConstantError, EvaluationError):
        return None


def evaluate(expression: core.Expr, known: Mapping[str, Value], fuel: Fuel | None = None) -> Value:
    """The value of an expression over the known variables (by name). Raises EvaluationError where it has none, NotConstantError
    where it needs a run (an unknown variable, a register, a table, the clock, earlier events) or more fuel."""
    fuel = Fuel() if fuel is None else fuel
    fuel.left -= 1
    if fuel.left < 0:
        raise NotConstantError
    match expression:
        case core.Literal(value=value):
            return value
        case core.Variable(name=name):
            if name not in known:
                raise NotConstantError
            return known[name]
        case core.Field(base=base, name=name):
            return field(evaluate(base, known, fuel), name)
        case core.Index(base=base, index=index):
            return element(evaluate(base, known, fuel), evaluate(index, known, fuel))
        case core.Apply():
            return _apply(expression, known, fuel)
        case core.MakeRecord(fields=fields):
            return {name: evaluate(value, known, fuel) for name, value in fields}
        case core.MakeList(items=members):
            return tuple(evaluate(member, known, fuel) for member in members)
        case core.Quantified():
            return _quantified(expression, known, fuel)
        case _:
            raise NotConstantError


def field(value: Value, name: str) -> Value:
    """A field of a record; a missing one is an error."""
    if isinstance(value, dict) and name in value:
        return value[name]
    raise EvaluationError(f"there is no field `{name}`")


def element(value: Value, index: Value) -> Value:
    """An element of a list (from 0, never from the end) or an entry of a map; a missing one is an error."""
    if isinstance(value, dict) and not isinstance(index, tuple | dict) and index in value:
        return next(entry for key, entry in value.items() if key == index)
    if isinstance(value, tuple) and isinstance(index, int) and not isinstance(index, bool):
        if 0 <= index < len(value):
            return value[index]
        raise EvaluationError("the index is out of range")
    raise EvaluationError("there is no such entry")


def _apply(expression: core.Apply, known: Mapping[str, Value], fuel: Fuel) -> Value:
    op, args = expression.op, expression.args
    first = evaluate(args[0], known, fuel)
    if op == "ite":
        return evaluate(args[1] if truth(first) else args[2], known, fuel)
    if op in {"and", "implies"} and not truth(first):
        return op == "implies"
    if op == "or" and truth(first):
        return True
    return OPERATORS[op].meaning(first, *(evaluate(arg, known, fuel) for arg in args[1:]))


def _quantified(expression: core.Quantified, known: Mapping[str, Value], fuel: Fuel) -> Value:
    sources = [items(evaluate(source, known, fuel)) for source in expression.sources]
    bodies = (
        evaluate(expression.body, {**known, **dict(zip(expression.binders, row, strict=True))}, fuel)
        for row in zip(*sources, strict=False)
    )
    match expression.kind:
        case "any":
            return any(truth(body) for body in bodies)
        case "all":
            return all(truth(body) for body in bodies)
        case "count":
            return sum(truth(body) for body in bodies)
        case "sum":
            return total(tuple(bodies))
        case "min":
            return smallest(tuple(bodies))
        case "max":
            return largest(tuple(bodies))


def refuted(type_: Type, value: Value) -> RefinedType | None:
    """The refinement of `type_` that the value breaks, outermost level only; None when it breaks none that can be decided."""
    while isinstance(type_, RefinedType):
        try:
            if not truth(evaluate(type_.condition, {"it": value})):
                return type_
        except NotConstantError:
            pass
        except EvaluationError:
            return type_
        type_ = type_.base
    return None
