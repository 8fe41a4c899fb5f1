"""The project's own traces: `*.wftrace.jsonl`, a header line, then canonical events of one or several traces.

Events are handed on as they are read. What is remembered does not grow with the file: of ids and calls the latest, of open calls and
open traces a bounded number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import InvalidOperation

import attrs
import msgspec

from wfcheck.checker.traces.disorder import MANY, Group, disorder
from wfcheck.checker.traces.event import Event, EventSource, Header, Json
from wfcheck.checker.traces.reading import DEPTH_LIMIT, LINE_LIMIT, Line, as_line, decode_line, exact
from wfcheck.checker.traces.trace import Closed, Opened, Paused, Piece, Problem

VERSION = 1
PROBLEMS = 1_000
"""So many problems of one file are listed; more are counted."""
Block = tuple[int, list[bytes | None]]


def recognises(value: Json) -> bool:
    """The header of a native trace, or an event (of a file that lost its header)."""
    return isinstance(value, dict) and (value.get("format") == "wftrace" or {"kind", "seq"} <= value.keys())


_DECODER = msgspec.json.Decoder(Event, float_hook=exact)
_SHALLOW = 2 * DEPTH_LIMIT  # a shorter text has no room for more levels
_CLOSER = (msgspec.MsgspecError, InvalidOperation, ValueError, RecursionError, TypeError)
"""What the quick way of reading meets and leaves to a closer look."""


def stream_native(
    head: Iterable[Line | Problem],
    blocks: Iterable[Block],
    file: str,
    limit: int = LINE_LIMIT,
    most: int = MANY,
) -> Iterator[Piece]:
    """The events of one file, each with its trace. `head`: the first lines, read before; `blocks`: the other ones. `most`: so many
    traces are open at once; the one that was silent longest is paused. A line that cannot be read may belong to any trace of the file,
    so all of them carry the loss; a trace with an event out of order is broken."""
    reader = _Reader(file, limit, most)
    for line in head:
        yield from reader.line(line)
    for number, block in blocks:
        yield from reader.block(number, block)
    yield from reader.done()


@attrs.define
class _Reader:
    file: str
    limit: int
    most: int
    header: Header = attrs.field(factory=Header)
    started: bool = False
    groups: dict[str, Group] = attrs.field(factory=dict)
    awake: dict[str, None] = attrs.field(factory=dict)  # not paused; the one silent longest first
    latest: str | None = None
    losses: list[str] = attrs.field(factory=list)
    problems: int = 0

    def block(self, number: int, block: list[bytes | None]) -> Iterator[Piece]:
        """The events of many lines, decoded as their type at once. Those of one trace that follow each other are handed on together."""
        decode, setting, file = _DECODER.decode, msgspec.structs.force_setattr, self.file
        events: list[Event] = []
        group, name = None, None
        for data in block:
            try:
                if len(data) > _SHALLOW and data.count(b"[") + data.count(b"{") > DEPTH_LIMIT:  # type: ignore[arg-type,union-attr]
                    raise ValueError
                event = decode(data)  # type: ignore[arg-type]
            except _CLOSER:
                if group is not None and events:
                    yield group.trace, events
                events, group, name = [], None, None
                yield from self.closely(number, data)
            else:
                if group is None or event.trace != name:
                    if group is not None and events:
                        yield group.trace, events
                    events, name = [], event.trace
                    group, paused = self._group(name, number)
                    if paused is not None:
                        yield Paused(paused)
                if group.admits(event):
                    setting(event, "source", EventSource(file, number))
                    events.append(event)
                else:
                    yield from self._lose(disorder(group, event, file, number), broken=group.trace)
            number += 1
        if group is not None and events:
            yield group.trace, events

    def closely(self, number: int, data: bytes | None) -> Iterator[Piece]:
        """One line, with a closer look."""
        line = as_line(data, self.file, number, self.limit)
        if line is not None:
            yield from self.line(line)

    def line(self, line: Line | Problem) -> Iterator[Piece]:
        """The event of one line, or the problem."""
        value = line if isinstance(line, Problem) else decode_line(line)
        if isinstance(value, Problem):
            yield from self._lose(value)
            return
        assert isinstance(line, Line)
        first, self.started = not self.started, True
        if isinstance(value, dict) and "format" in value:
            yield from self._head(value, line, first)
            return
        if first:
            missing = Problem("WF710", "the header line is missing", self.file, line.number)
            yield from self._lose(missing, lost=False)
        yield from self._event(value, line)

    def done(self) -> Iterator[Piece]:
        """The end of the file."""
        if self.problems > PROBLEMS:
            more = f"{self.problems - PROBLEMS} more lines of `{self.file}` cannot be read"
            yield Problem("WF707", more, self.file)
        if self.groups:
            yield Closed(tuple(group.trace for group in self.groups.values()), tuple(self.losses))

    def _lose(self, problem: Problem, lost: bool = True, broken: Opened | None = None) -> Iterator[Piece]:
        if broken is not None:
            broken.broken = True
        self.problems += 1
        if self.problems <= PROBLEMS:
            yield problem
            if lost:
                self.losses.append(f"line {problem.line}: {problem.message}")

    def _head(self, value: Json, line: Line, first: bool) -> Iterator[Piece]:
        try:
            header = msgspec.convert(value, Header)
        except msgspec.ValidationError as error:
            yield from self._lose(
                Problem("WF710", f"the header is wrong: {_words(error)}", self.file, line.number)
            )
            return
        if header.format != "wftrace" or header.version != VERSION:
            message = f"trace format version {header.version} is not read by this version of wfcheck"
            yield from self._lose(Problem("WF710", message, self.file, line.number))
        elif first:
            self.header = header

    def _event(self, value: Json, line: Line) -> Iterator[Piece]:
        try:
            event = msgspec.convert(value, Event)
        except msgspec.ValidationError as error:
            yield from self._lose(Problem("WF707", _wrong(value, error), self.file, line.number))
            return
        group, paused = self._group(event.trace, line.number)
        if paused is not None:
            yield Paused(paused)
        if group.admits(event):
            msgspec.structs.force_setattr(event, "source", EventSource(self.file, line.number))
            yield group.trace, [event]
        else:
            yield from self._lose(disorder(group, event, self.file, line.number), broken=group.trace)

    def _group(self, name: str, line: int) -> tuple[Group, Opened | None]:
        """The trace of that name, and the one that is paused for it."""
        group = self.groups.get(name)
        if group is None:
            shown = f"{self.file}#{name}" if name else self.file
            group = Group(Opened(shown, self.file, line, "wftrace", self.header.completeness))
            self.groups[name] = group
        if name == self.latest or group.paused:
            return group, None
        self.awake.pop(name, None)
        self.awake[name] = None
        self.latest = name
        return group, self._pause()

    def _pause(self) -> Opened | None:
        if len(self.awake) <= self.most:
            return None
        silent = next(iter(self.awake))
        del self.awake[silent]
        group = self.groups[silent]
        group.pause()
        return group.trace


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
