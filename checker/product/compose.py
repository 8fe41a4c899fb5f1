"""Workflow and monitor as one transition system: the monitor is stepped over the events of each stretch, in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import attrs

from wfcheck.checker.product.flowchart import Flowchart, Stretch
from wfcheck.checker.product.monitors.monitor import State, SymbolicMonitor
from wfcheck.checker.product.orders import in_any_order, in_order, overlapping
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Symbol, Term, symbols
from wfcheck.solver.transition import Bad, Move, Segment, System


@attrs.frozen
class Watched:
    """A stretch with what the monitor says of it. `state`: its cells at the end of whatever happened in the stretch."""

    stretch: Stretch
    state: tuple[Term, ...]
    bad: tuple[Bad, ...]


def compose(
    chart: Flowchart, monitor: SymbolicMonitor, mixed: frozenset[core.NodeId] = frozenset()
) -> System:
    """Safe if and only if the rule breaks at no event of any run, as far as monitor and flowchart tell. `mixed`: each `parallel`
    whose events are taken in every order; all that the monitor looks at of it are in one stretch."""
    watched = {place: _watch(chart, stretch, monitor, mixed) for place, stretch in chart.stretches.items()}
    cells = tuple(cell.symbol for cell in monitor.cells)
    variables = {
        place: () if place == chart.start else (*stretch.variables, *cells)
        for place, stretch in chart.stretches.items()
    }
    given = chart.stretches[chart.start].assumptions
    segments = {place: _segment(found) for place, found in watched.items()}
    return System(
        chart.start,
        variables,
        {p: _with_facts(s, given, chart.fixed) if p != chart.start else s for p, s in segments.items()},
        tuple(dict.fromkeys((*monitor.rigid, *chart.fixed))),
        {place: _hints(chart, place, monitor) for place in variables if place != chart.start},
    )


def _watch(
    chart: Flowchart, stretch: Stretch, monitor: SymbolicMonitor, mixed: frozenset[core.NodeId]
) -> Watched:
    """No event happens after control has left the stretch, so that one state at its end serves every way out."""
    first = stretch.place == chart.start
    state: State = tuple(c.initial if first else c.symbol for c in monitor.cells)
    bad: list[Bad] = []
    seen = [event for event in stretch.events if monitor.relevant(event)]
    for node, group in groupby(seen, key=lambda event: overlapping(event, mixed)):
        if node is None:
            state, found = in_order(monitor, list(group), state)
        else:
            state, found = in_any_order(monitor, list(group), state, node)
        bad += found
    return Watched(stretch, state, tuple(bad))


def _segment(watched: Watched) -> Segment:
    stretch = watched.stretch
    moves = tuple(Move(e.target, e.guard, (*e.values, *watched.state)) for e in stretch.exits)
    return Segment(stretch.place, stretch.assumptions, moves, watched.bad)


# ---------------------------------------------------------------- what was fixed at the start


def terms_in(segment: Segment) -> Iterator[Term]:
    """Every formula of a segment."""
    yield from (term for _, term in segment.assumptions)
    yield from (bad.formula for bad in segment.bad)
    for move in segment.moves:
        yield from (move.guard, *move.values)


def _with_facts(segment: Segment, given: tuple[tuple[str, Term], ...], fixed: Iterable[Symbol]) -> Segment:
    """With the assumptions of the start that speak of what the segment reads of it."""
    used = set(symbols(terms_in(segment))) & set(fixed)
    kept = connected(given, used)
    return attrs.evolve(segment, assumptions=(*segment.assumptions, *kept))


def connected(given: Iterable[tuple[str, Term]], used: Iterable[Symbol]) -> list[tuple[str, Term]]:
    """Those of the named terms that speak of the symbols, or of what these are connected with by others."""
    reached = set(used)
    waiting = [(named, set(symbols((named[1],)))) for named in given]
    kept: list[tuple[str, Term]] = []
    grown = True
    while grown:
        grown = False
        rest = []
        for named, speaks in waiting:
            if reached.isdisjoint(speaks):
                rest.append((named, speaks))
            else:
                kept.append(named)
                reached |= speaks
                grown = True
        waiting = rest
    return kept


# ---------------------------------------------------------------- what may well be invariant

_LISTS = 4
"""How many lists of a workflow are compared with a list of the monitor."""


def _hints(chart: Flowchart, place: str, monitor: SymbolicMonitor) -> tuple[Term, ...]:
    own = (*monitor.hints, *chart.stretches[place].hints)
    return tuple(dict.fromkeys((*own, *_visited(chart, place, monitor))))


def _visited(chart: Flowchart, place: str, monitor: SymbolicMonitor) -> Iterator[Term]:
    """Of the elements before the index of a loop something is known, also where the monitor has a list of its own."""
    fixed = [s for s in monitor.rigid if s.sort is Sort.INT]
    flags = [c.symbol for c in monitor.cells if c.symbol.sort is Sort.BOOL]
    known = [s for s in (*chart.stretches[place].variables, *chart.fixed) if s.sort is Sort.OPAQUE]
    lists = [b.eq(s, one) for s in monitor.rigid if s.sort is Sort.OPAQUE for one in known[:_LISTS]]
    for index in chart.indices.get(place, ()):
        for element in fixed:
            passed = b.and_(b.le(b.ZERO, element), b.lt(element, index))
            for flag in flags:
                for same in (b.TRUE, *lists):
                    yield b.implies(b.and_(same, passed), flag)
                    yield b.implies(b.and_(same, passed), b.not_(flag))
