"""The least inductive combination of candidates, affine equations and atom combinations: from below, one counterexample at a time
(Houdini: Flanagan and Leino, 2001; symbolic abstraction: Reps, Sagiv and Yorsh, 2004)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wfcheck.solver import build as b
from wfcheck.solver.invariants.desk import Desk, Edge, GaveUpError
from wfcheck.solver.invariants.element import Element
from wfcheck.solver.term import Term
from wfcheck.solver.transition import substitute


def climb(
    desk: Desk,
    start: Mapping[str, Element],
    watched: Mapping[str, Sequence[Term]],
    known: Mapping[str, Sequence[Term]] | None = None,
) -> dict[str, Element]:
    """The least elements above those given that hold every reachable state, by place without the start. `known`: facts that are
    invariant already. Raises GaveUpError."""
    found, given = dict(start), known or {}
    waiting = [
        place for place in desk.system.segments if place == desk.system.start or not found[place].empty
    ]
    while waiting:
        place = waiting.pop(0)
        for edge in (e for e in desk.edges if e.source == place and e.target != desk.system.start):
            grown = _climbed(desk, edge, found, watched[edge.target], given)
            if grown is not found[edge.target]:
                found[edge.target] = grown
                waiting += [edge.target] if edge.target not in waiting else []
    del found[desk.system.start]
    return found


def _climbed(
    desk: Desk,
    edge: Edge,
    found: Mapping[str, Element],
    watched: Sequence[Term],
    known: Mapping[str, Sequence[Term]],
) -> Element:
    here = () if edge.source == desk.system.start else found[edge.source].facts()
    given = (*here, *known.get(edge.source, ()))
    renamed, element = edge.next(desk.system.variables[edge.target]), found[edge.target]
    while True:
        outside = b.or_(*(b.not_(fact) for fact in element.facts()))
        state = desk.successor(edge, (*given, substitute(outside, renamed)), watched)
        if state is None:
            return element
        before, element = element, element.joined(state)
        if element == before:
            raise GaveUpError("a counterexample taught nothing")
