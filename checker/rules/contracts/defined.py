"""`builtin.defined`: no expression of the workflow lacks a value where the run comes to it."""

from __future__ import annotations

from collections.abc import Iterator

from wfcheck.checker.obligation import Case, Finding
from wfcheck.checker.rules.contracts.deciding import Break, decide
from wfcheck.checker.rules.contracts.supply import sources_of
from wfcheck.checker.symbolic.records import Gap
from wfcheck.dsl import core, types
from wfcheck.dsl.phrase import phrase
from wfcheck.dsl.values.operators import OPERATORS
from wfcheck.dsl.walk import expressions, statements, subexpressions
from wfcheck.solver import build as b

_TOTAL = frozenset({"+", "-", "*", "neg", "<", "<=", ">", ">="})
"""Operators that have a value for all numbers."""


def check(case: Case) -> Finding | None:
    """No condition, argument or assignment errs on a reachable path."""
    if not any(_erring(part) for part in _parts(case.workflow)):
        return None
    return decide(case, lambda execution: [_break(case, gap) for gap in execution.records.gaps])


def _parts(workflow: core.Workflow) -> Iterator[core.Expr]:
    for statement in statements(workflow.body):
        match statement:
            case core.If(condition=whole) | core.While(condition=whole) | core.For(source=whole):
                if types.base(whole.type) == types.ANY:
                    yield core.Index(whole, whole, types.ANY, span=whole.span)
            case _:
                pass
        for expression in _evaluated(statement):
            yield from subexpressions(expression)


def _evaluated(statement: core.Statement) -> tuple[core.Expr, ...]:
    """What the statement evaluates, its contracts aside."""
    match statement:
        case core.Llm(context=context):
            return context
        case core.Agent(context=context, may=may):
            return (*context, *(m.condition for m in may if m.condition is not None))
        case core.While(condition=condition):
            return (condition,)
        case _:
            return expressions(statement)


def _break(case: Case, gap: Gap) -> Break:
    part = next((e for e in subexpressions(gap.expression) if _erring(e)), gap.expression)
    text = f"`{phrase(part)}` may have no value here{_why(part)}"
    broken = b.and_(gap.guard, b.not_(gap.defined))
    return Break(broken, part.span, text, _help(part), sources_of(case, gap.expression, {}))


def _erring(expression: core.Expr) -> bool:
    """Whether the expression itself may err, its parts aside."""
    match expression:
        case core.Index() | core.Lookup():
            return True
        case core.Field(base=inner):
            return _optional(inner)
        case core.Apply(op=op, args=args) if op in _TOTAL and all(_number(a) for a in args):
            return False
        case core.Apply(op=op, args=args):
            kinds = [types.base(a.type) for a in args]
            absent = op not in ("==", "!=", "in") and any(_optional(a) for a in args)
            mixed = types.ANY in kinds or (op not in ("==", "!=") and types.TIME in kinds)
            none = any(isinstance(a, core.Literal) and a.value is None for a in args)
            return bool(OPERATORS[op].errs) or absent or (mixed and not none)
        case _:
            return False


def _optional(expression: core.Expr) -> bool:
    return isinstance(types.base(expression.type), types.AnyType | types.OptionType)


def _number(expression: core.Expr) -> bool:
    return types.base(expression.type) in (types.INT, types.DECIMAL)


def _why(part: core.Expr) -> str:
    match part:
        case core.Index():
            return ": there may be no such element"
        case core.Lookup(table=table):
            return f": `{table}` may have no such row"
        case core.Field(base=base, name=name):
            return f": `{phrase(base)}` may have no `{name}`"
        case core.Apply(op="/"):
            return ": the divisor may be zero"
        case _:
            return ""


def _help(part: core.Expr) -> str:
    match part:
        case core.Index(base=base, index=index) if isinstance(types.base(base.type), types.MapType):
            return f"test `{phrase(index)} in {phrase(base)}` before it"
        case core.Index(base=base, index=index):
            return f"test `{phrase(index)} < length({phrase(base)})` before it"
        case core.Apply(op="/", args=(_, divisor)):
            return f"test `{phrase(divisor)} != 0` before it"
        case core.Field(base=base) | core.Apply(args=(base, *_)) if _optional(base):
            return f"test `{phrase(base)} != none` before it, or give it a type"
        case _:
            return "test before it that it has a value"
