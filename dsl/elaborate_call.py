"""Calls in workflow bodies: of tools, releases and workflows, as statements and inside expressions."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.consistency import consistent
from wfcheck.dsl.context import Context, Entity, Env
from wfcheck.dsl.elaborate_expression import elaborate_expression, elaborate_type
from wfcheck.dsl.elaborate_frame import MAX_STATEMENTS, Frame, joined, resolve_ref
from wfcheck.dsl.names import did_you_mean, dotted, listing
from wfcheck.dsl.source import Span
from wfcheck.dsl.surface_walk import assigned_often
from wfcheck.dsl.types import ANY, OptionType, Type, base, show

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
            return _workflow(frame, call, entity, target, keep)


def _result(
    frame: Frame, name: str, identifier: str, type_: Type, target: syntax.Ident | None, keep: bool, span: Span
) -> core.Variable | None:
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
    value = _result(frame, entity.name, identifier, tool.result, target, keep, call.span)
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
    value = _result(frame, entity.name, identifier, release.result, target, keep, call.span)
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
    for index, argument in enumerate(call.arguments):
        parameter = _parameter(context, parameters, argument, index, call, name)
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
    parameters: Sequence[core.Param],
    argument: syntax.Argument,
    index: int,
    call: syntax.Apply,
    name: str,
) -> core.Param | None:
    names = [p.name for p in parameters]
    if argument.name is not None:
        wanted = next((p for p in parameters if p.name == argument.name.text), None)
        if wanted is None:
            context.report(
                "WF407",
                f"`{name}` has no argument called `{argument.name.text}`",
                argument.name.span,
                notes=[f"its arguments are {listing(names)}"] if names else ["it takes no arguments"],
                help=did_you_mean(argument.name.text, names),
            )
        return wanted
    if any(before.name is not None for before in call.arguments[:index]):
        context.report(
            "WF410",
            "a positional argument follows a named one",
            argument.span,
            help="name this argument, or move it to the front",
        )
        return None
    if index < len(parameters):
        return parameters[index]
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


# ---------------------------------------------------------------- inlined workflows


def _workflow(
    frame: Frame, call: syntax.Apply, entity: Entity, target: syntax.Ident | None, keep: bool
) -> core.Variable | None:
    declaration = entity.declaration
    if not isinstance(declaration, syntax.WorkflowDecl) or _recursive(frame, call, entity):
        return None
    inner = _inner_frame(frame, entity, declaration)
    parameters = elaborate_parameters(frame.context, entity.module, declaration.parameters)
    arguments = match_arguments(frame.context, frame.env(), parameters, call, entity.name)
    identifier = frame.fresh()
    inner.ids = f"{identifier}/"
    bind_parameters(inner, parameters, declaration)
    requires = inner.contracts(declaration.requires, entity.name, "requires", {})
    body = _inlined_body(frame, inner, declaration, call)
    type_ = inner.result if inner.result is not None else joined(inner.returned) if inner.returned else ANY
    if not inner.returned and inner.result is None and (target is not None or keep):
        _returns_nothing(frame, call, entity)
    ensures = inner.contracts(declaration.ensures, entity.name, "ensures", result_name(type_, call.span))
    value = _result(frame, entity.name, identifier, type_, target, keep, call.span)
    frame.emit(
        core.Scope(
            identifier,
            target.text if target is not None else entity.name,
            value.name if value else None,
            entity.symbol,
            inner.principal,
            _bound(inner, parameters, arguments, call.span),
            tuple((inner.local(p.name), p.sources) for p in parameters),
            body,
            type_,
            requires=requires,
            ensures=ensures,
            span=call.span,
        )
    )
    return value


def _inner_frame(frame: Frame, entity: Entity, declaration: syntax.WorkflowDecl) -> Frame:
    count = frame.shared.inlined.get(entity.symbol, 0) + 1
    frame.shared.inlined[entity.symbol] = count
    inner = new_frame(frame.context, entity, declaration)
    inner.chain = (*frame.chain, entity.symbol)
    inner.shared = frame.shared
    inner.locals = f"{entity.name}." if count == 1 else f"{entity.name}~{count}."
    return inner


def _inlined_body(
    frame: Frame, inner: Frame, declaration: syntax.WorkflowDecl, call: syntax.Apply
) -> core.Block:
    from wfcheck.dsl.elaborate_statement import block

    symbol = inner.chain[-1]
    known = frame.context.workflow_sizes.get(symbol, 0)
    before = frame.shared.statements
    if frame.full or before + known > MAX_STATEMENTS or frame.too_deep:
        frame.room(known, call.span)
        return ()
    with frame.opened(call.span):
        body = block(inner, declaration.body)
    frame.context.workflow_sizes[symbol] = frame.shared.statements - before
    return body


def _bound(
    inner: Frame, parameters: Sequence[core.Param], arguments: Arguments, span: Span
) -> tuple[tuple[str, core.Expr], ...]:
    given = dict(arguments)
    absent = {p.name: core.Literal(None, p.type, span=span) for p in parameters}
    return tuple((inner.local(p.name), given.get(p.name, absent[p.name])) for p in parameters)


def _recursive(frame: Frame, call: syntax.Apply, entity: Entity) -> bool:
    if entity.symbol not in frame.chain:
        return False
    cycle = frame.chain[frame.chain.index(entity.symbol) :]
    if entity.symbol != min(cycle):
        return True  # the same cycle is reported once, from its first member
    path = [*cycle, entity.symbol]
    frame.context.report(
        "WF411",
        f"the workflow `{entity.name}` calls itself",
        call.function.span,
        labels=[(entity.span, "declared here")],
        notes=["the calls are " + " -> ".join(path)],
        help="use `repeat` for repetition: workflows are inlined",
    )
    return True


def _returns_nothing(frame: Frame, call: syntax.Apply, entity: Entity) -> None:
    frame.context.report(
        "WF412",
        f"the workflow `{entity.name}` returns nothing",
        call.span,
        labels=[(entity.span, "declared here")],
        help="call it without using its result, or let it `return` one",
    )


def new_frame(context: Context, entity: Entity, declaration: syntax.WorkflowDecl) -> Frame:
    """The frame of a workflow body, before its parameters are bound."""
    result = None
    if declaration.result is not None:
        result = elaborate_type(context, entity.module, declaration.result)
    principal = None
    if declaration.principal is not None:
        person = resolve_ref(
            context, entity.module, declaration.principal, frozenset({"principal"}), "a principal"
        )
        principal = None if person is None else person.symbol
    often = assigned_often(declaration)
    return Frame(context, entity.module, "", "", (entity.symbol,), principal, result, often)


def elaborate_parameters(
    context: Context, module: str, parameters: tuple[syntax.Parameter, ...]
) -> tuple[core.Param, ...]:
    """The parameters of a workflow; `from {..}` names the tags its argument may carry."""
    from wfcheck.dsl.elaborate_expression import resolve_tags

    found: dict[str, core.Param] = {}
    for parameter in parameters:
        name = parameter.name.text
        type_ = elaborate_type(context, module, parameter.type)
        sources = None
        if parameter.sources is not None:
            sources = resolve_tags(
                context, module, parameter.sources, sides=frozenset({"secrecy", "influence"})
            )
        optional = isinstance(base(type_), OptionType)
        if name in found:
            context.report(
                "WF402",
                f"the parameter `{name}` is declared twice",
                parameter.name.span,
                labels=[(found[name].span, "first declared here")],
                help="rename one of them",
            )
        found[name] = core.Param(name, type_, optional, sources, span=parameter.span)
    return tuple(found.values())


def bind_parameters(frame: Frame, parameters: Sequence[core.Param], declaration: syntax.WorkflowDecl) -> None:
    """Makes the parameters variables of the body."""
    places = {p.name.text: p.name for p in declaration.parameters}
    for parameter in parameters:
        frame.bind(places[parameter.name], parameter.type)


def result_name(type_: Type, span: Span) -> dict[str, core.Expr]:
    """What `result` stands for in an `ensures`."""
    return {"result": core.Variable("result", "result", type_, span=span)}
