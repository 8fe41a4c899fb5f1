"""The project's own traces: `*.wftrace.jsonl`, a header line, then canonical events of one or several traces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs
import msgspec

from wfcheck.checker.traces.event import Event, EventSource, Header, Json
from wfcheck.checker.traces.reading import Line, decode_line
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
            self.lose(Problem("WF707", f"not an event: {_words(error)}", self.file, line.number))
            return
        unknown = sorted(value.keys() - _FIELDS)
        if unknown:
            self.lose(Problem("WF707", f"an event has no field `{unknown[0][:40]}`", self.file, line.number))
            return
        name = f"{self.file}#{event.trace}" if event.trace else self.file
        group = self.groups.setdefault(name, _Group(name, line.number))
        self._check(group, event, line.number)

    def _check(self, group: _Group, event: Event, line: int) -> None:
        problem = self._disorder(group, event, line)
        if problem is not None:
            group.broken = True
            self.lose(problem)
            return
        group.last = event.seq
        if event.id:
            group.ids.add(event.id)
        if event.call and event.kind == "call":
            group.calls.add(event.call)
            group.open[event.call] = event.tool or ""
        elif event.call and event.kind in _ANSWERS:
            del group.open[event.call]
        source = EventSource(self.file, line, "")
        group.events.append(msgspec.structs.replace(event, source=source))

    def _disorder(self, group: _Group, event: Event, line: int) -> Problem | None:
        if event.seq <= group.last:
            message = f"event {event.seq} after event {group.last}: `seq` must grow"
            return Problem("WF712", message, self.file, line, "/seq")
        if event.id and event.id in group.ids:
            return Problem("WF708", f"the id `{event.id[:60]}` is used twice", self.file, line, "/id")
        if event.kind == "call" and event.call and event.call in group.calls:
            return Problem("WF708", f"the call `{event.call[:60]}` is used twice", self.file, line, "/call")
        if event.kind in ("call", "result", "fail", "deny") and not event.tool and event.kind != "deny":
            return Problem("WF707", f"an event `{event.kind}` needs its `tool`", self.file, line)
        if event.kind in _ANSWERS and event.call and event.call not in group.open:
            return Problem("WF709", "a result without an open call", self.file, line, "/call")
        if event.kind in _ANSWERS and event.call and group.open[event.call] != event.tool:
            return Problem("WF709", "a result of another tool than its call", self.file, line, "/tool")
        return None


_FIELDS = frozenset(Event.__struct_fields__)


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
