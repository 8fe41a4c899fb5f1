"""A monitor that follows one recorded run: it breaks where the whole run was seen."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from wfcheck.checker.product.monitors.monitor import Cell, State
from wfcheck.checker.reference.codec import decode
from wfcheck.checker.reference.values import plain
from wfcheck.checker.symbolic.constants import lift
from wfcheck.checker.symbolic.state import SymbolicEvent
from wfcheck.checker.symbolic.value import equal
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Symbol, Term

KINDS = frozenset(
    {
        "call", "approve", "deny", "say", "ask", "input", "llm", "message", "release", "step", "remember", "recall", "end",
    }
)  # fmt: skip


@attrs.frozen
class Following:
    """`seen`: the events to be met, in order, none left out; with each call whether it returned."""

    program: core.Program
    seen: Sequence[tuple[Event, bool]]
    rigid: tuple[Symbol, ...] = ()
    hints: tuple[Term, ...] = ()
    rests_on: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    cells: tuple[Cell, ...] = (Cell(b.symbol("position", Sort.INT), b.ZERO),)

    def relevant(self, event: SymbolicEvent) -> bool:
        return event.kind in KINDS

    def step(self, event: SymbolicEvent, state: State) -> tuple[State, Term]:
        (position,) = state
        met = b.or_(
            *(
                b.and_(b.eq(position, b.integer(k)), self._is(event, seen, returned))
                for k, (seen, returned) in enumerate(self.seen)
            )
        )
        there = b.ite(met, b.add(position, b.integer(1)), b.integer(-1))
        after = b.ite(event.guard, there, position)
        return (after,), b.and_(event.guard, b.eq(after, b.integer(len(self.seen))))

    def _is(self, event: SymbolicEvent, seen: Event, returned: bool) -> Term:
        if seen.kind != event.kind or not self._by(event, seen):
            return b.FALSE
        if event.kind in ("approve", "deny") and seen.tool != event.tool:
            return b.FALSE
        if event.kind != "call":
            return b.TRUE
        line = seen.source.line if seen.source else 0
        if seen.tool != event.tool or line != event.span.line:
            return b.FALSE
        tool = self.program.tools[seen.tool or ""]
        parts = [b.iff(event.returned, b.boolean(returned))]
        for parameter in tool.parameters:
            value = plain(decode((seen.args_executed or {})[parameter.name], parameter.type))
            parts.append(equal(event.arguments[parameter.name], lift(value, parameter.type)))
        return b.and_(*parts)

    def _by(self, event: SymbolicEvent, seen: Event) -> bool:
        """Whose input it is that `receive` takes is not known before."""
        if event.kind == "end" or (event.kind == "input" and event.subject is None):
            return True
        return seen.actor == event.actor


def followed(events: Sequence[Event]) -> list[tuple[Event, bool]]:
    """What is to be met of a run."""
    results = {event.call for event in events if event.kind == "result"}
    ended = [e for e in events if e.kind in KINDS and not (e.kind == "end" and e.error is not None)]
    return [(event, event.call in results) for event in ended]
