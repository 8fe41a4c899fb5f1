"""Patterns on the arguments and results of events: what they test, and which names they bind."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.consistency import present
from wfcheck.dsl.context import Context, Env
from wfcheck.dsl.elaborate_expression import constant, elaborate_condition, elaborate_expression
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import SetType, Type
from wfcheck.dsl.walk import subexpressions

IT = "it"


@attrs.frozen
class Place:
    """Where patterns stand: `names` are the binders of the rule and what `for each` binds."""

    context: Context
    module: str
    names: Mapping[str, core.Expr]


def elaborate_pattern(place: Place, pattern: syntax.Pattern, type_: Type) -> tuple[core.ArgumentTest, ...]:
    """The tests that a pattern stands for, all of which must hold; none for `_` and for what was reported."""
    match pattern:
        case syntax.AnyPattern():
            return ()
        case syntax.SamePattern():
            return (core.Same(),)
        case syntax.ArgsPattern():
            return (core.SameCall(),)
        case syntax.BinderPattern(name=name):
            return (core.Bind(name.text),)
        case syntax.LiteralPattern(value=syntax.SetLit()):
            place.context.report(
                "WF511",
                "an argument is no set",
                pattern.span,
                help="write `in {...}` where one of several values is meant",
            )
            return ()
        case syntax.LiteralPattern(value=value):
            written = elaborate_expression(place.context, env(place), value, present(type_))
            return () if _wrong(place, written, value.span) else (core.Compare("==", folded(written)),)
        case syntax.ComparePattern():
            return _compare(place, pattern, type_)


def env(place: Place) -> Env:
    """What a pattern may name: constants, binders, and what `for each` binds."""
    return Env(place.module, names=place.names, rule=True, what="a pattern")


def _compare(place: Place, pattern: syntax.ComparePattern, type_: Type) -> tuple[core.ArgumentTest, ...]:
    """`> 1000` is checked as the condition `it > 1000` over the argument."""
    operator = "in" if pattern.operator == "not in" else pattern.operator
    subject = syntax.Name(IT, span=pattern.span)
    written = syntax.Binary(operator, subject, pattern.value, span=pattern.span)
    around = attrs.evolve(env(place), it=present(type_))
    test = elaborate_condition(place.context, around, written)
    match test:
        case core.Apply(op=op, args=(core.Variable(kind="it"), value)):
            if _wrong(place, value, pattern.value.span):
                return ()
            return (
                (core.Compare(op, folded(value)),) if operator == pattern.operator else _none_of(place, value)
            )
        case _:
            return ()


def _none_of(place: Place, value: core.Expr) -> tuple[core.ArgumentTest, ...]:
    """`not in {a, b}`: equal to none of them."""
    match value:
        case core.MakeList(items=items):
            return tuple(core.Compare("!=", item) for item in items)
        case core.Literal(value=tuple() as values, type=type_):
            item = type_.item if isinstance(type_, SetType) else type_
            return tuple(core.Compare("!=", core.Literal(v, item, span=value.span)) for v in values)
        case _:
            place.context.report(
                "WF511", "`not in` takes a constant set here", value.span, help="write `not in {a, b}`"
            )
            return ()


def folded(expression: core.Expr) -> core.Expr:
    """A constant expression as its value."""
    known = constant(expression)
    if known is None:
        return expression
    return core.Literal(known.value, expression.type, span=expression.span)


def _wrong(place: Place, value: core.Expr, span: Span) -> bool:
    """Reports what depends on more than constants and binders."""
    kinds = {v.kind for v in subexpressions(value) if isinstance(v, core.Variable)}
    historic = core.Known | core.LastEvent | core.EarlierEvent
    if kinds <= {"binder", "bound"} and not any(isinstance(v, historic) for v in subexpressions(value)):
        return False
    place.context.report(
        "WF511",
        "a pattern takes constants and binders only",
        span,
        help="bind the argument to an upper-case name, and compare it after `when`",
    )
    return True
