"""Statements with an oracle: llm, agent, approve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.call import match_arguments
from wfcheck.dsl.elaboration.context import Entity
from wfcheck.dsl.elaboration.expression import constant, elaborate_condition, elaborate_expression
from wfcheck.dsl.elaboration.frame import Frame
from wfcheck.dsl.elaboration.inline import result_name
from wfcheck.dsl.elaboration.names import dotted, listing
from wfcheck.dsl.elaboration.statement_act import answer_type, bound
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import DURATION, TEXT

ACTS: frozenset[str] = frozenset({"say", "ask", "send"})
STORING = frozenset({"remember", "recall"})


def llm(frame: Frame, source: syntax.LlmStatement) -> None:
    """`[x =] llm name(ctx, ...) [-> T] [ensures ...]`; the answer is text unless a type is given."""
    context = tuple(frame.expression(item.value) for item in source.context)
    type_ = answer_type(frame, source.type, TEXT)
    step = frame.step(source.name)
    ensures = frame.contracts(source.ensures, step, "ensures", result_name(type_, source.span))
    identifier = frame.fresh()
    target = bound(frame, source.target, type_)
    frame.emit(core.Llm(identifier, step, target, context, type_, ensures, span=source.span))


def agent(frame: Frame, source: syntax.AgentStatement) -> None:
    """`[x =] agent name(ctx, ...) [as p] may { ... } [hides { ... }] max n steps [-> T] [ensures ...]`."""
    context = tuple(frame.expression(item.value) for item in source.context)
    principal = frame.person(source.principal)
    may = _may(frame, source.may)
    hides = _hides(frame, source.hides, may)
    maximum = frame.count(source.steps, "the number of steps of an agent")
    type_ = answer_type(frame, source.type, TEXT)
    step = frame.step(source.name)
    ensures = frame.contracts(source.ensures, step, "ensures", result_name(type_, source.span))
    identifier = frame.fresh()
    target = bound(frame, source.target, type_)
    frame.emit(
        core.Agent(
            identifier,
            step,
            target,
            context,
            principal,
            may,
            hides,
            maximum,
            type_,
            ensures,
            span=source.span,
        )
    )


# ---------------------------------------------------------------- may and hides


def _may(frame: Frame, items: Sequence[syntax.MayItem]) -> tuple[core.May, ...]:
    found: dict[str, core.May] = {}
    for item in items:
        for may in _item(frame, item):
            name = may.tool or may.act
            if name in found:
                frame.context.report(
                    "WF421",
                    f"`{name}` stands twice in `may`",
                    item.span,
                    labels=[(found[name].span, "first named here")],
                    help="join the two conditions with `or`",
                )
            found.setdefault(name, may)
    return tuple(found.values())


def _item(frame: Frame, item: syntax.MayItem) -> tuple[core.May, ...]:
    plain = item.name.text if isinstance(item.name, syntax.Name) else ""
    if (plain in ACTS or plain in STORING) and not _is_tool(frame, plain):
        return _act(frame, item, plain)
    entity = frame.context.resolve(frame.module, item.name, frozenset({"tool", "group"}), "a tool")
    if entity is None:
        return ()
    tools = tools_of(frame, entity, item.span)
    condition = None if item.condition is None else _condition(frame, item.condition, tools)
    return tuple(core.May("tool", tool.symbol, condition, span=item.span) for tool in tools)


def _is_tool(frame: Frame, name: str) -> bool:
    """A declared tool (it may be called `send`) wins over the act of that name."""
    found = frame.context.lookup(frame.module, (name,), frozenset({"tool"}))
    return found is not None and found.kind == "tool"


def _act(frame: Frame, item: syntax.MayItem, act: str) -> tuple[core.May, ...]:
    if act in STORING:
        frame.context.report(
            "WF422",
            f"`{act}` in `may` does not say which store",
            item.span,
            help="declare a tool that `reads` or `writes` the store, and name the tool",
        )
        return ()
    condition = None
    if item.condition is not None:
        said: dict[str, core.Expr] = {"text": core.Variable("text", "argument", TEXT, span=item.span)}
        env = frame.pure("a condition of `may`", said)
        condition = elaborate_condition(frame.context, env, item.condition)
    match act:
        case "say":
            return (core.May("say", None, condition, span=item.span),)
        case "ask":
            return (core.May("ask", None, condition, span=item.span),)
        case _:
            return (core.May("send", None, condition, span=item.span),)


def tools_of(frame: Frame, entity: Entity, span: Span) -> tuple[core.Tool, ...]:
    """The tool, or the tools of a group, in the order of their names."""
    if entity.kind == "tool":
        known = frame.context.tools.get(entity.symbol)
        return () if known is None else (known,)
    group = frame.context.groups.get(entity.symbol)
    if group is None:
        return ()
    if group.kind not in ("tool", "empty"):
        frame.context.report(
            "WF424",
            f"the group `{entity.name}` holds {group.kind}s, where tools are wanted",
            span,
            labels=[(entity.span, "declared here")],
            help="name a group of tools",
        )
        return ()
    return tuple(frame.context.tools[m] for m in sorted(group.members) if m in frame.context.tools)


def _condition(frame: Frame, condition: syntax.Expr, tools: Sequence[core.Tool]) -> core.Expr:
    return elaborate_condition(
        frame.context, frame.pure("a condition of `may`", shared_arguments(tools, condition.span)), condition
    )


def shared_arguments(tools: Sequence[core.Tool], span: Span) -> dict[str, core.Expr]:
    """The arguments that all the tools have, with one type."""
    if not tools:
        return {}
    first, *others = tools
    names: dict[str, core.Expr] = {}
    for parameter in first.parameters:
        same = (other.parameter(parameter.name) for other in others)
        if all(p is not None and p.type == parameter.type for p in same):
            names[parameter.name] = core.Variable(parameter.name, "argument", parameter.type, span=span)
    return names


def _hides(frame: Frame, items: Sequence[syntax.Expr], may: Sequence[core.May]) -> frozenset[str]:
    allowed = {m.tool for m in may if m.tool is not None}
    found: set[str] = set()
    for item in items:
        entity = frame.context.resolve(frame.module, item, frozenset({"tool", "group"}), "a tool")
        for tool in () if entity is None else tools_of(frame, entity, item.span):
            if tool.symbol not in allowed:
                frame.context.report(
                    "WF420",
                    f"`{tool.symbol}` is hidden, but the agent may not call it",
                    item.span,
                    notes=[f"it may call {listing(sorted(allowed))}"] if allowed else [],
                    help=f"add `{tool.symbol}` to `may`, or leave it out here",
                )
            found.add(tool.symbol)
    return frozenset(found & allowed)


# ---------------------------------------------------------------- approve


def approve(
    frame: Frame, source: syntax.ApproveStatement, block: Callable[[Frame, syntax.Block], core.Block]
) -> None:
    """`approve [CALL] by p [shows e, ...] [within ...] [else { }]`."""
    tool, arguments = _approved(frame, source.call)
    principal = frame.person(source.principal)
    shows = tuple(frame.expression(item) for item in source.shows)
    steps, time = within(frame, source.within)
    identifier = frame.fresh()
    otherwise = None if source.otherwise is None else block(frame, source.otherwise)
    if principal is not None:
        frame.emit(
            core.Approve(
                identifier, tool, arguments, principal, shows, steps, time, otherwise, span=source.span
            )
        )


def _approved(
    frame: Frame, call: syntax.Apply | None
) -> tuple[str | None, tuple[tuple[str, core.Expr], ...]]:
    if call is None:
        return None, ()
    parts = dotted(call.function)
    if parts is None:
        return None, ()
    entity = frame.context.resolve(frame.module, call.function, frozenset({"tool"}), "a tool")
    tool = None if entity is None else frame.context.tools.get(entity.symbol)
    if tool is None or entity is None:
        return None, ()
    return tool.symbol, match_arguments(frame.context, frame.env(), tool.parameters, call, entity.name)


def within(frame: Frame, source: syntax.Within | None) -> tuple[int | None, timedelta | None]:
    """A number of steps, or a time."""
    if source is None:
        return None, None
    if source.steps is not None:
        return frame.count(source.steps, "the number of steps"), None
    assert source.duration is not None
    env = frame.pure("a duration")
    known = constant(elaborate_expression(frame.context, env, source.duration, DURATION))
    if known is not None and isinstance(known.value, timedelta) and known.value > timedelta():
        return None, known.value
    frame.context.report(
        "WF425", "`within` takes a number of steps or a duration", source.span, help="write `within 24h`"
    )
    return None, None
