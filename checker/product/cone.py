"""The cone of influence: variables of places that no formula of the system depends on are left out."""

from __future__ import annotations

import attrs

from wfcheck.checker.product.compose import connected, terms_in
from wfcheck.solver.term import Symbol, symbols
from wfcheck.solver.transition import Segment, System


def reduced(system: System) -> System:
    """The same runs and violations, with fewer variables."""
    needed = _needed(system)
    keep = {p: [v in needed[p] for v in vs] for p, vs in system.variables.items()}
    variables = {p: tuple(v for v in vs if v in needed[p]) for p, vs in system.variables.items()}
    segments = {
        p: attrs.evolve(
            s,
            moves=tuple(
                attrs.evolve(m, values=tuple(v for v, k in zip(m.values, keep[m.target], strict=True) if k))
                for m in s.moves
            ),
        )
        for p, s in system.segments.items()
    }
    used = {t for s in segments.values() for t in symbols(terms_in(s))}
    rigid = tuple(s for s in system.rigid if s in used)
    hints = {
        p: tuple(h for h in found if set(symbols((h,))) <= {*variables[p], *rigid})
        for p, found in system.hints.items()
    }
    return System(system.start, variables, segments, rigid, hints)


def _needed(system: System) -> dict[str, set[Symbol]]:
    """By place, what decides where control goes and what is bad, and what that is made of."""
    needed = {place: _decides(segment) for place, segment in system.segments.items()}
    grown = True
    while grown:
        grown = False
        for place, segment in system.segments.items():
            found = needed[place] | _made_of(system, segment, needed)
            found |= set(symbols(term for _, term in connected(segment.assumptions, found)))
            if len(found) > len(needed[place]):
                needed[place], grown = found, True
    return needed


def _decides(segment: Segment) -> set[Symbol]:
    return set(symbols((*(bad.formula for bad in segment.bad), *(move.guard for move in segment.moves))))


def _made_of(system: System, segment: Segment, needed: dict[str, set[Symbol]]) -> set[Symbol]:
    pairs = ((m, zip(system.variables[m.target], m.values, strict=True)) for m in segment.moves)
    return set(symbols(value for m, each in pairs for v, value in each if v in needed[m.target]))
