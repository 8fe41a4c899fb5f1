"""The judges of all traces that are being read, side by side: from what readers yield to what the traces show."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import attrs

from wfcheck.checker.replay.judging import Judge, Judged, Setting, judge_whole
from wfcheck.checker.replay.window import Window
from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.trace import Closed, Opened, Paused, Piece, Problem, Trace

SELDOM = 200_000
"""Objects made, less those gone, between two looks for circular garbage: events and what is kept of them make none."""


def judged(setting: Setting, pieces: Iterable[Piece], *, lenient: bool = False) -> Iterator[Judged | Problem]:
    """What each trace shows, and the problems met on the way. The traces of one file are told when the file ends, in the order of their
    first events; one with an event out of order is not told unless `lenient`."""
    desk = _Desk(setting, lenient, Window(setting.ahead))
    for piece in pieces:
        if isinstance(piece, tuple):
            desk.take(*piece)
        elif isinstance(piece, Trace):
            yield judge_whole(setting, piece)
        elif isinstance(piece, Problem):
            yield piece
        elif isinstance(piece, Closed):
            yield from desk.close(piece)
        elif isinstance(piece, Paused):
            desk.pause(piece.trace)


@attrs.frozen(eq=False)
class _Desk:
    setting: Setting
    lenient: bool
    window: Window

    def seat(self, trace: Opened) -> Judge:
        """A judge for a trace."""
        trace.seat = Judge.start(self.setting, trace.name, trace.format, trace.completeness)
        return trace.seat  # type: ignore[no-any-return]

    def take(self, trace: Opened, events: list[Event]) -> None:
        """Some more events of a trace."""
        judge: Judge = trace.seat or self.seat(trace)
        if trace.broken and not self.lenient:
            return
        if not self.setting.ahead and judge.passing is not None:
            judge.passing.take_all(events)
            return
        for event in events:
            self.window.push(judge, event)

    def pause(self, trace: Opened) -> None:
        """No more events of a trace are waited for."""
        self.window.close(trace.seat or self.seat(trace))

    def close(self, file: Closed) -> Iterator[Judged]:
        """The end of a file. What waits of a file that broke off is dropped."""
        if not file.traces:
            self.window.waiting.clear()
            return
        self.window.drain()
        for trace in file.traces:
            judge: Judge = trace.seat or self.seat(trace)
            if trace.broken and not self.lenient:
                continue
            judge.end()
            assert judge.judged is not None
            yield judge.judged.incomplete(file.losses[0]) if file.losses else judge.judged


@contextmanager
def unhindered() -> Iterator[None]:
    """With the collector of circular garbage at work but seldom."""
    before = gc.get_threshold()
    gc.set_threshold(SELDOM, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
