"""Calls in expressions: built-in functions, definitions (inlined), `known`, `last`, and what a workflow hoists."""

from __future__ import annotations

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.consistency import is_any
from wfcheck.dsl.elaboration.context import CALLABLE, Context, Entity, Env, EventScope, article
from wfcheck.dsl.elaboration.expression_fit import broken, operate
from wfcheck.dsl.elaboration.expression_name import Elaborate
from wfcheck.dsl.elaboration.names import did_you_mean, dotted
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import ANY, BOOL, MapType, Type, base
from wfcheck.dsl.values.operators import FUNCTIONS, Operator
from wfcheck.dsl.walk import children

MAX_INLINED_DEPTH = 80
MAX_RESULT_DEPTH = 150
SPECIAL = frozenset({"known", "last", "zip"})


def elaborate_apply(
    context: Context, env: Env, call: syntax.Apply, expected: Type | None, go: Elaborate
) -> core.Expr:
    """`f(...)`: something declared comes first, then the built-in functions. (In rules, where nothing can be called, the
    function of that name is meant.)"""
    parts = dotted(call.function)
    if parts is None:
        context.report("WF320", "only a name can be called", call.function.span)
        return broken(call.span)
    entity = context.lookup(env.module, parts, CALLABLE)
    name = parts[0] if len(parts) == 1 else ""
    if entity is not None and entity.kind in CALLABLE and (name not in FUNCTIONS or _callable(env, entity)):
        return _declared(context, env, call, entity, expected, go)
    if name in SPECIAL:
        return _special(context, env, call, name, go)
    if name in FUNCTIONS:
        return _function(context, env, call, FUNCTIONS[name], go)
    if len(parts) == 1 and entity is None:
        _unknown(context, env, name, call.function.span)
    elif parts[0] in env.names:
        _method(context, call.function.span, parts[-1])
    else:
        context.resolve(env.module, call.function, CALLABLE, "a function")
    return broken(call.span)


def _callable(env: Env, entity: Entity) -> bool:
    return entity.kind == "define" or env.call is not None


def _unknown(context: Context, env: Env, name: str, span: Span) -> None:
    if context.hidden(env.module, name):
        return
    help_ = context.suggest(name, lambda: {*FUNCTIONS, *SPECIAL, *context.candidates(env.module, CALLABLE)})
    kinds = "function" if env.call is None else "tool, workflow, release or function"
    context.report("WF212", f"no {kinds} is called `{name}`", span, help=help_)


def _method(context: Context, span: Span, name: str) -> None:
    help_ = f"write `{name}(...)`" if name in FUNCTIONS else None
    context.report("WF320", "values have no methods", span, help=help_)


def _declared(
    context: Context, env: Env, call: syntax.Apply, entity: Entity, expected: Type | None, go: Elaborate
) -> core.Expr:
    if entity.kind == "define":
        return _inline(context, env, call, entity, expected, go)
    if env.call is not None:
        return env.call(env, call, entity)
    context.report(
        "WF321",
        f"{article(entity.kind)} cannot be called in {env.what}",
        call.span,
        labels=[(entity.span, "declared here")],
    )
    return broken(call.span)


# ---------------------------------------------------------------- built-in functions


def _function(context: Context, env: Env, call: syntax.Apply, function: Operator, go: Elaborate) -> core.Expr:
    named = next((argument.name for argument in call.arguments if argument.name is not None), None)
    if named is not None:
        context.report("WF322", f"the arguments of `{function.name}` have no names", named.span)
        return broken(call.span)
    count = len(call.arguments)
    if count < function.minimum or (function.maximum is not None and count > function.maximum):
        context.report("WF322", _arity(function, count), call.span)
        return broken(call.span)
    if function.heuristic and not env.rule:
        context.report(
            "WF323", f"`{function.name}` cannot be used in {env.what}", call.span, notes=_HEURISTIC
        )
        return broken(call.span)
    operands = tuple(go(context, env, argument.value, None) for argument in call.arguments)
    return operate(context, function.name, operands, call.span)


_HEURISTIC = ("it belongs to the heuristic text layer, which only rules may consult",)


def _arity(function: Operator, count: int) -> str:
    if function.maximum == function.minimum:
        wanted = f"{function.minimum}"
    else:
        wanted = (
            f"{function.minimum} or more"
            if function.maximum is None
            else f"{function.minimum} to {function.maximum}"
        )
    return f"`{function.name}` takes {wanted} argument{'' if wanted == '1' else 's'}, not {count}"


# ---------------------------------------------------------------- definitions


def _inline(
    context: Context, env: Env, call: syntax.Apply, entity: Entity, expected: Type | None, go: Elaborate
) -> core.Expr:
    define = entity.declaration
    assert isinstance(define, syntax.DefineDecl)
    if entity.symbol in env.inlining:
        context.report(
            "WF230",
            f"the definition `{entity.name}` uses itself",
            call.span,
            labels=[(entity.span, "declared here")],
            help="definitions are inlined and cannot be recursive",
        )
        return broken(call.span)
    if entity.symbol in context.exhausted or env.budget.left < 0:
        return broken(call.span)
    if env.budget.depth > MAX_INLINED_DEPTH:
        _exhaust(context, env, "WF340", "definitions use each other too deeply", call.span)
        return broken(call.span)
    bound = _bind(context, env, call, define, go)
    if bound is None or env.budget.left < 0:
        return broken(call.span)
    place = attrs.evolve(
        env, module=entity.module, names=bound, it=None, call=None, inlining=(*env.inlining, entity.symbol)
    )
    result = go(context, place, define.body, expected)
    return result if _afford(context, env, call, result) else broken(call.span)


