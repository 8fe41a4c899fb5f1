"""Questions about finished rules: lonely binders, `same` without a partner, the heuristic layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import attrs

from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Severity
from wfcheck.dsl.elaboration.consistency import comparable
from wfcheck.dsl.elaboration.context import Context
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import show
from wfcheck.dsl.values.operators import OPERATORS
from wfcheck.dsl.walk import fields_of

TEXTUAL = frozenset({"input", "say", "ask", "llm", "message"})


def check_rule(context: Context, binders: Mapping[str, core.Expr], body: core.RuleBody) -> None:
    """Reports binders that occur once, and patterns that compare with an event that is not there."""
    _lonely(context, binders, body)
    _agreeing(context, binders, body)
    for event, partner in _pairs(body):
        _partners(context, event, partner)


def parts(body: object) -> Iterator[object]:
    """Every core node of a rule: expressions, patterns, choices, tests."""
    stack = [body]
    while stack:
        top = stack.pop()
        if isinstance(top, tuple):
            stack.extend(top)
        elif attrs.has(type(top)) and not isinstance(top, Span):
            yield top
            stack.extend(value for name, value in fields_of(top) if name != "type")


def _lonely(context: Context, binders: Mapping[str, core.Expr], body: core.RuleBody) -> None:
    times: Counter[str] = Counter()
    for part in parts(body):
        match part:
            case core.Bind(name=name) | core.Variable(name=name, kind="binder"):
                times[name] += 1
            case _:
                pass
    for name, binder in binders.items():
        if times[name] == 1:
            context.report(
                "WF504",
                f"`{name}` is bound and stands nowhere else",
                binder.span,
                severity=Severity.WARNING,
                help="write `_`, or a text in quotes where a constant was meant",
            )


def _agreeing(context: Context, binders: Mapping[str, core.Expr], body: core.RuleBody) -> None:
    """A binder that stands on arguments of two types would never agree."""
    for part in parts(body):
        if not isinstance(part, core.EventChoice):
            continue
        for name, test in part.tests:
            if isinstance(test, core.Bind) and test.name in binders:
                _agrees(context, part, name, binders[test.name])


def _agrees(context: Context, choice: core.EventChoice, argument: str, binder: core.Expr) -> None:
    tools = [context.tools[t] for t in sorted(choice.subjects) if t in context.tools]
    found = [p for tool in tools if (p := tool.parameter(argument)) is not None]
    for parameter in found:
        if not comparable(parameter.type, binder.type):
            context.report(
                "WF506",
                f"a binder stands on {show(parameter.type)} here and on {show(binder.type)} elsewhere",
                choice.span,
                labels=[(binder.span, "first bound here")],
                help="use two binders",
            )


# ---------------------------------------------------------------- same, args


def _pairs(body: core.RuleBody) -> Iterator[tuple[core.EventPattern, core.EventPattern | None]]:
    """Each event with the one its `same` and `args` refer to."""
    match body:
        case core.Before(evidence=evidence, since=since, judged=judged):
            yield from ((evidence, judged), (judged, evidence))
            if since is not None:
                yield since, judged
        case core.After(evidence=evidence, judged=judged):
            yield from ((evidence, judged), (judged, evidence))
        case core.Forbid(event=event, after=after, until=until):
            yield event, after
            yield from ((other, event) for other in (after, until) if other is not None)
        case core.Allow(grants=grants):
            yield from ((grant.event, None) for grant in grants)
        case core.Distinct(events=events) | core.Meta(events=events):
            yield from ((event, None) for event in events)
        case core.Limit(event=event) | core.Decision(event=event):
            yield event, None
        case core.Always(event=core.EventPattern() as event):
            yield event, None
        case core.Flow(sources=sources, sinks=sinks):
            yield from ((e.event, None) for e in (*sources, *sinks) if isinstance(e, core.CallEnd))
        case _:
            return


def _partners(context: Context, event: core.EventPattern, partner: core.EventPattern | None) -> None:
    for choice in event.choices:
        for name, test in choice.tests:
            if isinstance(test, core.Same):
                _same(context, choice, name, partner)
            elif isinstance(test, core.SameCall):
                _args(context, choice, partner)


def _same(context: Context, choice: core.EventChoice, name: str, partner: core.EventPattern | None) -> None:
    if partner is not None and all(_has(context, other, name) for other in partner.choices):
        return
    context.report(
        "WF505",
        "`same` needs another event to be the same as"
        if partner is None
        else f"`same` needs an argument `{name}` of the other event",
        choice.span,
        labels=[] if partner is None else [(partner.span, "the other event")],
        help="write a binder such as `X`, or leave the pattern out",
    )


def _has(context: Context, choice: core.EventChoice, name: str) -> bool:
    if choice.kind in TEXTUAL:
        return name == "text"
    tools = [context.tools[t] for t in choice.subjects if t in context.tools]
    return bool(tools) and all(tool.parameter(name) is not None for tool in tools)


def _args(context: Context, choice: core.EventChoice, partner: core.EventPattern | None) -> None:
    calls = ("call", "emit", "read", "write", "deny", "fail", "approve")
    if partner is not None and all(other.kind in calls for other in partner.choices):
        return
    context.report(
        "WF505",
        "`args` needs a judged call whose arguments it can name",
        choice.span,
        labels=[] if partner is None else [(partner.span, "this is no call")],
        help="leave it out, or let the rule judge a call",
    )


# ---------------------------------------------------------------- heuristic


def heuristic(body: core.RuleBody) -> bool:
    """The rule consults the text layer: `mentions`, `consents`, or what was said."""
    return any(_reads_text(part) for part in parts(body))


def _reads_text(part: object) -> bool:
    match part:
        case core.Apply(op=op):
            return OPERATORS[op].heuristic
        case core.LastEvent(event=event) | core.EarlierEvent(event=event):
            return any(choice.kind in TEXTUAL for choice in event.choices)
        case core.EventChoice(kind=kind, tests=tests):
            return kind in TEXTUAL and bool(tests)
        case _:
            return False
