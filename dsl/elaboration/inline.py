"""Calls of workflows: the body of the callee is elaborated again in place, as a scope of its own."""

from __future__ import annotations

from collections.abc import Sequence

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.call import Arguments, match_arguments, result_variable
from wfcheck.dsl.elaboration.context import Context, Entity
from wfcheck.dsl.elaboration.expression import elaborate_type, resolve_tags
from wfcheck.dsl.elaboration.frame import MAX_STATEMENTS, Frame, joined, resolve_ref
from wfcheck.dsl.elaboration.surface_walk import assigned_often
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import ANY, OptionType, Type, base


def inline(
    frame: Frame, call: syntax.Apply, entity: Entity, target: syntax.Ident | None, keep: bool
) -> core.Variable | None:
    """A call of a workflow: its body stands here, with its names told apart."""
    declaration = entity.declaration
    if frame.full or not isinstance(declaration, syntax.WorkflowDecl) or _recursive(frame, call, entity):
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
    value = result_variable(frame, entity.name, identifier, type_, target, keep, call.span)
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
    from wfcheck.dsl.elaboration.statement import block

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
