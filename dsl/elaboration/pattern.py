"""Patterns on the arguments and results of events: what they test, and which names they bind."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.consistency import present
from wfcheck.dsl.elaboration.context import Context, Env
from wfcheck.dsl.elaboration.expression import constant, elaborate_condition, elaborate_expression
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import SetType, Type, members, show
from wfcheck.dsl.walk import subexpressions

IT = "it"


@attrs.frozen
class Place:
    """Where patterns stand: `names` are the binders of the rule and what `for each` binds; `outer` those of them that have
    a value already, so that a pattern compares with it instead of binding."""

    context: Context
    module: str
    names: Mapping[str, core.Expr]
    outer: frozenset[str] = frozenset()


def elaborate_pattern(place: Place, pattern: syntax.Pattern, type_: Type) -> tuple[core.ArgumentTest, ...]:
    """The tests that a pattern stands for, all of which must hold; none for `_` and for what was reported."""
    pattern = normal(pattern)
    match pattern:
        case syntax.AnyPattern():
            return ()
        case syntax.SamePattern():
            return (core.Same(),)
        case syntax.ArgsPattern():
            return (core.SameCall(),)
        case syntax.BinderPattern(name=name):
            _no_member(place, name, type_)
            if name.text in place.outer:
                return (core.Compare("==", attrs.evolve(place.names[name.text], span=name.span)),)
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


def normal(pattern: syntax.Pattern) -> syntax.Pattern:
    """A pattern that was read as an expression (`last(t(x: _))`): `_`, `same`, `args` and upper-case names keep their meaning."""
    if not isinstance(pattern, syntax.LiteralPattern) or not isinstance(pattern.value, syntax.Name):
        return pattern
    name = pattern.value
    match name.text:
        case "_":
            return syntax.AnyPattern(span=name.span)
        case "same":
            return syntax.SamePattern(span=name.span)
        case "args":
            return syntax.ArgsPattern(span=name.span)
        case text if text[:1].isupper():
            return syntax.BinderPattern(syntax.Ident(text, span=name.span), span=name.span)
        case _:
            return pattern


def _no_member(place: Place, name: syntax.Ident, type_: Type) -> None:
    """An upper-case member of an enum would silently match everything."""
    if name.text in (members(present(type_)) or ()):
        place.context.report(
            "WF507",
            f"`{name.text}` binds here, and is also a member of {show(present(type_))}",
            name.span,
            help=f'write `"{name.text}"` for the member, or use another binder',
        )


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
