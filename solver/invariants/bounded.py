"""Bounded search: is a bad state reached after 0, 1, 2, ... moves? All runs of one length are one formula, merged where they meet
(Biere et al., Symbolic model checking without BDDs, 1999)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from wfcheck.solver import build as b
from wfcheck.solver.backend import solve_each
from wfcheck.solver.evaluate import Model, evaluate_all
from wfcheck.solver.invariants.recheck import Budget
from wfcheck.solver.term import App, Symbol, Term, post_order, symbol
from wfcheck.solver.transition import Segment, System
from wfcheck.solver.verdict import Sat, Unsat

_MOST_TERMS = 150_000


@attrs.frozen
class Refuted:
    """A bad state is reached after `depth` moves from the start; `shortest`: and after no fewer. `bad` is its name, `place` where."""

    depth: int
    place: str
    bad: str
    shortest: bool


@attrs.frozen
class _Visit:
    """Where a run may be after so many moves: when, with which values, and what the segment would then do."""

    when: Term
    segment: Segment
    formulas: Mapping[Term, Term]

    def bad(self) -> Term:
        """Whether a bad formula is true."""
        return b.and_(self.when, b.or_(*(self.formulas[bad.formula] for bad in self.segment.bad)))


_Layer = dict[str, _Visit]


def search(system: System, budget: Budget, *, start: int = 0, depth: int) -> tuple[Refuted | None, int]:
    """The first bad depth from `start` to `depth`, and up to which depth (exclusive) nothing is wrong if nothing is below `start`."""
    layers = [_first(system)]
    size, clear, asked = _size(layers[0]), start, start
    while not budget.over and asked <= depth and size < _MOST_TERMS:
        while len(layers) <= min(depth, 2 * asked + 3) and size < _MOST_TERMS and layers[-1]:
            layers.append(_next(system, layers[-1], len(layers)))
            size += _size(layers[-1])
        part = layers[asked:]
        bads = [b.or_(*(visit.bad() for visit in layer.values())) for layer in part]
        for number, answer in enumerate(solve_each(bads, (), budget.limits(), child=budget.child, stop=True)):
            if isinstance(answer, Sat):
                return _told(part[number], answer.model, asked + number, clear), clear
            clear += isinstance(answer, Unsat) and clear == asked + number
        if not layers[-1] or len(layers) > depth:
            break
        asked = len(layers)
    return None, clear


def _told(layer: _Layer, model: Model, depth: int, clear: int) -> Refuted:
    for place, visit in layer.items():
        for bad in visit.segment.bad:
            term = b.and_(visit.when, visit.formulas[bad.formula])
            if evaluate_all((term,), model, guess=True)[term] is True:
                return Refuted(depth, place, bad.name, clear == depth)
    return Refuted(depth, "", "", False)


def _first(system: System) -> _Layer:
    values = {v: symbol(f"{v.name}@0", v.sort) for v in system.variables[system.start]}
    return {system.start: _visit(system, system.start, b.TRUE, values, 0)}


def _next(system: System, layer: _Layer, depth: int) -> _Layer:
    """Each place that is reached by a move from a visit of the layer."""
    coming: dict[str, list[tuple[Term, list[Term]]]] = {}
    for place, visit in layer.items():
        for number, move in enumerate(visit.segment.moves):
            taken = b.and_(visit.when, visit.formulas[move.guard])
            chosen = _choice(f"{place}:{number}@{depth}")
            if taken is not b.FALSE:
                values = [visit.formulas[value] for value in move.values]
                coming.setdefault(move.target, []).append((b.and_(taken, chosen), values))
    found: _Layer = {}
    for target, ways in coming.items():
        values = _merged([w for w, _ in ways], [v for _, v in ways])
        variables = dict(zip(system.variables[target], values, strict=True))
        visit = _visit(system, target, b.or_(*(way for way, _ in ways)), variables, depth)
        if visit.when is not b.FALSE:
            found[target] = visit
    return found


def _choice(name: str) -> Term:
    return b.symbol(f"move {name}", b.TRUE.sort)


def _merged(ways: Sequence[Term], values: Sequence[Sequence[Term]]) -> list[Term]:
    """The values of the first way that is taken."""
    merged = list(values[-1])
    for way, row in zip(reversed(ways[:-1]), reversed(values[:-1]), strict=True):
        merged = [b.ite(way, value, other) for value, other in zip(row, merged, strict=True)]
    return merged


def _visit(system: System, place: str, when: Term, values: Mapping[Symbol, Term], depth: int) -> _Visit:
    segment = system.segments[place]
    assumed = tuple(term for _, term in segment.assumptions)
    roots = (*assumed, *(bad.formula for bad in segment.bad))
    roots += tuple(t for move in segment.moves for t in (move.guard, *move.values))
    made = _instance(roots, {**values, **{r: r for r in system.rigid}}, f"{place}@{depth}")
    return _Visit(b.and_(when, *(made[t] for t in assumed)), segment, made)


def _instance(roots: Iterable[Term], values: Mapping[Symbol, Term], suffix: str) -> dict[Term, Term]:
    """The terms with values for symbols; every other symbol is an input of this visit."""
    made: dict[Term, Term] = {}
    for term in post_order(roots):
        match term:
            case Symbol(name=name, sort=sort):
                made[term] = values[term] if term in values else symbol(f"{name}#{suffix}", sort)
            case App():
                args = tuple(made[a] for a in term.args)
                made[term] = term if args == term.args else b.rebuild(term, args)
            case _:
                made[term] = term
    return made


def _size(layer: _Layer) -> int:
    return sum(len(visit.formulas) for visit in layer.values())