def _bind(
    context: Context, env: Env, call: syntax.Apply, define: syntax.DefineDecl, go: Elaborate
) -> dict[str, core.Expr] | None:
    names = [parameter.text for parameter in define.parameters]
    bound: dict[str, core.Expr] = {}
    free = list(names)
    for argument in call.arguments:
        target = _target(context, argument, names, free, bound)
        if target is None:
            return None
        bound[target] = go(context, env, argument.value, None)
    missing = [name for name in names if name not in bound]
    if missing or len(bound) != len(call.arguments):
        shown = f"{len(names)} argument{'' if len(names) == 1 else 's'}"
        labels = [(define.span, "declared here")]
        context.report(
            "WF322",
            f"`{define.name.text}` takes {shown}, not {len(call.arguments)}",
            call.span,
            labels=labels,
        )
        return None
    return bound


def _target(
    context: Context,
    argument: syntax.Argument,
    names: list[str],
    free: list[str],
    bound: dict[str, core.Expr],
) -> str | None:
    if argument.name is None:
        if not free:
            context.report("WF322", f"there are only {len(names)} arguments to give", argument.span)
            return None
        return free.pop(0)
    name = argument.name.text
    if name not in names:
        context.report(
            "WF322", f"there is no argument `{name}`", argument.name.span, help=did_you_mean(name, names)
        )
        return None
    if name in bound or name not in free:
        context.report("WF322", f"the argument `{name}` is given twice", argument.name.span)
        return None
    free.remove(name)
    return name


def _afford(context: Context, env: Env, call: syntax.Apply, result: core.Expr) -> bool:
    if env.budget.left < 0:
        return False
    size, depth = _measure(result, env.budget.left + 1)
    env.budget.left -= size
    if env.budget.left < 0:
        _exhaust(
            context, env, "WF341", "the expression grows too large once its definitions are put in", call.span
        )
    elif depth > MAX_RESULT_DEPTH:
        _exhaust(
            context, env, "WF340", "the expression grows too deep once its definitions are put in", call.span
        )
        return False
    return env.budget.left >= 0


def _exhaust(context: Context, env: Env, code: str, message: str, span: Span) -> None:
    """Reports an expression that is too large or too deep, once for all definitions that led there."""
    context.report(code, message, span, help="let each definition use its arguments, and others, less often")
    context.exhausted.update(env.inlining)


def _measure(expression: core.Expr, limit: int) -> tuple[int, int]:
    """The number of nodes, counted no further than the limit, and of levels."""
    count, depth, level = 0, 0, [expression]
    while level and count < limit:
        count += len(level)
        depth += 1
        level = [child for part in level for child in children(part)]
    return min(count, limit), depth


# ---------------------------------------------------------------- known, last, any earlier


def _special(context: Context, env: Env, call: syntax.Apply, name: str, go: Elaborate) -> core.Expr:
    if name == "zip":
        context.report("WF324", "`zip` stands only after `in` of `any` and `all`", call.span)
        return broken(call.span)
    if len(call.arguments) != 1 or call.arguments[0].name is not None:
        context.report("WF322", f"`{name}` takes 1 argument, not {len(call.arguments)}", call.span)
        return broken(call.span)
    if not env.rule:
        context.report("WF323", f"`{name}` cannot be used in {env.what}", call.span)
        return broken(call.span)
    subject = call.arguments[0].value
    return (
        _known(context, env, subject, call.span, go)
        if name == "known"
        else _last(context, env, subject, call.span)
    )


def _known(context: Context, env: Env, subject: syntax.Expr, span: Span, go: Elaborate) -> core.Expr:
    indexed = isinstance(subject, syntax.Subscript) and subject.index is not None
    holder = subject.base if isinstance(subject, syntax.Subscript) and indexed else subject
    entity = context.resolve(env.module, holder, frozenset({"track"}), "a register")
    if entity is None:
        return broken(span)
    if not isinstance(subject, syntax.Subscript) or subject.index is None:
        return core.Known(entity.symbol, None, BOOL, span=span)
    bare = base(context.register_types.get(entity.symbol, ANY))
    if not isinstance(bare, MapType) and not is_any(bare):
        context.report("WF309", f"the register `{entity.name}` is no map", subject.span)
        return broken(span)
    key = go(context, env, subject.index, bare.key if isinstance(bare, MapType) else None)
    return core.Known(entity.symbol, key, BOOL, span=span)


def _last(context: Context, env: Env, subject: syntax.Expr, span: Span) -> core.Expr:
    scope = _event(context, env, as_event(subject))
    return broken(span) if scope is None else core.LastEvent(scope.pattern, scope.record, span=span)


def _event(context: Context, env: Env, event: syntax.Event) -> EventScope | None:
    return None if context.events is None else context.events(context, env, event)


def as_event(subject: syntax.Expr) -> syntax.Event:
    """The event that an expression spells: `input`, `org.pay`, `input(user)`, `{say, ask}`."""
    if isinstance(subject, syntax.SetLit):
        return syntax.EventChoice(tuple(as_event(item) for item in subject.items), None, span=subject.span)
    if not isinstance(subject, syntax.Apply):
        return syntax.EventCall(subject, None, None, None, span=subject.span)
    arguments = tuple(
        syntax.EventArgument(a.name, syntax.LiteralPattern(a.value, span=a.value.span), span=a.span)
        for a in subject.arguments
    )
    return syntax.EventCall(subject.function, arguments, None, None, span=subject.span)
