"""Events of parallel branches in every order: one state of the monitor per combination of how far each branch has come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

import attrs

from wfcheck.checker.product.flowchart import Flowchart
from wfcheck.checker.product.monitors.monitor import State, SymbolicMonitor
from wfcheck.checker.symbolic.state import SymbolicEvent
from wfcheck.dsl.core import NodeId
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.transition import Bad

MOST = 300
"""So many combinations at most are looked at."""


def overlapping(event: SymbolicEvent, mixed: frozenset[NodeId]) -> NodeId | None:
    """The `parallel` whose events have no fixed order, if the event is one of them."""
    return next((node for node, _ in event.lanes if node in mixed), None)


def mixable(chart: Flowchart, monitor: SymbolicMonitor, mixed: frozenset[NodeId]) -> bool:
    """Whether all that the monitor looks at of each such `parallel` happens in one stretch, in no other, and is not too much."""
    for node in mixed:
        groups = [
            [e for e in s.events if monitor.relevant(e) and node in dict(e.lanes)]
            for s in chart.stretches.values()
        ]
        there = [group for group in groups if group]
        nested = any(len(mixed & dict(event.lanes).keys()) > 1 for group in there for event in group)
        if len(there) > 1 or nested or prod(len(lane) + 1 for lane in _lanes(there[0], node)) > MOST:
            return False
    return True


def in_order(
    monitor: SymbolicMonitor, events: Sequence[SymbolicEvent], state: State
) -> tuple[State, list[Bad]]:
    """The state after the events, and where the rule breaks."""
    bad = []
    for event in events:
        state, broken = monitor.step(event, state)
        if broken is not b.FALSE:
            bad.append(Bad(_name(event), broken))
    return state, bad


def in_any_order(
    monitor: SymbolicMonitor, events: Sequence[SymbolicEvent], state: State, node: NodeId
) -> tuple[State, list[Bad]]:
    """The same for branches. Of each combination it is chosen which branch came last to it: every choice is the end of some order,
    and every order has its choices."""
    lanes = _lanes(events, node)
    start = (0,) * len(lanes)
    states: dict[tuple[int, ...], State] = {start: state}
    bad: list[Bad] = []
    for at in product(*(range(len(lane) + 1) for lane in lanes)):
        ways: list[State] = []
        for lane, count in enumerate(at):
            if count:
                before = (*at[:lane], count - 1, *at[lane + 1 :])
                reached, found = in_order(monitor, (lanes[lane][count - 1],), states[before])
                ways.append(reached)
                bad += found
        if ways:
            states[at] = _any(ways, f"order {node} {at}")
    return states[tuple(map(len, lanes))], bad


def _any(ways: Sequence[State], name: str) -> State:
    """One of the states, chosen freely."""
    found = ways[-1]
    for number, way in enumerate(ways[:-1]):
        chosen = b.symbol(f"{name} {number}", Sort.BOOL)
        found = tuple(b.ite(chosen, one, other) for one, other in zip(way, found, strict=True))
    return found


def _lanes(events: Sequence[SymbolicEvent], node: NodeId) -> list[list[SymbolicEvent]]:
    """The moments of each branch in their order; between an attempt and its outcome other branches may go on."""
    found: dict[int, list[SymbolicEvent]] = {}
    for event in events:
        found.setdefault(dict(event.lanes)[node], []).extend(_parts(event))
    return list(found.values())


def _parts(event: SymbolicEvent) -> Iterator[SymbolicEvent]:
    if event.kind != "call":
        yield event
        return
    yield attrs.evolve(event, part="attempt")
    yield attrs.evolve(event, part="outcome")


def _name(event: SymbolicEvent) -> str:
    subject = event.tool or event.subject
    return f"{event.kind} {subject}" if subject else event.kind
