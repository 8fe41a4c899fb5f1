"""Whether an event of a native trace may come where it does, remembering a bounded number of ids and calls."""

from __future__ import annotations

from math import inf

import attrs

from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.trace import Opened, Problem

REMEMBERED = 20_000
"""A second use of an id or of a call is noticed if at most so many other ones lie between; so many calls may wait for their answers."""
MANY = 1_000
"""So many traces of one file are open at once."""


@attrs.define(eq=False)
class Group:
    """One trace being read. `calls`: the tool of each call, None once it has its answer. Of calls and of ids the latest are remembered,
    `REMEMBERED` of them at least: as soon as there are so many young ones, these are the old ones. `forgot`: calls without an answer
    were forgotten, so that any answer may be one of theirs."""

    trace: Opened
    ids: set[str] = attrs.field(factory=set)
    old_ids: set[str] = attrs.field(factory=set)
    calls: dict[str, str | None] = attrs.field(factory=dict)
    old_calls: dict[str, str | None] = attrs.field(factory=dict)
    last: float = -1
    forgot: bool = False
    paused: bool = False

    def admits(self, event: Event) -> bool:
        """Take note of an event; whether it may come here."""
        seq, kind, name = event.seq, event.kind, event.id
        if seq <= self.last or (name and (name in self.ids or name in self.old_ids)):
            return False
        if kind == "call":
            call, tool, calls = event.call, event.tool, self.calls
            if not tool or call in calls or call in self.old_calls:
                return False
            if call:
                calls[call] = tool
                if len(calls) >= REMEMBERED:
                    self._turn()
        elif kind == "result" or kind == "fail":
            call, tool = event.call, event.tool
            if not tool:
                return False
            if call:
                calls = self.calls
                if calls.get(call) == tool:
                    calls[call] = None
                elif not self._late(call, tool):
                    return False
        self.last = seq
        if name:
            self._note(name)
        return True

    def open(self, call: str | None) -> str | None:
        """The tool of a call that has no answer."""
        return None if call is None else self.calls.get(call) or self.old_calls.get(call)

    def _note(self, name: str) -> None:
        self.ids.add(name)
        if len(self.ids) >= REMEMBERED:
            self.ids, self.old_ids = set(), self.ids

    def _late(self, call: str, tool: str) -> bool:
        """An answer to a call that is not among the young ones."""
        if self.old_calls.get(call) == tool:
            self.old_calls[call] = None
            return True
        return self.forgot and call not in self.calls and call not in self.old_calls

    def _turn(self) -> None:
        self.forgot = self.forgot or any(tool is not None for tool in self.old_calls.values())
        self.calls, self.old_calls = {}, self.calls

    def pause(self) -> None:
        """No more events are waited for: what served to check them is forgotten."""
        self.paused, self.last = True, inf
        self.ids, self.old_ids, self.calls, self.old_calls = set(), set(), {}, {}


def disorder(group: Group, event: Event, file: str, line: int) -> Problem:
    """Why an event is not admitted."""
    if group.paused:
        message = f"the trace goes on after {MANY} other ones"
        return Problem(
            "WF712", message, file, line, "/trace", help="write the events of a trace nearer to each other"
        )
    if event.seq <= group.last:
        message = f"event {event.seq} after event {group.last}: `seq` must grow"
        return Problem("WF712", message, file, line, "/seq")
    if event.id and (event.id in group.ids or event.id in group.old_ids):
        return Problem("WF708", f"the id `{event.id[:60]}` is used twice", file, line, "/id")
    if event.kind == "call" and event.call and event.tool:
        return Problem("WF708", f"the call `{event.call[:60]}` is used twice", file, line, "/call")
    if not event.tool:
        return Problem("WF707", f"an event `{event.kind}` needs its `tool`", file, line)
    if group.open(event.call) is None:
        return Problem("WF709", "a result without an open call", file, line, "/call")
    return Problem("WF709", "a result of another tool than its call", file, line, "/tool")
