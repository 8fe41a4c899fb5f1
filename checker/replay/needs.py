"""What a rule must be able to see. Where a trace format cannot show it, the rule is not judged by its absence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wfcheck.checker import monitor
from wfcheck.checker.traces.event import Completeness
from wfcheck.dsl import core

_SHOWN_BY_RESULT = frozenset({"call", "read", "write", "emit"})
_OWN = frozenset({"approve", "deny", "fail", "input", "say", "llm", "message", "remember", "recall", "end",
                  "release", "ask", "reset"})  # fmt: skip


def hidden_need(compiled: monitor.Compiled, completeness: Mapping[str, Completeness]) -> str | None:
    """Why the rule cannot be judged on a trace of this completeness, or None."""
    for field in _needs(compiled):
        if completeness.get(field) == "absent":
            return f"the trace format does not show `{field}` events"
    if isinstance(compiled, monitor.LabelQuery):
        return _hidden_source(compiled, completeness)
    return None


def _hidden_source(query: monitor.LabelQuery, completeness: Mapping[str, Completeness]) -> str | None:
    """Where a value came from shows only if what brought it was recorded."""
    fields = (
        ("input", "result", "content") if isinstance(query.body, core.FromOnly) else ("result", "content")
    )
    hidden = next((field for field in fields if completeness.get(field) == "absent"), None)
    if hidden is None:
        return None
    words = "part of the results" if hidden == "content" else f"`{hidden}` events"
    return f"the trace does not show {words}"


def _needs(compiled: monitor.Compiled) -> Iterator[str]:
    for pattern in _done(compiled):
        for choice in pattern.choices:
            if choice.kind in _SHOWN_BY_RESULT:
                yield "result"
    for pattern in (*_done(compiled), *_judged(compiled)):
        for choice in pattern.choices:
            if choice.kind in _OWN:
                yield choice.kind


def _judged(compiled: monitor.Compiled) -> tuple[core.EventPattern, ...]:
    """The patterns whose events are judged: kinds that the format never shows cannot be said to be in order."""
    match compiled:
        case monitor.Monitor(judged=judged) | monitor.Quota(judged=judged):
            return (judged,)
        case monitor.Invariant(judged=judged):
            return () if judged is None else (judged,)
        case monitor.Separation(events=events):
            return events
        case _:
            return ()


def _done(compiled: monitor.Compiled) -> Iterator[core.EventPattern]:
    """The patterns that count as past or as evidence."""
    if isinstance(compiled, monitor.Monitor):
        evidence, armed = compiled.evidence, compiled.armed
        past = [evidence.pattern, evidence.since] if evidence else []
        past += [armed.after, armed.until] if armed else []
        yield from (pattern for pattern in past if pattern is not None)
    elif isinstance(compiled, monitor.Response):
        yield compiled.judged
        yield compiled.evidence
