"""What a rule must be able to see. Where a trace format cannot show it, the rule is not judged by its absence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wfcheck.checker import monitor
from wfcheck.checker.traces.event import Completeness
from wfcheck.dsl import core

_SHOWN_BY_RESULT = frozenset({"call", "read", "write", "emit"})
_OWN = frozenset({"approve", "deny", "fail", "input", "say", "llm", "message", "remember", "recall", "end"})


def hidden_need(compiled: monitor.Compiled, completeness: Mapping[str, Completeness]) -> str | None:
    """Why the rule cannot be judged on a trace of this completeness, or None."""
    for field in _needs(compiled):
        if completeness.get(field) == "absent":
            return f"the trace format does not show `{field}` events"
    return None


def _needs(compiled: monitor.Compiled) -> Iterator[str]:
    for pattern in _done(compiled):
        for choice in pattern.choices:
            if choice.kind in _SHOWN_BY_RESULT:
                yield "result"
            elif choice.kind in _OWN:
                yield choice.kind


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
