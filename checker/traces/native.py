"""The project's own traces: `*.wftrace.jsonl`, a header line, then canonical events of one or several traces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import InvalidOperation

import attrs
import msgspec

from wfcheck.checker.traces.event import Event, EventSource, Header, Json
from wfcheck.checker.traces.reading import DEPTH_LIMIT, Line, decode_line, exact
from wfcheck.checker.traces.trace import Item, Problem, Trace

VERSION = 1
_ANSWERS = frozenset({"result", "fail"})


def recognises(value: Json) -> bool:
    """The header of a native trace, or an event (of a file that lost its header)."""
    return isinstance(value, dict) and (value.get("format") == "wftrace" or {"kind", "seq"} <= value.keys())


@attrs.define
class _Group:
    """One trace being read."""

    name: str
    line: int
    events: list[Event] = attrs.field(factory=list)
    ids: set[str] = attrs.field(factory=set)
    calls: set[str] = attrs.field(factory=set)
    open: dict[str, str] = attrs.field(factory=dict)
    last: int = -1
    broken: bool = False

    def fits(self, event: Event) -> bool:
        """Take note of a call or an answer; whether it fits what is open."""
        call, kind = event.call, event.kind
        if kind == "call":
            if not event.tool or call in self.calls:
                return False
            if call:
                self.calls.add(call)
                self.open[call] = event.tool
        elif kind in _ANSWERS:
            return bool(event.tool) and (not call or self.open.pop(call, None) == event.tool)
        return True


_DECODER = msgspec.json.Decoder(Event, float_hook=exact)
_SHALLOW = 100


def _quick(data: bytes) -> Event | None:
    """The event of a line, decoded as its type at once; None for whatever needs a closer look."""
    if len(data) > _SHALLOW and data.count(b"[") + data.count(b"{") > DEPTH_LIMIT:
        return None
    try:
        return _DECODER.decode(data)
    except (msgspec.MsgspecError, InvalidOperation, ValueError, RecursionError):
        return None


def read_native(lines: Iterable[Line | Problem], file: str, lenient: bool) -> Iterator[Item]:
    """The traces of one file. A line that cannot be read may belong to any trace of the file, so all of them carry the
    loss; a trace with an event out of order is dropped unless `lenient`."""
    reader = _Reader(file)
    for line in lines:
        reader.line(line)
    yield from reader.problems
    for group in reader.groups.values():
        if not group.broken or lenient:
            events = tuple(group.events)
            yield Trace(
                group.name,
                file,
                group.line,
                "wftrace",
                events,
                reader.header.completeness,
                tuple(reader.losses),
            )


@attrs.define
class _Reader:
    file: str
    header: Header = attrs.field(factory=Header)
    started: bool = False
    groups: dict[str, _Group] = attrs.field(factory=dict)
    problems: list[Problem] = attrs.field(factory=list)
    losses: list[str] = attrs.field(factory=list)

    def line(self, line: Line | Problem) -> None:
        if self.started and isinstance(line, Line):
            event = _quick(line.data)
            if event is not None:
                self._check(event, line.number)
                return
        value = line if isinstance(line, Problem) else decode_line(line)
        if isinstance(value, Problem):
            self.lose(value)
            return
        assert isinstance(line, Line)
        first, self.started = not self.started, True
        if isinstance(value, dict) and "format" in value:
            self._head(value, line, first)
            return
        if first:
            self.lose(Problem("WF710", "the header line is missing", self.file, line.number), lost=False)
        self._event(value, line)

    def lose(self, problem: Problem, lost: bool = True) -> None:
        self.problems.append(problem)
        if lost:
            self.losses.append(f"line {problem.line}: {problem.message}")

    def _head(self, value: Json, line: Line, first: bool) -> None:
        try:
            header = msgspec.convert(value, Header)
        except msgspec.ValidationError as error:
            self.lose(Problem("WF710", f"the header is wrong: {_words(error)}", self.file, line.number))
            return
        if header.format != "wftrace" or header.version != VERSION:
            message = f"trace format version {header.version} is not read by this version of wfcheck"
            self.lose(Problem("WF710", message, self.file, line.number))
        elif first:
            self.header = header

    def _event(self, value: Json, line: Line) -> None:
        try:
            event = msgspec.convert(value, Event)
        except msgspec.ValidationError as error:
            self.lose(Problem("WF707", _wrong(value, error), self.file, line.number))
            return
        self._check(event, line.number)

    def _check(self, event: Event, line: int) -> None:
        group = self.groups.get(event.trace)
        if group is None:
            name = f"{self.file}#{event.trace}" if event.trace else self.file
            group = self.groups[event.trace] = _Group(name, line)
        if event.seq <= group.last or event.id in group.ids or not group.fits(event):
            group.broken = True
            self.lose(self._disorder(group, event, line))
            return
        group.last = event.seq
        if event.id:
            group.ids.add(event.id)
        msgspec.structs.force_setattr(event, "source", EventSource(self.file, line))
        group.events.append(event)

    def _disorder(self, group: _Group, event: Event, line: int) -> Problem:
        if event.seq <= group.last:
            message = f"event {event.seq} after event {group.last}: `seq` must grow"
            return Problem("WF712", message, self.file, line, "/seq")
        if event.id and event.id in group.ids:
            return Problem("WF708", f"the id `{event.id[:60]}` is used twice", self.file, line, "/id")
        if event.kind == "call" and event.call and event.call in group.calls:
            return Problem("WF708", f"the call `{event.call[:60]}` is used twice", self.file, line, "/call")
        if not event.tool:
            return Problem("WF707", f"an event `{event.kind}` needs its `tool`", self.file, line)
        if event.kind in _ANSWERS and event.call and event.call not in group.open:
            return Problem("WF709", "a result without an open call", self.file, line, "/call")
        return Problem("WF709", "a result of another tool than its call", self.file, line, "/tool")


def _wrong(value: Json, error: Exception) -> str:
    unknown = sorted(value.keys() - set(Event.__struct_fields__)) if isinstance(value, dict) else []
    return f"an event has no field `{unknown[0][:40]}`" if unknown else f"not an event: {_words(error)}"


def _words(error: Exception) -> str:
    """A validation message in the project's words, bounded and on one line."""
    text = str(error).replace("`$.", "`").replace("Expected", "expected").replace("Object", "the object")
    for host, word in (
        ("`str`", "text"),
        ("`int`", "a whole number"),
        ("`object`", "an object"),
        ("`array`", "a list"),
    ):
        text = text.replace(host, word)
    return "".join(c if c.isprintable() else " " for c in text)[:200]
