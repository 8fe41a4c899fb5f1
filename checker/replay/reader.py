"""From events to views, one after the other: calls are joined with their answers, calls and turns are counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import attrs

from wfcheck.checker.conditions.coercion import coerce, parse_time, plain
from wfcheck.checker.conditions.compiled import UNKNOWN, Known, Moment
from wfcheck.checker.replay.recent import Recent
from wfcheck.checker.replay.view import Catalogue, View
from wfcheck.checker.traces.decisions import DENIER
from wfcheck.checker.traces.event import CONVERSATION, Completeness, Event, Json
from wfcheck.dsl import core

_VALUED = frozenset({"result", "recall", "release", "llm", "remember"})
OUTCOMES = frozenset({"result", "fail", "deny"})
_HIDDEN = frozenset({"redacted", "truncated", "absent"})
_ACTING = frozenset({"call", "llm", "say", "ask", "message"})
_TURNS = frozenset({"llm", "input"})
NO_OUTCOMES: frozenset[str] = frozenset()
KEPT = 20_000
"""So many calls without an answer, and events with an id, are remembered; what asks for older ones gets no answer."""


@attrs.define
class Ahead:
    """What is known of events that were read already and whose turn has not come: the answers by call, and the last event of each kind
    that tells how a call ended. A guard knows nothing of them."""

    catalogue: Catalogue
    answers: dict[str, Event] = attrs.field(factory=dict)
    outcomes: dict[tuple[str, bool], dict[str, int]] = attrs.field(factory=dict)

    def read(self, index: int, event: Event) -> None:
        """An event was read."""
        if event.kind in OUTCOMES:
            self.outcomes.setdefault(_joint(event, self.catalogue), {})[event.kind] = index
            if event.kind == "result" and event.call:
                self.answers[event.call] = event

    def come(self, index: int, event: Event) -> None:
        """Its turn has come: what was known of it ahead is dropped, unless there is a later one."""
        if event.kind not in OUTCOMES:
            return
        joint = _joint(event, self.catalogue)
        last = self.outcomes.get(joint, {})
        if last.get(event.kind) == index:
            del last[event.kind]
            if not last:
                del self.outcomes[joint]
        if event.kind == "result" and event.call and self.answers.get(event.call) is event:
            del self.answers[event.call]


@attrs.define(eq=False)
class Counts:
    """The calls and turns of a run (or the calls of a session) so far."""

    steps: int = 0
    turns: int = 0


Kept: TypeAlias = tuple[int, Event, int, int, int, frozenset[str], "Event | None"]
"""A call of which no view was made: its index, the event, its turn, steps and session steps, its outcomes and its answer."""


@attrs.define(eq=False)
class Reader:
    """What is remembered while the views of one trace are made. `view` makes one and changes nothing; `take` says that it
    happened."""

    catalogue: Catalogue
    completeness: Mapping[str, Completeness]
    ahead: Ahead | None
    open_calls: Recent[View | Kept] = attrs.field(factory=lambda: Recent(KEPT))
    latest: dict[tuple[str | None, str | None], dict[str, View | Kept | None]] = attrs.field(
        factory=dict
    )  # of each run the calls without an id, by tool, that have no answer yet; None where there are several
    by_id: Recent[tuple[str | None, str | None]] = attrs.field(factory=lambda: Recent(KEPT))
    runs: dict[tuple[str | None, str | None], tuple[Counts, Counts]] = attrs.field(factory=dict)
    sessions: dict[str | None, Counts] = attrs.field(factory=dict)

    def view(self, index: int, event: Event) -> View:
        """The view of the next event."""
        kind, session = event.kind, event.session
        run, whole = self.counts(session, event.run)
        call = self._call_of(event) if kind in ("result", "fail") else None
        tool = self.catalogue.tools.get(event.tool) if event.tool else None
        is_call = kind == "call"
        made = View(
            index, event, kind, tool.symbol if tool else event.tool or "", tool, self._actor(event, call),
            session or "", event.run or "", run.turns + (kind in _TURNS), run.steps + is_call,
            whole.steps + is_call, call, self._behalf(event) if event.parent else (),
            self._outcomes(index, event) if is_call and self.ahead is not None else NO_OUTCOMES, self,
        )  # fmt: skip
        if is_call and self.ahead is not None and event.call:
            made.answer = self.ahead.answers.get(event.call)
        return made

    def take(self, view: View) -> None:
        """The event of the view happened."""
        event, kind = view.event, view.kind
        if event.id:
            self.by_id.put(event.id, (view.actor, event.parent))
        if kind == "call":
            run, whole = self.counts(event.session, event.run)
            run.steps += 1
            whole.steps += 1
            if event.call:
                self.open_calls.put(event.call, view)
            else:
                self._open(event, view.name, view)
        elif kind in _TURNS:
            self.counts(event.session, event.run)[0].turns += 1
        elif not event.call and kind in OUTCOMES:
            self.answered(event)

    def answered(self, event: Event) -> None:
        """A call without an id has its answer."""
        waiting = self.latest.get((event.session or None, event.run or None))
        if waiting and event.tool and event.actor != DENIER:
            waiting.pop(self.catalogue.name_of(event.tool), None)

    def _open(self, event: Event, name: str, call: View | Kept) -> None:
        waiting = self.latest.setdefault((event.session or None, event.run or None), {})
        waiting[name] = None if name in waiting else call

    def leave(self, run: tuple[str | None, str | None]) -> None:
        """Forget a run."""
        self.runs.pop(run, None)
        self.latest.pop(run, None)

    def counts(self, session: str | None, run: str | None) -> tuple[Counts, Counts]:
        """Of a run and of its session. No session and an empty one are the same."""
        found = self.runs.get((session, run))
        if found is None:
            same = (session or None, run or None)
            whole = self.sessions.setdefault(same[0], Counts())
            found = self.runs[session, run] = self.runs.setdefault(same, (Counts(), whole))
        return found

    def keep(self, index: int, call: Event, run: Counts, whole: Counts, name: str) -> None:
        """A call happened of which no view was made; one is made once something answers it."""
        outcomes, answer = NO_OUTCOMES, None
        if self.ahead is not None:
            outcomes, answer = self._outcomes(index, call), self.ahead.answers.get(call.call or "")
        kept: Kept = (index, call, run.turns, run.steps, whole.steps, outcomes, answer)
        if call.call:
            self.open_calls.put(call.call, kept)
        else:
            self._open(call, name, kept)

    def _call_of(self, event: Event) -> View | None:
        if event.tool is None:
            return None
        if not event.call:
            name = self.catalogue.name_of(event.tool)
            waiting = self.latest.get((event.session or None, event.run or None), {})
            found = waiting.get(name)
            if isinstance(found, tuple):
                found = waiting[name] = self._late(found)
            return found
        found = self.open_calls.get(event.call)
        if isinstance(found, tuple):
            found = self._late(found)
            self.open_calls.put(event.call, found)
        return found

    def _late(self, kept: Kept) -> View:
        """The view of an earlier call."""
        index, event, turn, steps, session_steps, outcomes, answer = kept
        tool = self.catalogue.tools.get(event.tool or "")
        made = View(
            index, event, "call", tool.symbol if tool else event.tool or "", tool, self._actor(event, None),
            event.session or "", event.run or "", turn, steps, session_steps, None,
            self._behalf(event) if event.parent else (), outcomes, self,
        )  # fmt: skip
        made.answer = answer
        return made

    def _actor(self, event: Event, call: View | None) -> str | None:
        if event.actor is not None:
            return event.actor
        if call is not None:
            return call.actor
        return self.catalogue.actor if event.kind in _ACTING else None

    def _behalf(self, event: Event) -> tuple[str | None, ...]:
        """Those around it; unknown people where that is no longer remembered."""
        found: list[str | None] = []
        at = event.parent
        while at and len(found) < 100:
            step = self.by_id.get(at)
            if step is None:
                return (*found, None) if self.by_id.forgot else tuple(found)
            found.append(step[0])
            at = step[1]
        return tuple(found)

    def _outcomes(self, index: int, event: Event) -> frozenset[str]:
        assert self.ahead is not None
        last = self.ahead.outcomes.get(_joint(event, self.catalogue), {})
        return frozenset(kind for kind, at in last.items() if at > index)

    # ------------------------------------------------------------ what views ask for

    def arguments_of(self, view: View) -> Mapping[str, Known]:
        """The typed arguments; of an answer those of its call, unless it has its own."""
        event = view.event
        own = event.args_requested is not None or event.args_executed is not None
        if view.call is not None and not own:
            return view.call.arguments
        return _arguments(event, view.tool, self._shown(event))

    def result_of(self, view: View) -> Known:
        """The typed result; of a call that of its answer, where that is known."""
        if view.kind != "call":
            return self._result(view.event, view.tool)
        return UNKNOWN if view.answer is None else self._result(view.answer, view.tool)

    def moment_of(self, event: Event) -> Moment:
        """The time of an event."""
        return UNKNOWN if self._shown(event).get("time") in _HIDDEN else parse_time(event.time)

    def hides(self, event: Event, field: str) -> bool:
        """Whether a field of an event was left out, cut or blackened."""
        return self._shown(event).get(field) in _HIDDEN

    def converses(self) -> bool:
        """Whether the record is a whole conversation: what it does not show did not happen in it."""
        return self.completeness.get(CONVERSATION) == "full"

    def _shown(self, event: Event) -> Mapping[str, Completeness]:
        return self.completeness if not event.completeness else {**self.completeness, **event.completeness}

    def _result(self, event: Event, tool: core.Tool | None) -> Known:
        if event.kind not in _VALUED or self._shown(event).get("result") in _HIDDEN:
            return UNKNOWN
        if event.kind == "result" and tool is not None:
            return coerce(event.result, tool.result)
        return plain(event.result)


def _joint(event: Event, catalogue: Catalogue) -> tuple[str, bool]:
    """What joins a call with its outcome: the id of the call, or without one the tool."""
    return (event.call, True) if event.call else (catalogue.name_of(event.tool or ""), False)


def _arguments(
    event: Event, tool: core.Tool | None, shown: Mapping[str, Completeness]
) -> Mapping[str, Known]:
    field = "args_requested" if event.args_executed is None else "args_executed"
    given = event.args_requested if event.args_executed is None else event.args_executed
    made: dict[str, Known] = {}
    if given is not None and shown.get(field) not in _HIDDEN:
        made = dict(_typed_arguments(given, tool))
        made.update({name: UNKNOWN for name in made if shown.get(f"{field}.{name}") in _HIDDEN})
    elif tool is not None:
        made = {parameter.name: UNKNOWN for parameter in tool.parameters}
    if event.text is not None and event.kind != "fail":
        made.setdefault("text", UNKNOWN if shown.get("text") in _HIDDEN else event.text)
    return made


def _typed_arguments(given: Mapping[str, Json], tool: core.Tool | None) -> Iterator[tuple[str, Known]]:
    for parameter in tool.parameters if tool else ():
        if parameter.name in given:
            yield parameter.name, coerce(given[parameter.name], parameter.type)
        else:
            yield parameter.name, None if parameter.optional else UNKNOWN
    for name, value in given.items():
        if tool is None or tool.parameter(name) is None:
            yield name, plain(value)
