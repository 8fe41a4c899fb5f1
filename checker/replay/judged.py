"""What came of one trace."""

from __future__ import annotations

from typing import Any

import attrs

from wfcheck.checker.replay.assumptions import Broken
from wfcheck.checker.replay.result import Departure, NearMiss, ReplayResult, Undeclared


@attrs.frozen
class Judged:
    """What one trace shows: one result per rule in the order of the program, the assumptions that it broke, the events at which it
    left the workflow, the assumptions that broke in vain, the tools that it uses and the specification does not declare. `recorded`:
    what a recorder kept."""

    alike: tuple[ReplayResult, ...] = attrs.field(
        repr=False
    )  # the results without the name of the trace; traces share them
    broken: tuple[Broken, ...]
    departures: tuple[Departure, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    undeclared: tuple[Undeclared, ...] = ()
    trace: str = ""
    events: int = 0
    recorded: Any = None

    @property
    def results(self) -> tuple[ReplayResult, ...]:
        """One result per rule."""
        return tuple(attrs.evolve(result, trace=self.trace) for result in self.alike)

    def incomplete(self, loss: str) -> Judged:
        """The same of a trace that was not read completely: nothing is said to hold."""
        reason = f"the trace was not read completely: {loss}"
        alike = tuple(
            attrs.evolve(r, verdict="insufficient", reason=reason) if r.verdict == "holds" else r
            for r in self.alike
        )
        return attrs.evolve(self, alike=alike, near_misses=())
