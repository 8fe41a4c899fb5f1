"""Whether an event of a native trace may come where it does, remembering a bounded number of ids and calls."""

from __future__ import annotations

import attrs

from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.trace import Opened, Problem

ANSWERS = frozenset({"result", "fail"})
REMEMBERED = 20_000
"""A second use of an id or of a call is noticed if at most so many other ones lie between; so many calls may wait for their answers."""
MANY = 1_000
"""So many traces of one file are open at once."""


@attrs.define(eq=False)
class Group:
    """One trace being read. Of ids and of calls the latest are remembered, `REMEMBERED` of them at least: as soon as there are so many
    young ones, these are the old ones. `forgot`: calls without an answer were forgotten, so that any answer may be one of theirs."""

    trace: Opened
    ids: set[str] = attrs.field(factory=set)
    old_ids: set[str] = attrs.field(factory=set)
    calls: set[str] = attrs.field(factory=set)
    old_calls: set[str] = attrs.field(factory=set)
    open: dict[str, str] = attrs.field(factory=dict)
    last: int = -1
    forgot: bool = False
    paused: bool = False

    def admits(self, event: Event) -> bool:
        """Take note of an event; whether it may come here."""
        seq, kind, name, call = event.seq, event.kind, event.id, event.call
        if seq <= self.last or self.paused or (name and (name in self.ids or name in self.old_ids)):
            return False
        if kind == "call":
            tool = event.tool
            if not tool or call in self.calls or call in self.old_calls:
                return False
            if call:
                self._begins(call, tool)
        elif kind in ANSWERS and not (event.tool and (not call or self._answers(call, event.tool))):
            return False
        self.last = seq
        if name:
            self.ids.add(name)
            if len(self.ids) >= REMEMBERED:
                self.ids, self.old_ids = set(), self.ids
        return True

    def _begins(self, call: str, tool: str) -> None:
        self.open[call] = tool
        self.calls.add(call)
        if len(self.calls) >= REMEMBERED:
            self.calls, self.old_calls = set(), self.calls
        if len(self.open) > REMEMBERED:
            self._forget()

    def _answers(self, call: str, tool: str) -> bool:
        made = self.open.get(call)
        if made == tool:
            del self.open[call]
            return True
        return made is None and self.forgot

    def _forget(self) -> None:
        self.forgot = True
        for call in list(self.open)[: REMEMBERED // 2]:
            del self.open[call]

    def pause(self) -> None:
        """No more events are waited for: what served to check them is forgotten."""
        self.paused, self.open = True, {}
        self.ids, self.old_ids, self.calls, self.old_calls = set(), set(), set(), set()


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
    if event.call not in group.open:
        return Problem("WF709", "a result without an open call", file, line, "/call")
    return Problem("WF709", "a result of another tool than its call", file, line, "/tool")
