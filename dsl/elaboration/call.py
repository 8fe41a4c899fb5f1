"""Calls in workflow bodies: of tools, releases and workflows, as statements and inside expressions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.consistency import consistent
from wfcheck.dsl.elaboration.context import Context, Entity, Env
from wfcheck.dsl.elaboration.expression import elaborate_expression
from wfcheck.dsl.elaboration.frame import Frame
from wfcheck.dsl.elaboration.names import did_you_mean, dotted, listing
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import ANY, Type, show

STEPS = frozenset({"tool", "release", "workflow"})

Arguments = tuple[tuple[str, core.Expr], ...]


def callee(frame: Frame, call: syntax.Apply) -> Entity | None:
    """The tool, release or workflow that is called; None when it is something else (a definition, a function)."""
    parts = dotted(call.function)
    if parts is None:
        return None
    found = frame.context.lookup(frame.module, parts, STEPS)
    return found if found is not None and found.kind in STEPS else None


@attrs.frozen
class Hoist:
    """Turns a call inside an expression into a step before it (see `context.CallElaborator`)."""

    frame: Frame

    def __call__(self, env: Env, call: syntax.Apply, callee: Entity) -> core.Expr:
        frame = self.frame
        if env.lazy:
            frame.context.report(
                "WF409",
                f"the call of `{callee.name}` stands where it may not be evaluated",
                call.span,
                notes=[
                    "the right side of `and`, `or` and `implies`, the arms of `if` and the body of a quantifier are lazy"
                ],
                help=f"write `x = {callee.name}(...)` before, inside an `if` where it is conditional",
            )
        return step_call(frame, call, callee, None) or core.Variable("none", "local", ANY, span=call.span)


def step_call(
    frame: Frame, call: syntax.Apply, entity: Entity, target: syntax.Ident | None, *, keep: bool = True
) -> core.Variable | None:
    """Emits the step. Its result goes to the target or, if `keep`, to a temporary; the variable is returned."""
    match entity.kind:
        case "tool":
            return _tool(frame, call, entity, target, keep)
        case "release":
            return _release(frame, call, entity, target, keep)
        case _:
            from wfcheck.dsl.elaboration.inline import inline

            return inline(frame, call, entity, target, keep)


def result_variable(
    frame: Frame, name: str, identifier: str, type_: Type, target: syntax.Ident | None, keep: bool, span: Span
) -> core.Variable | None:
    """The variable that holds the result of a step: the target, or a temporary if one is to be kept."""
    if target is not None:
        check_type(frame, type_, frame.expected(target), target, span)
        return core.Variable(frame.bind(target, type_), "local", type_, span=target.span)
    return frame.temporary(name, identifier, type_, span) if keep else None


def check_type(frame: Frame, actual: Type, wanted: Type | None, target: syntax.Ident, span: Span) -> None:
    """Reports an assignment of another type than the variable has."""
    if wanted is None or consistent(actual, wanted):
        return
    frame.context.report(
        "WF403",
        f"`{target.text}` is {show(wanted)} and cannot be assigned {show(actual)}",
        span,
        labels=[(frame.places.get(target.text), "first assigned here")],
        help="use another variable",
    )


def _tool(
    frame: Frame, call: syntax.Apply, entity: Entity, target: syntax.Ident | None, keep: bool
) -> core.Variable | None:
    tool = frame.context.tools.get(entity.symbol)
    if tool is None:
        return None
    arguments = match_arguments(frame.context, frame.env(), tool.parameters, call, entity.name)
    identifier = frame.fresh()
    value = result_variable(frame, entity.name, identifier, tool.result, target, keep, call.span)
    step = target.text if target is not None else entity.name
    frame.emit(
        core.Call(identifier, step, value.name if value else None, tool.symbol, arguments, span=call.span)
    )
    return value


def _release(
    frame: Frame, call: syntax.Apply, entity: Entity, target: syntax.Ident | None, keep: bool
) -> core.Variable | None:
    release = frame.context.releases.get(entity.symbol)
    if release is None:
        return None
    arguments = match_arguments(frame.context, frame.env(), release.parameters, call, entity.name)
    identifier = frame.fresh()
    value = result_variable(frame, entity.name, identifier, release.result, target, keep, call.span)
    step = target.text if target is not None else entity.name
    name = value.name if value else None
    frame.emit(core.ReleaseCall(identifier, step, name, release.symbol, arguments, span=call.span))
    return value


def match_arguments(
    context: Context, env: Env, parameters: Sequence[core.Param], call: syntax.Apply, name: str
) -> Arguments:
    """The arguments by parameter name, in declaration order; evaluated (and hoisted from) in source order."""
    found: dict[str, core.Expr] = {}
    places: dict[str, Span] = {}
    known = {parameter.name: parameter for parameter in parameters}
    named = next(
        (i for i, argument in enumerate(call.arguments) if argument.name is not None), len(call.arguments)
    )
    for index, argument in enumerate(call.arguments):
        parameter = _parameter(context, known, argument, index, index > named, name)
        value = elaborate_expression(context, env, argument.value, parameter.type if parameter else None)
        if parameter is None:
            continue
        if parameter.name in found:
            context.report(
                "WF408",
                f"`{parameter.name}` of `{name}` is given twice",
                argument.span,
                labels=[(places[parameter.name], "first given here")],
                help="leave one of them out",
            )
        found[parameter.name] = value
        places[parameter.name] = argument.span
    _missing(context, parameters, found, call, name)
    return tuple((p.name, found[p.name]) for p in parameters if p.name in found)


def _parameter(
    context: Context,
    parameters: Mapping[str, core.Param],
    argument: syntax.Argument,
    index: int,
    late: bool,
    name: str,
) -> core.Param | None:
    """`late`: a named argument comes before."""
    if argument.name is not None:
        wanted = parameters.get(argument.name.text)
        if wanted is None:
            names = list(parameters)
            context.report(
                "WF407",
                f"`{name}` has no argument called `{argument.name.text}`",
                argument.name.span,
                notes=[f"its arguments are {listing(names)}"] if names else ["it takes no arguments"],
                help=did_you_mean(argument.name.text, names),
            )
        return wanted
    if late:
        context.report(
            "WF410",
            "a positional argument follows a named one",
            argument.span,
            help="name this argument, or move it to the front",
        )
        return None
    if index < len(parameters):
        return next(islice(parameters.values(), index, None))
    context.report(
        "WF407",
        f"`{name}` takes {len(parameters)} argument{'s' * (len(parameters) != 1)}, this is number {index + 1}",
        argument.span,
        help="leave it out",
    )
    return None


def _missing(
    context: Context,
    parameters: Sequence[core.Param],
    found: dict[str, core.Expr],
    call: syntax.Apply,
    name: str,
) -> None:
    missing = [p.name for p in parameters if p.name not in found and not p.optional]
    if missing and len(call.arguments) < len(parameters) + len(missing):
        context.report(
            "WF406",
            f"the call of `{name}` lacks {listing(missing)}",
            call.span,
            help=f"add {listing(f'{m}: ...' for m in missing)}",
        )
