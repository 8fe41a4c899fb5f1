"""What all readers share: one run under construction, with the place of each event, open calls and located problems."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from wfcheck.checker.traces.event import Completeness, Event, EventSource, Json, Kind
from wfcheck.checker.traces.reading import MalformedError, decode
from wfcheck.checker.traces.trace import Item, Problem, Trace
from wfcheck.dsl.diagnostic import Severity

ERROR_LIMIT = 2000
NO_DECISIONS: Mapping[str, Completeness] = {
    "approve": "absent", "deny": "absent", "ask": "absent", "release": "absent", "remember": "absent", "recall": "absent",
    "reset": "absent", "message": "absent",
}  # fmt: skip
"""What no format shows that knows only models and tools."""
UNSTEPPED: Mapping[str, Completeness] = {**NO_DECISIONS, "step": "absent"}
"""Nor the steps of a workflow."""
HIDDEN_RESULT: Mapping[str, Completeness] = {"result": "absent"}


@attrs.frozen
class Record:
    """One JSON value of a file: `line` counts from 1, `pointer` leads from that line's value to this one."""

    value: Json
    line: int
    pointer: str = ""

    def below(self, key: str | int) -> str:
        """The pointer of a member."""
        return f"{self.pointer}/{pointer_part(key)}"


@attrs.frozen
class Source:
    """The file being read and how: `limit` bounds the bytes of a line or document."""

    file: str
    lenient: bool
    limit: int


def pointer_part(key: str | int) -> str:
    """One reference token of a JSON pointer (RFC 6901), bounded."""
    return str(key)[:200].replace("~", "~0").replace("/", "~1")


def arguments_of(value: Json) -> dict[str, Json]:
    """The arguments of a call: an object, or one printed as JSON; nothing is no arguments. Raises MalformedError."""
    if isinstance(value, str):
        try:
            value = decode(value.encode("utf-8", "surrogatepass")) if value.strip() else {}
        except MalformedError as error:
            raise MalformedError(error.code, f"arguments: {error}") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedError("WF707", "arguments must be an object")
    return value


@attrs.define
class RunBuilder:
    """The events of one run so far; `line` and `pointer` are of the record at hand."""

    file: str
    line: int = 1
    pointer: str = ""
    events: list[Event] = attrs.field(factory=list)
    problems: list[Problem] = attrs.field(factory=list)
    pending: dict[str, tuple[str, str, int]] = attrs.field(
        factory=dict
    )  # id in the file: unique id, tool, index
    used: dict[str, int] = attrs.field(factory=dict)
    queues: dict[str | None, deque[str]] = attrs.field(
        factory=dict
    )  # ids in order of opening, of a tool and of all

    def at(self, line: int, pointer: str) -> None:
        """The record that the next events come from."""
        self.line, self.pointer = line, pointer

    def problem(self, code: str, message: str, below: str = "", severity: Severity = Severity.ERROR) -> None:
        """Something wrong in the record at hand."""
        place = self.pointer + below
        self.problems.append(Problem(code, message, self.file, self.line, place, severity=severity))

    def add(self, kind: Kind, below: str = "", **fields: Any) -> None:
        """One event, read `below` the record at hand."""
        source = EventSource(self.file, self.line, self.pointer + below)
        self.events.append(Event(kind=kind, seq=len(self.events), source=source, **fields))

    def call(self, tool: str, given: Json, below: str = "", **fields: Any) -> str | None:
        """A call, opened under the id `given` in the file (or one of its own); its unique id, or None after a problem."""
        identity = self.open(given, tool, below)
        if identity is not None:
            self.add("call", below, tool=tool, call=identity, **fields)
        return identity

    def open(self, given: Json, tool: str, below: str = "") -> str | None:
        """Open a call; the event that will be added next stands for it."""
        if given is not None and not isinstance(given, str):
            self.problem("WF707", "a call's `id` must be text", below)
            return None
        if not tool:
            self.problem("WF707", "a call must name its tool", below)
            return None
        identity = given or self._fresh()
        if identity in self.pending:
            self.problem("WF708", f"the id `{identity[:60]}` is used by two open calls", below)
            return None
        count = self.used[identity] = self.used.get(identity, 0) + 1
        if count > 1 and not any(p.code == "WF714" for p in self.problems):
            message = f"the id `{identity[:60]}` is used again after its answer"
            self.problem("WF714", message, below, Severity.NOTE)
        unique = identity if count == 1 else f"{identity}~{count}"
        self.pending[identity] = (unique, tool, len(self.events))
        for queue in (tool, None):
            self.queues.setdefault(queue, deque()).append(identity)
        return unique

    def _fresh(self) -> str:
        """An id that stands nowhere in the file so far."""
        identity = f"call-{len(self.events)}"
        while identity in self.used:
            identity += "~"
        return identity

    def close(self, given: Json, tool: Json = None, below: str = "") -> tuple[str, str, int] | None:
        """Close the open call of that id, or without an id the oldest (of that tool): unique id, tool, index."""
        key = given if given is not None else self.oldest(tool)
        opened = self.pending.pop(key, None) if isinstance(key, str) else None
        if opened is None:
            self.problem("WF709", "a result without an open call", below)
        return opened

    def oldest(self, tool: Json = None) -> str | None:
        """The id of the call that is open longest (of that tool)."""
        queue = self.queues.get(tool) if tool is None or isinstance(tool, str) else None
        while queue:
            opened = self.pending.get(queue[0])
            if opened is not None and tool in (None, opened[1]):
                return queue[0]
            queue.popleft()
        return None

    def answer(
        self, opened: tuple[str, str, int], result: Json, error: Json, below: str = "", **more: Any
    ) -> None:
        """The result of a closed call, or its failure where there is an `error`."""
        call, tool, _ = opened
        if error:
            text = result if isinstance(result, str) and result else None
            self.add("fail", below, tool=tool, call=call, error=str(error)[:ERROR_LIMIT], text=text, **more)
        else:
            self.add("result", below, tool=tool, call=call, result=result, **more)

    def deny(self, opened: tuple[str, str, int], **more: Any) -> None:
        """A closed call turns out never to have run: its event becomes a denial."""
        _, _, index = opened
        old = self.events[index]
        self.events[index] = Event(
            kind="deny", seq=old.seq, tool=old.tool, args_requested=old.args_requested, time=old.time,
            agent=old.agent, source=old.source, session=old.session, run=old.run, **more,
        )  # fmt: skip

    def unanswered(self) -> bool:
        """Whether a call has no recorded end although the agent went on after it."""
        last = max((i for i, e in enumerate(self.events) if e.kind in ("call", "llm")), default=-1)
        return any(index < last for _, _, index in self.pending.values())

    def finish(
        self,
        name: str,
        shown: str,
        completeness: Mapping[str, Completeness],
        lenient: bool,
        losses: tuple[str, ...] = (),
        start: int = 1,
    ) -> Iterator[Item]:
        """The problems, then the run; a run with an error is dropped unless `lenient`. `shown` names the format."""
        yield from self.problems
        errors = [p for p in self.problems if p.severity is Severity.ERROR]
        if errors and not lenient:
            return
        lost = tuple(f"{p.message} at line {p.line} `{p.pointer}`" for p in errors)
        yield Trace(name, self.file, start, shown, tuple(self.events), dict(completeness), losses + lost)
