"""Looking ahead, a bounded way: an event is judged when so many later ones were read."""

from __future__ import annotations

from collections import deque
from typing import Protocol

import attrs

from wfcheck.checker.traces.event import Event

AHEAD = 10_000
"""So many events of a file are read ahead; a call whose answer lies further away stays open."""


class Taking(Protocol):
    """Whoever takes in the events of one trace."""

    def read(self, event: Event) -> None:
        """An event was read. Its turn comes later."""
        ...

    def take(self, event: Event) -> None:
        """Its turn has come."""
        ...

    def end(self) -> None:
        """There are no more events."""
        ...


@attrs.define
class Window:
    """The events that were read and not judged yet, of all traces of one file."""

    size: int = AHEAD
    waiting: deque[tuple[Taking, Event | None]] = attrs.field(factory=deque)

    def push(self, one: Taking, event: Event) -> None:
        """An event was read."""
        if not self.size:
            one.take(event)
            return
        one.read(event)
        self.waiting.append((one, event))
        if len(self.waiting) > self.size:
            self._next()

    def close(self, one: Taking) -> None:
        """The trace has no more events."""
        if self.waiting:
            self.waiting.append((one, None))
        else:
            one.end()

    def drain(self) -> None:
        """The file has no more events."""
        while self.waiting:
            self._next()

    def _next(self) -> None:
        one, event = self.waiting.popleft()
        if event is None:
            one.end()
        else:
            one.take(event)
