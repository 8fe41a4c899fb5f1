"""Bounded search in a transition system, by its definition: one copy of every segment for each visit."""

from __future__ import annotations

from wfcheck.solver import build as b
from wfcheck.solver.backend import solve
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Symbol, Term, symbols
from wfcheck.solver.transition import Segment, System, substitute
from wfcheck.solver.verdict import Answer, Limits


def reached(system: System, depth: int, seconds: float = 5.0) -> Answer:
    """Whether some run of at most `depth` moves is bad."""
    facts: list[Term] = []
    bads: list[Term] = []
    for step in range(depth + 1):
        for place, segment in system.segments.items():
            here = b.symbol(f"{place}@{step}", Sort.BOOL)
            facts.append(b.implies(here, _arrives(system, place, step)))
            facts += [b.implies(here, _at(system, segment, step, term)) for _, term in segment.assumptions]
            bads += [b.and_(here, _at(system, segment, step, bad.formula)) for bad in segment.bad]
    return solve(b.and_(*facts, b.or_(*bads)), (), Limits(seconds=seconds))


def _arrives(system: System, place: str, step: int) -> Term:
    if step == 0:
        return b.boolean(place == system.start)
    ways = []
    for source, segment in system.segments.items():
        for move in segment.moves:
            if move.target == place:
                before = b.symbol(f"{source}@{step - 1}", Sort.BOOL)
                guard = _at(system, segment, step - 1, move.guard)
                pairs = zip(system.variables[place], move.values, strict=True)
                values = (b.eq(_name(v, place, step), _at(system, segment, step - 1, t)) for v, t in pairs)
                ways.append(b.and_(before, guard, *values))
    return b.or_(*ways)


def _at(system: System, segment: Segment, step: int, term: Term) -> Term:
    renamed = {s: _name(s, segment.place, step) for s in symbols((term,)) if s not in system.rigid}
    return substitute(term, renamed)


def _name(symbol: Symbol, place: str, step: int) -> Symbol:
    return b.symbol(f"{symbol.name}@{place}@{step}", symbol.sort)
