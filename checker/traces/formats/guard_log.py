"""Decision logs of guards: what happened, as the guard was told or allowed it. The chain of hashes is followed line by line; nothing is
read after a line that does not belong to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import attrs
import msgspec

from wfcheck.checker.traces.building import Source
from wfcheck.checker.traces.decisions import (
    FORMAT,
    VERSION,
    BrokenLineError,
    happened,
    linked,
    read_header,
    read_record,
)
from wfcheck.checker.traces.event import Event, EventSource, Json
from wfcheck.checker.traces.reading import Line
from wfcheck.checker.traces.trace import Closed, Opened, Piece, Problem

NAME: Final = "wfguard"
BATCH: Final = 500
_ERRORS: Final = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError)


def recognises(value: Json) -> bool:
    """The header of a log."""
    return isinstance(value, dict) and value.get("format") == FORMAT


def stream(lines: Iterable[Line | Problem], source: Source) -> Iterator[Piece]:
    """The events of a log, which is one trace."""
    reader = _Reader(source.file, Opened(source.file, source.file, 1, NAME, {}))
    waiting: list[Event] = []
    held: Line | Problem | None = None
    for line in lines:
        if held is not None:
            problem = reader.line(held, waiting, last=False)
            if problem is not None:
                yield problem
                break
            if len(waiting) >= BATCH:
                yield reader.trace, waiting
                waiting = []
        held = line
    else:
        problem = None if held is None else reader.line(held, waiting, last=True)
        if problem is not None:
            yield problem
    if waiting:
        yield reader.trace, waiting
    yield Closed((reader.trace,), tuple(reader.losses))


@attrs.define(eq=False)
class _Reader:
    file: str
    trace: Opened
    last: bytes = b""
    started: bool = False
    actor: str | None = None
    count: int = 0
    losses: list[str] = attrs.field(factory=list)

    def line(self, line: Line | Problem, events: list[Event], *, last: bool) -> Problem | None:
        """Take in a line; what is wrong with it. `last`: no other one follows."""
        if isinstance(line, Problem):
            return self._lost(line)
        data = line.data + b"\n"
        try:
            digest = linked(self.last, data)
        except BrokenLineError:
            if last and self.started and not line.data.endswith(b'"}'):
                self.losses.append(f"line {line.number}: it was cut off while it was written")
                return None
            why = "this line was changed, or a line before it is missing"
            return self._lost(Problem("WF707", why, self.file, line.number, help="nothing after it is read"))
        self.last = digest
        try:
            self._take(data, line.number, events)
        except _ERRORS:
            return self._lost(Problem("WF707", "not a line of a decision log", self.file, line.number))
        return None

    def _take(self, data: bytes, number: int, events: list[Event]) -> None:
        if not self.started:
            header = read_header(data)
            if header.format != FORMAT or header.version != VERSION:
                raise ValueError
            self.started, self.actor = True, header.actor
            return
        event = happened(read_record(data), self.actor)
        if event is not None:
            where = EventSource(self.file, number, "/event")
            events.append(msgspec.structs.replace(event, seq=self.count, source=where))
            self.count += 1

    def _lost(self, problem: Problem) -> Problem:
        self.trace.broken = True
        self.losses.append(f"line {problem.line}: {problem.message}")
        return problem
