"""From an inductive set of formulas to the few that the proof needs: backwards from the bad states, by unsat cores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wfcheck.solver import build as b
from wfcheck.solver.invariants.desk import Desk, Edge, Refused
from wfcheck.solver.term import Term
from wfcheck.solver.transition import substitute

Conjuncts = Mapping[str, Sequence[Term]]


def support(desk: Desk, conjuncts: Conjuncts) -> dict[str, list[Term]] | None:
    """By place, an inductive subset that refutes every bad state; None if the whole does not. Raises GaveUpError."""
    needed: dict[str, list[Term]] = {place: [] for place in desk.system.segments}
    waiting: list[tuple[str, Term]] = []
    for place, segment in desk.system.segments.items():
        for bad in segment.bad:
            if not _explained(desk, place, bad.formula, conjuncts, needed, waiting):
                return None
    while waiting:
        target, formula = waiting.pop(0)
        for edge in (e for e in desk.edges if e.target == target):
            step = _violation(desk, edge, formula)
            if not _explained(desk, edge.source, step, conjuncts, needed, waiting):
                return None
    return needed


def _violation(desk: Desk, edge: Edge, formula: Term) -> Term:
    renamed = edge.next(desk.system.variables[edge.target])
    return b.and_(edge.relation, b.not_(substitute(formula, renamed)))


def _explained(
    desk: Desk,
    place: str,
    formula: Term,
    conjuncts: Conjuncts,
    needed: dict[str, list[Term]],
    waiting: list[tuple[str, Term]],
) -> bool:
    """Whether the place's conjuncts exclude the formula; those that do it are noted as needed, old ones preferred."""
    if isinstance(desk.ask(place, (*needed[place], formula)), Refused):
        return True
    answer = desk.ask(place, (formula,), switched=conjuncts.get(place, ()))
    if not isinstance(answer, Refused):
        return False
    new = [term for term in answer.core if term not in needed[place]]
    needed[place] += new
    waiting += [(place, term) for term in new]
    return True
