"""Transition systems: what unbounded proofs are about. Places with typed state, loop-free segments between them, all as terms.

A run starts at `start` with any values of its variables. At a place, every symbol of its segment that is neither one of the place's
variables nor rigid is an input, chosen anew at each visit such that the segment's assumptions hold. Any move whose guard is then true
may be taken; the target's variables take the values it gives. Rigid symbols keep one arbitrary value for the whole run. The system is
safe if and only if no visit of any run makes one of its segment's `bad` formulas true.

An invariant gives each place a formula over its variables and the rigid symbols. It is inductive if `start`'s is true, and under the
assumptions of each segment every move establishes the target's; it proves safety if it also refutes every `bad` formula. Such an
invariant is the certificate: one query per move and one per segment (see Bradley and Manna, The Calculus of Computation, 2007)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from wfcheck.solver import build as b
from wfcheck.solver.term import App, Symbol, Term, post_order, symbols


@attrs.frozen
class Bad:
    """A violation within a segment. `name` says where, for reports; two may share one."""

    name: str
    formula: Term


@attrs.frozen
class Move:
    """To `target` where `guard` is true. `values`: one per variable of the target, in their order."""

    target: str
    guard: Term
    values: tuple[Term, ...]


@attrs.frozen
class Segment:
    """What can happen between one place and the next. `assumptions`: named; their names may repeat."""

    place: str
    assumptions: tuple[tuple[str, Term], ...]
    moves: tuple[Move, ...]
    bad: tuple[Bad, ...] = ()


@attrs.frozen
class System:
    """`variables`: by place. One segment per place. `hints`: by place, formulas that may be invariant (none is trusted)."""

    start: str
    variables: Mapping[str, tuple[Symbol, ...]]
    segments: Mapping[str, Segment]
    rigid: tuple[Symbol, ...] = ()
    hints: Mapping[str, tuple[Term, ...]] = attrs.field(factory=dict)


Invariant = Mapping[str, Term]
"""By place; a place that is left out has TRUE."""


@attrs.frozen
class Condition:
    """A proof obligation: `formula` has no model in which all of `assumptions` hold."""

    name: str
    formula: Term
    assumptions: tuple[tuple[str, Term], ...]


def conditions(system: System, invariant: Invariant) -> Iterator[Condition]:
    """Everything that has to be unsatisfiable for the invariant to prove the system safe, in a fixed order. A formula that speaks of
    more than its place has no such proof: of an input it would say that it is the same at every visit."""
    for place in foreign(system, invariant):
        yield Condition(f"scope {place}", b.TRUE, ())
    yield Condition(f"init {system.start}", b.not_(invariant.get(system.start, b.TRUE)), ())
    for place, segment in system.segments.items():
        here = invariant.get(place, b.TRUE)
        for number, move in enumerate(segment.moves):
            there = moved(invariant.get(move.target, b.TRUE), system.variables[move.target], move.values)
            step = b.and_(here, move.guard, b.not_(there))
            yield Condition(f"step {place} {number} {move.target}", step, segment.assumptions)
        for bad in segment.bad:
            yield Condition(f"safe {place} {bad.name}", b.and_(here, bad.formula), segment.assumptions)


def foreign(system: System, invariant: Invariant) -> Iterator[str]:
    """The places whose formula speaks of anything but their variables and the rigid symbols."""
    for place, formula in invariant.items():
        known = {*system.variables.get(place, ()), *system.rigid}
        if not known.issuperset(symbols((formula,))):
            yield place


def moved(formula: Term, variables: tuple[Symbol, ...], values: tuple[Term, ...]) -> Term:
    """The formula with each variable replaced by its value, all at once."""
    return substitute(formula, dict(zip(variables, values, strict=True)))


def substitute(formula: Term, values: Mapping[Symbol, Term]) -> Term:
    """Simultaneous substitution of symbols; folds as `build` does."""
    made: dict[Term, Term] = {}
    for term in post_order((formula,)):
        match term:
            case Symbol():
                made[term] = values.get(term, term)
            case App():
                args = tuple(made[a] for a in term.args)
                made[term] = term if args == term.args else b.rebuild(term, args)
            case _:
                made[term] = term
    return made[formula]
