"""Whether the event that a rule judges happens in a run, by the reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from wfcheck.checker.explaining.formula_events import demands
from wfcheck.checker.explaining.merging import bare
from wfcheck.checker.reference import registers
from wfcheck.checker.reference.log import Log
from wfcheck.checker.reference.matching import Matcher
from wfcheck.checker.reference.quantify import triggers
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.dsl.source import Span

_NOWHERE = Span("", 0, 0, 1, 1, 1, 1)


def happened(program: core.Program, rule: core.Rule, events: Sequence[Event]) -> bool:
    """For sure, and so that keeping the rule means something: of `require`, that evidence was asked for; of two duties, that
    both were done."""
    log = Log(program, events)
    before, _ = registers.fold(log)
    matcher = Matcher(log, rule.per_session, before)
    match rule.body:
        case core.Allow(principal=principal):
            return any(event.kind == "call" and event.actor == principal for event in events)
        case core.Forbid(event=event):
            return _any(matcher, bare(event))
        case core.Decision(event=event):
            return _any(matcher, event)
        case core.Before(judged=judged, condition=condition):
            asked = None if demands(condition, judged) else condition
            found = (m for i in range(len(events)) for m in triggers(matcher, judged, asked, i))
            return any(match.truth is True for match in found)
        case core.After(judged=judged, evidence=evidence):
            return events[-1].kind != "call" and _followed(matcher, judged, evidence)
        case core.Distinct(events=patterns):
            return sum(_any(matcher, pattern) for pattern in patterns) > 1
        case core.Limit(event=event, condition=condition):
            found = (m for i in range(len(events)) for m in triggers(matcher, event, condition, i))
            return any(match.truth is True for match in found)
        case core.Always(event=judged_event):
            return bool(events) if judged_event is None else _any(matcher, judged_event)
        case core.Flow(sinks=sinks):
            return any(_at(matcher, sink) for sink in sinks)
        case core.FromOnly(target=target):
            return any(e.kind == "call" and log.tool_name(i) == target.tool for i, e in enumerate(events))
        case core.Meta():
            return False
        case _:
            assert_never(rule.body)


def _any(matcher: Matcher, pattern: core.EventPattern) -> bool:
    count = range(len(matcher.log.events))
    return any(matcher.holds(pattern, index, evidence=False) is True for index in count)


def _followed(matcher: Matcher, judged: core.EventPattern, evidence: core.EventPattern) -> bool:
    count = range(len(matcher.log.events))
    return any(
        match.truth is True and matcher.holds(evidence, later, other=index, binders=match.binders) is True
        for index in count
        for match in matcher.matches(judged, index, evidence=True)
        for later in count[index + 1 :]
    )


def _at(matcher: Matcher, sink: core.FlowEnd) -> bool:
    """Whether something arrives at the sink."""
    return any(_arrives(matcher, sink, index) for index in range(len(matcher.log.events)))


def _arrives(matcher: Matcher, sink: core.FlowEnd, index: int) -> bool:
    event, log = matcher.log.events[index], matcher.log
    match sink:
        case core.ArgumentEnd(tool=tool):
            return event.kind == "call" and log.tool_name(index) == tool
        case core.CallEnd(event=pattern):
            return matcher.holds(pattern, index, evidence=False) is True
        case core.ChannelEnd(channels=channels):
            choice = core.EventChoice("emit", channels, span=_NOWHERE)
            pattern = core.EventPattern((choice,), span=_NOWHERE)
            return bool(channels) and matcher.holds(pattern, index, evidence=False) is True
        case core.StoreEnd(store=store):
            return event.kind == "remember" and event.store == store
        case core.PrincipalEnd(principal=principal):
            return event.to == principal
        case core.AgentEnd(step=step):
            return event.step == step
        case _:
            return False
