"""A few concrete states of each place, step by step from the start: the data that candidates are fitted to."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from wfcheck.solver import build as b
from wfcheck.solver.invariants.desk import Desk, Edge, State
from wfcheck.solver.invariants.recheck import Budget
from wfcheck.solver.term import Term
from wfcheck.solver.transition import substitute

_MOST_STATES = 14
_MOST_NEXT = 3


def explore(
    desk: Desk, watched: Mapping[str, Sequence[Term]], found: dict[str, list[State]], budget: Budget
) -> None:
    """Adds states where few were found (they may rest on functions that are not the same at each step); raises GaveUpError."""
    queue: deque[tuple[str, State]] = deque([(desk.system.start, {})])
    queue.extend((place, state) for place, states in found.items() for state in states[:2])
    while queue and not budget.over:
        place, state = queue.popleft()
        for edge in (e for e in desk.edges if e.source == place):
            new = _successors(desk, edge, state, found[edge.target], watched[edge.target])
            queue.extend((edge.target, s) for s in new)


def _successors(
    desk: Desk, edge: Edge, state: State, known: list[State], watched: Sequence[Term]
) -> list[State]:
    new: list[State] = []
    renamed = edge.next(desk.system.variables[edge.target])
    while len(known) < _MOST_STATES and len(new) < _MOST_NEXT:
        others = [substitute(b.not_(b.and_(*desk.pinned(s))), renamed) for s in known]
        there = desk.successor(edge, (*desk.pinned(state), *others), watched)
        if there is None:
            break
        known.append(there)
        new.append(there)
    return new
