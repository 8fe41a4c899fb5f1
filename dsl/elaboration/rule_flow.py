"""Rules about where values come from and go to: flow ends, `from only`, `decision of`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.context import Entity
from wfcheck.dsl.elaboration.event_builtin import BUILTIN
from wfcheck.dsl.elaboration.event_subject import record_of
from wfcheck.dsl.elaboration.expression import elaborate_condition, resolve_tags
from wfcheck.dsl.elaboration.field_path import Path, path_of
from wfcheck.dsl.elaboration.names import did_you_mean
from wfcheck.dsl.elaboration.rule_body import RuleFrame
from wfcheck.dsl.elaboration.rule_path import field_end, named_place
from wfcheck.dsl.source import Span

INFLUENCE = frozenset({"influence"})
BOTH = frozenset({"secrecy", "influence"})
ENTITIES = frozenset({"tag", "group", "principal", "tool", "store", "channel", "table"})

BRING_NOTHING = frozenset({"say", "emit", "reset", "end"})
TAKE_NOTHING = frozenset({"input", "reset", "end"})

Ends = tuple[core.FlowEnd, ...]


def flow_rule(frame: RuleFrame, rule: syntax.FlowRule) -> core.Flow | None:
    """`forbid flow SRC -> DST [when influence meets SET] [except via D, ...] [explicit]`."""
    before = len(frame.context.diagnostics)
    sources = ends(frame, rule.source, source=True)
    if any(isinstance(end, core.LiteralEnd) for end in sources):
        frame.context.report(
            "WF531",
            "nothing flows from a table",
            rule.source.span,
            help="a table is part of this text: name a tag, a tool or a field of its result",
        )
    sinks = ends(frame, rule.target, source=False)
    influence = None if rule.influence is None else frame.subjects().tags(rule.influence, INFLUENCE)
    via = frozenset(name for item in rule.via for name in _release(frame, item))
    known = len(frame.context.diagnostics) == before
    return core.Flow(sources, sinks, influence, via, rule.explicit) if known or (sources and sinks) else None


def _release(frame: RuleFrame, name: syntax.Ident) -> frozenset[str]:
    if name.text == "approve":
        return frozenset({"approve"})
    entity = frame.subjects().entity(name, frozenset({"release", "group"}), "a release")
    if entity is None:
        return frozenset()
    return _releases(frame, entity, name.span) if entity.kind == "group" else frozenset({entity.symbol})


def _releases(frame: RuleFrame, entity: Entity, span: Span) -> frozenset[str]:
    """The releases of a group. One without members excepts nothing, and the rule applies all the same."""
    group = frame.context.groups.get(entity.symbol)
    return (
        frozenset()
        if group is None or not group.members
        else frame.subjects().members(entity, "release", span)
    )


def ends(frame: RuleFrame, end: syntax.FlowEnd, *, source: bool) -> Ends:
    """One side of a flow rule."""
    value = end.value
    match value:
        case syntax.EventCall(name=syntax.Name(text="tool"), arguments=(syntax.EventArgument() as only,)):
            return _tool_tag(frame, only, end.span, source)
        case syntax.EventCall() | syntax.EventChoice():
            return _event(frame, value, source=source)
        case syntax.SetLit(items=items):
            return tuple(e for item in items for e in _end(frame, item, source=source))
        case _:
            return _end(frame, value, source=source)


def _event(frame: RuleFrame, value: syntax.Event, *, source: bool) -> Ends:
    """An event that brings something, or takes something in."""
    frame.collect(value)
    pattern = frame.event(value).pattern
    kinds = {choice.kind for choice in pattern.choices}
    for kind in sorted(kinds & (BRING_NOTHING if source else TAKE_NOTHING)):
        frame.context.report(
            "WF531",
            f"nothing comes from `{kind}` events" if source else f"nothing flows into `{kind}` events",
            value.span,
            help="name a tag, a tool, a store, a step, `input` or `release`"
            if source
            else "name a channel, a tool or its argument, a store, a principal or a step",
        )
        return ()
    return (core.CallEnd(pattern),)


def _tool_tag(frame: RuleFrame, argument: syntax.EventArgument, span: Span, source: bool) -> Ends:
    """`tool(t)`: the tag of what a tool brought."""
    if isinstance(argument.pattern, syntax.LiteralPattern) and source:
        tools = frame.subjects().some(argument.pattern.value, "tool", "a tool")
        return (core.TagEnd(frozenset(f"tool({t})" for t in tools)),) if tools else ()
    return _no_sink(frame, span, "a tag") if not source else ()


def _end(frame: RuleFrame, value: syntax.Expr | syntax.Event, *, source: bool) -> Ends:
    match value:
        case syntax.EventCall() | syntax.EventChoice():
            return ends(frame, syntax.FlowEnd(value, span=value.span), source=source)
        case syntax.Via():
            tags = resolve_tags(frame.context, frame.module, (value,), sides=BOTH)
            return (core.TagEnd(tags),) if source else _no_sink(frame, value.span, "a residue")
        case syntax.SetLit(items=items):
            return tuple(e for item in items for e in _end(frame, item, source=source))
        case syntax.Apply(function=syntax.Name(text="tool"), arguments=(only,)):
            tools = frame.subjects().some(only.value, "tool", "a tool")
            tag = core.TagEnd(frozenset(f"tool({t})" for t in tools))
            return (tag,) if source else _no_sink(frame, value.span, "a tag")
        case _:
            return _path(frame, value, source=source)


def _path(frame: RuleFrame, value: syntax.Expr, *, source: bool) -> Ends:
    path = path_of(frame.context, frame.module, value, ENTITIES)
    if path is None:
        frame.context.report(
            "WF530",
            "this is no source or destination of a flow",
            value.span,
            help="name a tag, a tool, a field such as `t.arg`, a store, a channel, a principal or a step",
        )
        return ()
    if path.entity is None:
        return _unnamed(frame, path, value, source=source)
    if path.steps:
        return field_end(frame, path, source=source)
    return _entity(frame, path.entity, value, source=source)


def _unnamed(frame: RuleFrame, path: Path, value: syntax.Expr, *, source: bool) -> Ends:
    if not path.steps and path.name in BUILTIN:
        return _event(frame, syntax.EventCall(value, None, None, None, span=value.span), source=source)
    found = named_place(frame, path)
    if found is not None:
        return found
    if not frame.workflows and _may_be_a_parameter(frame, path):
        return (core.ParameterEnd(None, path.name, path.steps),)
    what = "a source of a flow" if source else "a destination of a flow"
    frame.context.resolve(frame.module, value if not path.steps else path.root, ENTITIES, what)
    return ()


def _may_be_a_parameter(frame: RuleFrame, path: Path) -> bool:
    """A library of policies, checked alone, may name a parameter or step of workflows to come; not a misspelt name."""
    return did_you_mean(path.name, frame.context.candidates(frame.module, ENTITIES)) is None


def _entity(frame: RuleFrame, entity: Entity, value: syntax.Expr, *, source: bool) -> Ends:
    symbol = entity.symbol
    match entity.kind:
        case "tag":
            return (core.TagEnd(frozenset({symbol})),) if source else _no_sink(frame, value.span, "a tag")
        case "principal":
            return (core.TagEnd(frozenset({symbol})),) if source else (core.PrincipalEnd(symbol),)
        case "store":
            return (core.StoreEnd(symbol),)
        case "channel":
            return _channels(frame, frozenset({symbol}), value.span, source)
        case "tool":
            return _tools(frozenset({symbol}), value.span, source)
        case "group":
            return _group(frame, entity, value, source)
        case _:
            return _table(frame, entity, value, source)


def _channels(frame: RuleFrame, symbols: frozenset[str], span: Span, source: bool) -> Ends:
    if not source:
        return (core.ChannelEnd(symbols),)
    frame.context.report(
        "WF531",
        "nothing comes from a channel",
        span,
        help="name the tool that reads, or a tag of what it brings",
    )
    return ()


def _tools(symbols: frozenset[str], span: Span, source: bool) -> Ends:
    if source:
        return tuple(core.ResultEnd(symbol, ()) for symbol in sorted(symbols))
    choice = core.EventChoice("call", symbols, span=span)
    return (core.CallEnd(core.EventPattern((choice,), span=span)),)


def _table(frame: RuleFrame, entity: Entity, value: syntax.Expr, source: bool) -> Ends:
    if source:
        return (core.LiteralEnd(entity.symbol),)
    return _no_sink(frame, value.span, "a table")


def _group(frame: RuleFrame, entity: Entity, value: syntax.Expr, source: bool) -> Ends:
    group = frame.context.groups.get(entity.symbol)
    if group is None:
        return ()
    if not group.members:
        frame.subjects().members(entity, "tag", value.span)
        return (core.TagEnd(frozenset()),) if source else (core.ChannelEnd(frozenset()),)
    match group.kind:
        case "tool":
            return _tools(group.members, value.span, source)
        case "channel":
            return _channels(frame, group.members, value.span, source)
        case "principal" if not source:
            return tuple(core.PrincipalEnd(person) for person in sorted(group.members))
        case "store":
            return tuple(core.StoreEnd(store) for store in sorted(group.members))
        case "release":
            frame.subjects().members(entity, "tag", value.span)
            return ()
        case _ if source:
            return (core.TagEnd(group.members),)
        case _:
            return _no_sink(frame, value.span, "a group of tags")


def _no_sink(frame: RuleFrame, span: Span, what: str) -> Ends:
    frame.context.report(
        "WF531",
        f"nothing flows into {what}",
        span,
        help="name a channel, a tool or its argument, a store, a principal or a step",
    )
    return ()


# ---------------------------------------------------------------- from only


def from_only_rule(frame: RuleFrame, claim: syntax.FromOnly) -> core.FromOnly | None:
    """`require t.arg from only {sources}`."""
    return _claim(frame, claim, 0)


def _claim(frame: RuleFrame, claim: syntax.FromOnly, depth: int) -> core.FromOnly | None:
    target = _target(frame, claim.value)
    if target is None:
        return None
    names = _target_names(frame, target, claim.span)
    sources = _sources(frame, claim.sources, names, claim.span, depth)
    return core.FromOnly(target, sources, span=claim.span)


def _target(frame: RuleFrame, value: syntax.Expr) -> core.ArgumentEnd | None:
    path = path_of(frame.context, frame.module, value, frozenset({"tool"}))
    if path is not None and path.entity is not None and path.steps:
        found = [e for e in field_end(frame, path, source=False) if isinstance(e, core.ArgumentEnd)]
        return found[0] if found else None
    if path is not None and path.entity is None:
        frame.context.resolve(frame.module, path.root, frozenset({"tool"}), "a tool")
        return None
    frame.context.report(
        "WF532", "`from only` speaks of an argument of a tool", value.span, help="write `tool.argument`"
    )
    return None


def _target_names(frame: RuleFrame, target: core.ArgumentEnd, span: Span) -> Mapping[str, core.Expr]:
    tool = frame.context.tools[target.tool]
    return {p.name: core.Variable(p.name, "argument", p.type, span=span) for p in tool.parameters}


def _sources(
    frame: RuleFrame,
    items: Sequence[syntax.SourceItem],
    names: Mapping[str, core.Expr],
    span: Span,
    depth: int,
) -> tuple[core.AllowedSource, ...]:
    via = frozenset(
        r for item in items if isinstance(item.value, syntax.Via) for r in _release(frame, item.value.name)
    )
    found: list[core.AllowedSource] = []
    for item in items:
        if isinstance(item.value, syntax.Via):
            continue
        when, designated = _gate(frame, item, names, depth)
        named = _end(frame, item.value, source=True)
        results = [end for end in named if isinstance(end, core.ResultEnd)]
        for end in results or named:  # where a field is both, only the result is allowed
            found.append(core.AllowedSource(end, via, when, designated, span=item.span))
    if not items:
        frame.context.report(
            "WF533",
            "no source is allowed",
            span,
            help="name tags, tools, fields of their results, tables, parameters or releases",
        )
    if via and not found:  # nothing but what went through a release
        found.append(core.AllowedSource(core.TagEnd(frozenset()), via, None, None, span=span))
    return tuple(found)


def _gate(
    frame: RuleFrame, item: syntax.SourceItem, names: Mapping[str, core.Expr], depth: int
) -> tuple[core.Expr | None, core.FromOnly | None]:
    match item.gate:
        case None:
            return None, None
        case syntax.FromOnly() as inner:
            if depth >= 8:
                frame.context.report(
                    "WF533", "designations are nested too deeply", inner.span, help="name the source directly"
                )
                return None, None
            return None, _claim(frame, inner, depth + 1)
        case condition:
            env = frame.env({**names, "input": _last_input(frame, condition.span)}, "a gate")
            return elaborate_condition(frame.context, env, condition), None


def _last_input(frame: RuleFrame, span: Span) -> core.Expr:
    choice = core.EventChoice("input", frozenset(), span=span)
    record = record_of(frame.context, (choice,))
    return core.LastEvent(core.EventPattern((choice,), span=span), record, span=span)


def decision_rule(frame: RuleFrame, rule: syntax.DecisionRule) -> core.Decision:
    """`require decision of CALL from only SET`."""
    frame.collect(rule.call)
    scope = frame.event(rule.call)
    return core.Decision(scope.pattern, _sources(frame, rule.sources, scope.names, rule.span, 0))
