"""Quantifiers over lists, and over earlier events."""

from __future__ import annotations

from typing import Literal as OneOf
from typing import get_args

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.consistency import ORDERED, is_any, is_option, item_of, scalar
from wfcheck.dsl.elaboration.context import Context, Env
from wfcheck.dsl.elaboration.expression_fit import absent, adapt, as_condition, broken
from wfcheck.dsl.elaboration.expression_name import Elaborate
from wfcheck.dsl.elaboration.names import dotted
from wfcheck.dsl.types import ANY, BOOL, INT, RecordType, Type, base, show
from wfcheck.dsl.walk import subexpressions

Kind = OneOf["any", "all", "count", "sum", "min", "max"]


def elaborate_quantifier(
    context: Context, env: Env, expression: syntax.Quantifier, expected: Type | None, go: Elaborate
) -> core.Expr:
    """`any x in xs: c`, `all a, b in zip(xs, ys): c`, `count`, `sum`, `min`, `max`."""
    kind = next((word for word in get_args(Kind) if word == expression.kind), None)
    sources = _sources(context, expression)
    if kind is None or sources is None:
        return broken(expression.span)
    walked = tuple(go(context, env, source, None) for source in sources)
    names = {
        name.text: core.Variable(_binder(env, name.text), "bound", item_type(context, source), span=name.span)
        for name, source in zip(expression.names, walked, strict=True)
    }
    inside = attrs.evolve(env, lazy=True).bind(names)
    body, type_ = _body(context, inside, kind, expression.body, expected, go)
    binders = tuple(names[name.text].name for name in expression.names)
    return core.Quantified(kind, binders, walked, body, type_, span=expression.span)


def _binder(env: Env, name: str) -> str:
    """Inside a definition a binder gets a name of its own, which no one can write: the arguments may hold variables of
    the same name."""
    if not env.inlining:
        return name
    env.budget.fresh += 1
    return f"{name}`{env.budget.fresh}"


def _sources(context: Context, expression: syntax.Quantifier) -> tuple[syntax.Expr, ...] | None:
    seen: set[str] = set()
    for name in expression.names:
        if name.text in seen:
            context.report("WF325", f"`{name.text}` is bound twice", name.span)
            return None
        seen.add(name.text)
    source = expression.source
    if not isinstance(source, syntax.Apply) or dotted(source.function) != ("zip",):
        if len(expression.names) == 1:
            return (source,)
        context.report(
            "WF324", "several names walk several lists", source.span, help="write `a, b in zip(xs, ys)`"
        )
        return None
    if len(source.arguments) != len(expression.names) or any(a.name for a in source.arguments):
        count = len(expression.names)
        context.report("WF324", f"`zip` takes one list for each of the {count} names", source.span)
        return None
    return tuple(argument.value for argument in source.arguments)


def item_type(context: Context, source: core.Expr) -> Type:
    """The type of the elements of what is walked; reported when it is no list, set or map."""
    found = item_of(source.type)
    if found is not None:
        return found
    if is_option(source.type):
        absent(context, source)
    else:
        context.report("WF326", f"a list is wanted here, and this is `{show(source.type)}`", source.span)
    return ANY


def _body(
    context: Context, env: Env, kind: Kind, body: syntax.Expr, expected: Type | None, go: Elaborate
) -> tuple[core.Expr, Type]:
    if kind in {"any", "all", "count"}:
        condition = as_condition(context, go(context, env, body, None))
        return condition, INT if kind == "count" else BOOL
    value = go(context, env, body, None)
    if expected is not None:
        value = adapt(context, value, expected)
    wanted = {"int", "decimal", "duration"} if kind == "sum" else ORDERED
    if scalar(value.type) not in wanted and not is_any(value.type):
        if is_option(value.type):
            absent(context, value)
        else:
            context.report("WF302", f"`{kind}` wants numbers, not `{show(value.type)}`", value.span)
        return value, ANY
    return value, base(value.type)


def elaborate_earlier(context: Context, env: Env, expression: syntax.Earlier, go: Elaborate) -> core.Expr:
    """`any earlier EVENT: body`; the body names what that event carried."""
    if not env.rule or env.earlier:
        place = "another `any earlier`" if env.earlier else env.what
        context.report("WF323", f"`any earlier` cannot be used in {place}", expression.span)
        return broken(expression.span)
    scope = None if context.events is None else context.events(context, env, expression.event)
    if scope is None:
        return broken(expression.span)
    record = base(scope.record)
    fields = record.fields if isinstance(record, RecordType) else ()
    captured = _bound_in(env) & {name for name, _ in fields}
    if env.inlining and captured:
        context.report(
            "WF325",
            f"`{min(captured)}` is both bound outside of this definition and a part of the earlier event",
            expression.span,
            help="give the outer one another name",
        )
    names = {name: core.Variable(name, "bound", type_, span=expression.event.span) for name, type_ in fields}
    inside = attrs.evolve(env, lazy=True, earlier=True).bind(names)
    body = as_condition(context, go(context, inside, expression.body, None))
    return core.EarlierEvent(scope.pattern, body, BOOL, span=expression.span)


def _bound_in(env: Env) -> set[str]:
    """The bound variables that the names of the place stand for."""
    inside = (part for value in env.names.values() for part in subexpressions(value))
    kinds = {"bound", "binder", "local", "it"}
    return {p.name for p in inside if isinstance(p, core.Variable) and p.kind in kinds}
