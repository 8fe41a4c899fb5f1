"""What a violation asks of rigid symbols alone holds for the whole of the run that leads to it, so that it can be taken for granted
while the invariant is looked for: `bad` and R is out of reach if `bad` is in the system in which R holds; R implies its invariant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from wfcheck.solver import build as b
from wfcheck.solver.term import App, Const, Symbol, Term, symbols
from wfcheck.solver.transition import Invariant, Move, Segment, System, substitute


@attrs.frozen
class Split:
    """`system`: with the violations that ask `premise` of the rigid symbols, under it."""

    premise: Term
    system: System

    def weakened(self, invariant: Invariant) -> dict[str, Term]:
        """An invariant of the whole system that says of this part what `invariant` does."""
        start = self.system.start
        return {place: b.implies(self.premise, t) for place, t in invariant.items() if place != start}


def splits(system: System) -> tuple[Split, ...]:
    """One per rigid premise, with all violations that share it; none where that would leave the system as it is."""
    groups: dict[Term, dict[str, list[int]]] = {}
    for place, segment in system.segments.items():
        for number, bad in enumerate(segment.bad):
            premise = b.and_(*_rigid_parts(system, bad.formula))
            groups.setdefault(premise, {}).setdefault(place, []).append(number)
    if set(groups) <= {b.TRUE}:
        return ()
    return tuple(Split(premise, _under(system, premise, kept)) for premise, kept in groups.items())


def _rigid_parts(system: System, formula: Term) -> Iterator[Term]:
    rigid = frozenset(system.rigid)
    parts = formula.args if isinstance(formula, App) and formula.op == "and" else (formula,)
    for part in parts:
        found = symbols((part,))
        if found and rigid.issuperset(found):
            yield part


def _under(system: System, premise: Term, kept: Mapping[str, list[int]]) -> System:
    """What the premise equates is one thing, what else it says stands at every move and violation."""
    values = _equated(premise, frozenset(system.rigid))

    def same(term: Term) -> Term:
        return substitute(term, values)

    rest = same(premise)

    def of(place: str, segment: Segment) -> Segment:
        return Segment(
            place,
            tuple((name, same(term)) for name, term in segment.assumptions),
            tuple(_move(m, same(m.guard), rest, values) for m in segment.moves),
            tuple(
                attrs.evolve(segment.bad[n], formula=b.and_(rest, same(segment.bad[n].formula)))
                for n in kept.get(place, ())
            ),
        )

    hints = {place: tuple(map(same, found)) for place, found in system.hints.items()}
    rigid = tuple(s for s in system.rigid if s not in values)
    return attrs.evolve(
        system, segments={p: of(p, s) for p, s in system.segments.items()}, rigid=rigid, hints=hints
    )


def _move(move: Move, guard: Term, rest: Term, values: Mapping[Symbol, Term]) -> Move:
    return Move(move.target, b.and_(rest, guard), tuple(substitute(v, values) for v in move.values))


def _equated(premise: Term, rigid: frozenset[Symbol]) -> dict[Symbol, Term]:
    """A value for each rigid symbol that the premise equates with a constant or another rigid symbol."""
    parts = premise.args if isinstance(premise, App) and premise.op == "and" else (premise,)
    values: dict[Symbol, Term] = {}
    for part in parts:
        match substitute(part, values):
            case App(op="eq", args=(Symbol() as symbol, Const() | Symbol() as value)) if symbol in rigid:
                pass
            case App(op="eq", args=(Const() as value, Symbol() as symbol)) if symbol in rigid:
                pass
            case _:
                continue
        values = {s: substitute(t, {symbol: value}) for s, t in values.items()} | {symbol: value}
    return values
