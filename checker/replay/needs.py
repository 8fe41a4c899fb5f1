"""What a rule must be able to see. Where a trace cannot show it, the rule is not judged by its absence.

Of what counts as past, as evidence or in a condition everything must show, or the rule is not judged. Of what it judges an event
that shows may break it; that none does says nothing unless all of them show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import attrs

from wfcheck.checker import monitor
from wfcheck.checker.replay.relevance import asked_by
from wfcheck.checker.replay.view import Catalogue
from wfcheck.checker.traces.event import CONVERSATION, Completeness
from wfcheck.dsl import core

Need: TypeAlias = "tuple[str, frozenset[str]]"
"""A field of completeness; for calls, the tools of which every call must show (none: of all)."""
ANY: frozenset[str] = frozenset()
CALLS: Need = ("call", ANY)
USER = "user"
_BY_CALLS = frozenset({"read", "write", "emit"})
_SPOKEN = frozenset({"input", "say", "llm", "message"})
_OF_STEPS = frozenset({"step", "llm", "ask"})


@attrs.frozen
class Shown:
    """What a trace can show of a program. `seen`: the tools of which every call shows although not every call does."""

    completeness: Mapping[str, Completeness]
    program: core.Program
    seen: frozenset[str]

    @staticmethod
    def of(completeness: Mapping[str, Completeness], program: core.Program, catalogue: Catalogue) -> Shown:
        """By the completeness of a trace: `call.NAME` speaks of the calls of one tool."""
        named = (k[5:] for k, shown in completeness.items() if k.startswith("call.") and shown == "full")
        return Shown(completeness, program, frozenset(catalogue.name_of(name) for name in named))

    def hidden(self, needs: Iterator[Need]) -> str | None:
        """Why one of them does not show, or None."""
        for field, tools in needs:
            shown = self.completeness.get(field, "full")
            if shown != "full" and not (field == "call" and tools and tools <= self.seen):
                return _words(field, shown)
        return None

    def idle(self, rule: core.Rule, compiled: monitor.Compiled) -> str | None:
        """Why the rule cannot be judged, or None."""
        return self.hidden(self._told(rule, compiled))

    def open(self, compiled: monitor.Compiled) -> str | None:
        """Why the rule does not hold even where nothing breaks it, or None."""
        return self.hidden(self._judged(compiled))

    # ------------------------------------------------------------ what rules look at

    def _told(self, rule: core.Rule, compiled: monitor.Compiled) -> Iterator[Need]:
        for choice in asked_by(rule, self.program):
            yield from self._of(choice, done=True)
        match compiled:
            case monitor.Monitor(evidence=evidence, armed=armed):
                past = [evidence.pattern, evidence.since] if evidence else []
                past += [armed.after, armed.until] if armed else []
                yield from self._of_all(past)
            case monitor.Response(evidence=evidence):
                yield from self._of_all([evidence])
            case monitor.Quota():
                yield from self._measured(compiled)
            case monitor.LabelQuery(body=body):
                yield from self._sources(body)
            case _:
                return

    def _of_all(self, patterns: list[core.EventPattern | None]) -> Iterator[Need]:
        for pattern in patterns:
            for choice in () if pattern is None else pattern.choices:
                yield from self._of(choice, done=True)

    def _measured(self, quota: monitor.Quota) -> Iterator[Need]:
        """Where one more event may make the measure smaller."""
        if quota.kind == "consecutive":
            yield CALLS
        if quota.kind in ("consecutive", "sum"):
            for choice in quota.judged.choices:
                yield from self._of(choice, done=False)
        if any(scope.kind == "turn" for scope in quota.scopes):
            yield from (("llm", ANY), ("input", ANY))

    def _judged(self, compiled: monitor.Compiled) -> Iterator[Need]:
        match compiled:
            case monitor.Monitor(judged=judged) | monitor.Quota(judged=judged):
                yield from self._each(judged, done=False)
                if isinstance(compiled, monitor.Monitor) and compiled.evidence is not None:
                    yield from _steps(compiled.evidence.within_steps)
            case monitor.Response(judged=judged, within_steps=steps):
                yield from self._each(judged, done=True)
                yield from _steps(steps)
            case monitor.Invariant(judged=judged) if judged is not None:
                yield from self._each(judged, done=False)
            case monitor.Separation(events=events):
                for pattern in events:
                    yield from self._each(pattern, done=False)
            case monitor.LabelQuery(body=body):
                yield from self._sinks(body)
            case _:
                return

    def _each(self, pattern: core.EventPattern, done: bool) -> Iterator[Need]:
        for choice in pattern.choices:
            yield from self._of(choice, done)

    def _of(self, choice: core.EventChoice, done: bool) -> Iterator[Need]:
        """What shows the events of a choice, attempted or done."""
        if choice.kind in ("call", "fail"):
            yield ("call", choice.subjects)
        elif choice.kind in _BY_CALLS:
            yield CALLS
        if choice.kind in ("call", *_BY_CALLS):
            yield from [("result", ANY)] if done else []
        else:
            yield (choice.kind, ANY)
        if choice.kind in _SPOKEN:
            yield ("text", ANY)
        if choice.kind in _OF_STEPS and choice.subjects:
            yield ("step", ANY)
        if choice.kind == "read" and (
            not choice.subjects or choice.subjects & {USER, *self.program.principals}
        ):
            yield ("input", ANY)
        if choice.kind in ("read", "write") and self._remembers(choice):
            yield ("recall" if choice.kind == "read" else "remember", ANY)

    def _remembers(self, choice: core.EventChoice) -> bool:
        """Whether a store that no tool works on may be meant."""
        for symbol, store in self.program.stores.items():
            meant = store.holds if choice.kind == "read" else {symbol}
            if (not choice.subjects or meant & choice.subjects) and self._apart(symbol):
                return True
        return False

    def _apart(self, store: str) -> bool:
        return not any(store in tool.reads | tool.writes for tool in self.program.tools.values())

    # ------------------------------------------------------------ where values come from

    def _sources(self, body: core.Flow | core.FromOnly | core.Decision) -> Iterator[Need]:
        """Where a value came from shows only if what brought it was recorded."""
        if isinstance(body, core.FromOnly):
            yield ("input", ANY)
        yield from (("result", ANY), ("content", ANY), ("text", ANY), CALLS)
        for end in _ends(body):
            if isinstance(end, core.StoreEnd) and self._apart(end.store):
                yield ("recall", ANY)

    def _sinks(self, body: core.Flow | core.FromOnly | core.Decision) -> Iterator[Need]:
        for end in body.sinks if isinstance(body, core.Flow) else ():
            match end:
                case core.CallEnd(event=event):
                    yield from self._each(event, done=False)
                case core.PrincipalEnd(principal=principal):
                    yield from self._told_to(principal)
                case core.StoreEnd(store=store) if self._apart(store):
                    yield ("remember", ANY)
                case _:
                    continue

    def _told_to(self, principal: str) -> Iterator[Need]:
        """What somebody is asked and shown, too; of the user all of it is said where the record is the whole conversation."""
        yield ("say" if principal == USER else "message", ANY)
        if principal != USER or self.completeness.get(CONVERSATION) != "full":
            yield from (("ask", ANY), ("approve", ANY), ("deny", ANY))


def _ends(body: core.Flow | core.FromOnly | core.Decision) -> Iterator[core.FlowEnd]:
    pending = list(body.sources)
    while pending:
        source = pending.pop()
        if not isinstance(source, core.AllowedSource):
            yield source
            continue
        yield source.end
        if source.designated is not None:
            pending += source.designated.sources


def _steps(bound: int | None) -> Iterator[Need]:
    """Steps are calls."""
    if bound is not None:
        yield CALLS


def _words(field: str, shown: Completeness) -> str:
    if field == "content":
        return "the trace does not show part of the results"
    if field == "text":
        return "the trace does not show what was said"
    if shown == "absent":
        return f"the trace format does not show `{field}` events"
    return f"the trace does not show every `{field}` event"
