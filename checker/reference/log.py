"""Recorded events as rules see them: calls joined with their results, arguments typed, runs and sessions told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

import attrs

from wfcheck.checker.reference.codec import decode
from wfcheck.checker.reference.evaluate import Truth
from wfcheck.checker.reference.values import NOTHING, Atom, Labelled, Unknown
from wfcheck.checker.traces.event import Event, Json
from wfcheck.dsl import core, types
from wfcheck.dsl.types import Type

Trees: TypeAlias = Mapping[int, Mapping[str, Labelled]]
"""By number of the call event: its arguments with their labels part by part; events have one label per argument."""
_HIDDEN = ("redacted", "truncated", "absent")


@attrs.frozen
class Log:
    """Events in their order; an index counts from 0 in this sequence."""

    program: core.Program
    events: Sequence[Event]
    trees: Trees = attrs.field(factory=dict)

    def tree(self, index: int, argument: str) -> Labelled | None:
        """The argument of a call with a label at each part of it, as far as the interpreter itself tells."""
        return self.trees.get(self.events[index].seq, {}).get(argument)

    def tool(self, index: int) -> core.Tool | None:
        """The declaration of the tool that the event names, also by an alias."""
        name = self.events[index].tool
        if name is None:
            return None
        found = self.program.tools.get(name)
        return found or next((t for t in self.program.tools.values() if name in t.aliases), None)

    def tool_name(self, index: int) -> str | None:
        """The symbol of the tool, or its name in the trace when it is not declared."""
        tool = self.tool(index)
        return self.events[index].tool if tool is None else tool.symbol

    def call_of(self, index: int) -> int:
        """Of a result or failure the index of its call, else the index itself."""
        event = self.events[index]
        if event.kind not in ("result", "fail") or event.call is None:
            return index
        calls = (
            i for i in range(index) if self.events[i].kind == "call" and self.events[i].call == event.call
        )
        return max(calls, default=index)

    def result_of(self, index: int) -> int | None:
        """Of a call the index of its result, if it returned."""
        event = self.events[index]
        for later in range(index + 1, len(self.events)):
            found = self.events[later]
            if found.kind == "result" and found.call is not None and found.call == event.call:
                return later
        return None

    def actor(self, index: int) -> str | None:
        """Who acted."""
        event = self.events[index]
        return event.actor or self.events[self.call_of(index)].actor

    def actors(self, index: int) -> tuple[str | None, ...]:
        """Who acted, and those on whose behalf: the actors of the steps around it."""
        found = [self.actor(index)]
        parent = self.events[index].parent
        while parent is not None:
            step = next((e for e in self.events[:index] if e.id == parent), None)
            if step is None:
                break
            found.append(step.actor)
            parent = step.parent
        return tuple(found)

    def arguments(self, index: int) -> dict[str, Labelled]:
        """The arguments by name; a declared optional one that was left out is absent, a hidden one unknown. What is said has
        its `text`."""
        event = self.events[self.call_of(index)]
        tool = self.tool(index)
        given = event.args_executed if event.args_executed is not None else event.args_requested
        made = {name: self._argument(event, tool, name, json) for name, json in (given or {}).items()}
        for parameter in () if tool is None else tool.parameters:
            if parameter.name not in made:
                made[parameter.name] = self._missing(event, parameter, given is not None)
        if event.text is not None:
            made.setdefault("text", Atom(event.text, NOTHING))
        return made

    def _argument(self, event: Event, tool: core.Tool | None, name: str, json: Json) -> Labelled:
        if _hidden(
            event, "args_executed", "args_requested", f"args_executed.{name}", f"args_requested.{name}"
        ):
            return Atom(Unknown(f"the argument `{name}` is not shown"), NOTHING)
        return decode(json, self._type(tool, name))

    def _missing(self, event: Event, parameter: core.Param, shown: bool) -> Labelled:
        if shown and parameter.optional and not _hidden(event, "args_executed", "args_requested"):
            return Atom(None, NOTHING)
        return Atom(Unknown(f"the argument `{parameter.name}` is not recorded"), NOTHING)

    def _type(self, tool: core.Tool | None, name: str) -> Type:
        parameter = None if tool is None else tool.parameter(name)
        return types.ANY if parameter is None else parameter.type

    def result(self, index: int) -> Labelled:
        """The value that the event brings; of a call, that of its result if it is recorded."""
        found = self.result_of(index) if self.events[index].kind == "call" else index
        if found is None:
            return Atom(Unknown("the call has no recorded result"), NOTHING)
        event, tool = self.events[found], self.tool(found)
        if _hidden(event, "result"):
            return Atom(Unknown("the result is not shown"), NOTHING)
        return decode(event.result, types.ANY if tool is None or event.kind != "result" else tool.result)

    def moment(self, index: int) -> datetime | None:
        """The time of the event."""
        text = self.events[index].time
        try:
            return None if text is None else datetime.fromisoformat(text)
        except ValueError:
            return None

    def within(self, first: int, last: int, limit: timedelta | None) -> Truth:
        """Whether no more time than the limit lies between two events; a clock that is absent or goes back says nothing."""
        if limit is None:
            return True
        start, end = self.moment(first), self.moment(last)
        if start is None or end is None or (start.tzinfo is None) != (end.tzinfo is None):
            return Unknown("there is no clock")
        return Unknown("the clock goes back") if end < start else end - start <= limit

    def steps(self, first: int, last: int, per_session: bool) -> int:
        """How many calls of the run (or session) of the last event begin after the first one, up to and with the last."""
        between = (i for i in range(first + 1, last + 1) if self.events[i].kind == "call")
        return sum(self.together(i, last, per_session) for i in between)

    def group(self, index: int, per_session: bool) -> tuple[str | None, ...]:
        """The run, or the session, that the event belongs to."""
        event = self.events[index]
        return (event.trace, event.session) if per_session else (event.trace, event.session, event.run)

    def together(self, one: int, other: int, per_session: bool) -> bool:
        """Whether two events are of one history."""
        return self.group(one, per_session) == self.group(other, per_session)

    def before(self, index: int, per_session: bool) -> list[int]:
        """The history of an event, oldest first."""
        return [i for i in range(index) if self.together(i, index, per_session)]

    def after(self, index: int, per_session: bool) -> list[int]:
        """What follows an event in its run or session."""
        return [i for i in range(index + 1, len(self.events)) if self.together(i, index, per_session)]

    def turn(self, index: int) -> int:
        """The model answer (or input) that the event belongs to: its index, or -1 at the start of the run."""
        heads = (i for i in self.before(index, False) if self.events[i].kind in ("llm", "input"))
        return max(heads, default=-1)


def _hidden(event: Event, *fields: str) -> bool:
    return any((event.completeness or {}).get(field) in _HIDDEN for field in fields)
