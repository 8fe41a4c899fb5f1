"""Runs that came to their end: remembered for a while, should they go on all the same, then forgotten."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

import attrs

from wfcheck.checker.traces.event import Event

Run = tuple[str, str]
LINGER = 10_000
"""A run is forgotten so many events after its end."""
TOLD_APART = 1_000_000
"""Of so many forgotten runs it is known that they are forgotten."""


@attrs.define
class Endings:
    """The runs of one trace that ended. `gone`: the hashes of those that are forgotten; `full`: there are more of them than are told
    apart."""

    linger: int = LINGER
    ended: OrderedDict[Run, tuple[int, Event]] = attrs.field(factory=OrderedDict)
    gone: set[int] = attrs.field(factory=set)
    full: bool = False

    def goes_on(self, run: Run) -> bool:
        """An event of the run comes; whether what was before it is forgotten."""
        self.ended.pop(run, None)
        return bool(self.gone) and hash(run) in self.gone

    def over(self, run: Run, index: int, event: Event) -> Iterator[tuple[Run, Event]]:
        """The run ends; the runs that are forgotten now. Runs that are not told apart by an id are not."""
        if run[1]:
            self.ended[run] = (index, event)
        while self.ended:
            first, (at, end) = next(iter(self.ended.items()))
            if index - at < self.linger:
                return
            del self.ended[first]
            if len(self.gone) < TOLD_APART:
                self.gone.add(hash(first))
            else:
                self.full = True
            yield first, end
