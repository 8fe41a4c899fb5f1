"""Expressions: names are resolved, types are checked and sugar goes, in one walk from surface to core.

Nothing here raises on bad input: a mistake is reported once, and a `core.Literal` of type `any` stands in for what was wrong."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration import expression_apply as applications
from wfcheck.dsl.elaboration import expression_chain as chains
from wfcheck.dsl.elaboration import expression_literal as literals
from wfcheck.dsl.elaboration import expression_name as names
from wfcheck.dsl.elaboration import expression_quantifier as quantifiers
from wfcheck.dsl.elaboration.consistency import is_any, is_option, scalar
from wfcheck.dsl.elaboration.context import Context, Env
from wfcheck.dsl.elaboration.expression_fit import broken, fit, forget, narrow, operate
from wfcheck.dsl.elaboration.expression_tags import resolve_tags
from wfcheck.dsl.elaboration.expression_type import Typing, elaborate_type_with
from wfcheck.dsl.elaboration.folding import constant
from wfcheck.dsl.types import ANY, BOOL, DATE, DECIMAL, DURATION, INT, TEXT, TIME, OptionType, Type, show

__all__ = [
    "broken",
    "constant",
    "elaborate_condition",
    "elaborate_expression",
    "elaborate_type",
    "fit",
    "forget",
    "narrow",
    "resolve_tags",
]

MAX_DEPTH = 100
MAX_NODES = 20_000  # that definitions may put into one expression


def elaborate_expression(
    context: Context, env: Env, expression: syntax.Expr, expected: Type | None = None
) -> core.Expr:
    """The core of an expression. `expected`: the type it must be consistent with (None: any type will do); literals adapt to it.
    Never raises; on a mistake it reports once and returns an expression of type `any`."""
    budget = env.budget
    if budget.depth == 0:
        budget.left = MAX_NODES
    if budget.depth >= MAX_DEPTH:
        context.report(
            "WF340",
            f"the expression is nested more than {MAX_DEPTH} levels deep",
            expression.span,
            help="give the inner part a name with `define` or a variable",
        )
        return broken(expression.span)
    budget.depth += 1
    made = _elaborate(context, env, expression, expected)
    budget.depth -= 1
    return fit(context, made, expected)


def elaborate_condition(context: Context, env: Env, expression: syntax.Expr) -> core.Expr:
    """The core of an expression that must be a bool."""
    result = elaborate_expression(context, env, expression)
    if scalar(result.type) == "bool" or is_any(result.type):
        return result
    if is_option(result.type):
        return fit(context, result, BOOL)
    context.report("WF303", f"a condition is wanted here, and this is `{show(result.type)}`", expression.span)
    return broken(expression.span)


def elaborate_type(
    context: Context, module: str, expression: syntax.TypeExpr, name: str | None = None
) -> Type:
    """The type that an expression writes; `name`: of the declaration that it is the body of. Mistakes are reported and
    count as `any`."""
    return elaborate_type_with(Typing(context, module, elaborate_condition), expression, name)


def _elaborate(context: Context, env: Env, expression: syntax.Expr, expected: Type | None) -> core.Expr:
    match expression:
        case syntax.Name():
            return names.elaborate_name(context, env, expression, expected)
        case syntax.Member():
            return names.elaborate_member(context, env, expression, elaborate_expression)
        case syntax.Subscript():
            return names.elaborate_subscript(context, env, expression, elaborate_expression)
        case syntax.Apply():
            return applications.elaborate_apply(context, env, expression, expected, elaborate_expression)
        case syntax.Binary():
            return chains.elaborate_chain(context, env, expression, elaborate_expression)
        case syntax.Unary():
            return _unary(context, env, expression)
        case syntax.IfExpr():
            return _conditional(context, env, expression, expected)
        case syntax.ListLit() | syntax.SetLit() | syntax.RecordLit():
            return literals.elaborate_collection(context, env, expression, expected, elaborate_expression)
        case syntax.Quantifier():
            return quantifiers.elaborate_quantifier(context, env, expression, expected, elaborate_expression)
        case syntax.Earlier():
            return quantifiers.elaborate_earlier(context, env, expression, elaborate_expression)
        case _:
            return _scalar(context, expression, expected)


def _unary(context: Context, env: Env, expression: syntax.Unary) -> core.Expr:
    if expression.operator == "not":
        operand = elaborate_condition(context, env, expression.operand)
        return core.Apply("not", (operand,), BOOL, span=expression.span)
    operand = elaborate_expression(context, env, expression.operand)
    if isinstance(operand, core.Literal) and scalar(operand.type) in {"int", "decimal", "duration"}:
        value = constant(core.Apply("neg", (operand,), operand.type, span=expression.span))
        if value is not None:
            return core.Literal(value.value, operand.type, span=expression.span)
    return operate(context, "neg", (operand,), expression.span)


def _conditional(context: Context, env: Env, expression: syntax.IfExpr, expected: Type | None) -> core.Expr:
    condition = elaborate_condition(context, env, expression.condition)
    lazy = attrs.evolve(env, lazy=True)
    then = elaborate_expression(context, narrow(lazy, condition, True), expression.then, expected)
    otherwise = elaborate_expression(context, narrow(lazy, condition, False), expression.otherwise, expected)
    return operate(context, "ite", (condition, then, otherwise), expression.span)


def _scalar(
    context: Context,
    expression: syntax.BoolLit
    | syntax.IntLit
    | syntax.DecimalLit
    | syntax.DurationLit
    | syntax.DateLit
    | syntax.TimeLit
    | syntax.TextLit
    | syntax.RegexLit
    | syntax.NoneLit
    | syntax.Via,
    expected: Type | None,
) -> core.Expr:
    span = expression.span
    match expression:
        case syntax.BoolLit(value=flag):
            return core.Literal(flag, BOOL, span=span)
        case syntax.IntLit(value=number):
            return core.Literal(number, INT, span=span)
        case syntax.DecimalLit(value=exact):
            return core.Literal(exact, DECIMAL, span=span)
        case syntax.TextLit(value=text):
            return core.Literal(text, TEXT, span=span)
        case syntax.NoneLit():
            type_ = expected if expected is not None and is_option(expected) else OptionType(ANY)
            return core.Literal(None, type_, span=span)
        case syntax.DurationLit() | syntax.DateLit() | syntax.TimeLit():
            return _moment(context, expression)
        case syntax.RegexLit():
            context.report("WF330", "a regular expression stands only after `matches`", span)
        case syntax.Via():
            context.report("WF333", "`via` stands only in a set of tags", span)
    return broken(span)


def _moment(context: Context, expression: syntax.DurationLit | syntax.DateLit | syntax.TimeLit) -> core.Expr:
    span = expression.span
    try:
        match expression:
            case syntax.DurationLit(seconds=seconds):
                micro = seconds * 1_000_000
                return core.Literal(timedelta(microseconds=int(micro)), DURATION, span=span)
            case syntax.DateLit(text=text):
                return core.Literal(date.fromisoformat(text), DATE, span=span)
            case syntax.TimeLit(text=text):
                return core.Literal(datetime.fromisoformat(text), TIME, span=span)
    except (ValueError, OverflowError):
        context.report("WF331", f"`{expression.text}` is no date, time or duration that exists", span)
        return broken(span)
