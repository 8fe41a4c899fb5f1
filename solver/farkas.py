"""Refutations of linear arithmetic that anyone can check with exact fractions and no solver (Farkas' lemma).

A conjunction of linear atoms has no solution if a combination of them, with no negative factor for an inequality, reads 0 < 0 or
0 <= -1. A formula has none if it is split at its atoms until each branch is false or has such a combination."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal, TypeAlias

import attrs

from wfcheck.solver import build as b
from wfcheck.solver.linear import Linear, linear
from wfcheck.solver.simplex import solution
from wfcheck.solver.sort import NUMERIC, Sort
from wfcheck.solver.term import App, Const, Symbol, Term, post_order

Relation: TypeAlias = Literal["le", "lt", "eq"]


@attrs.frozen
class Atom:
    """The sum stands in the relation to 0."""

    sum: Linear
    relation: Relation


def refutes(atoms: Sequence[Atom], factors: Sequence[Fraction]) -> bool:
    """The checker: whether the factors show that no values satisfy all of the atoms."""
    total, strict = Linear({}), False
    if len(atoms) != len(factors):
        return False
    for atom, factor in zip(atoms, factors, strict=True):
        if factor < 0 and atom.relation != "eq":
            return False
        total = total.plus(atom.sum, factor)
        strict = strict or (factor > 0 and atom.relation == "lt")
    return not total.factors and (total.constant > 0 or (strict and total.constant == 0))


def certificate(atoms: Sequence[Atom]) -> tuple[Fraction, ...] | None:
    """Factors that refute the atoms over the rationals, or None if there are none."""
    terms = list(dict.fromkeys(term for atom in atoms for term in atom.sum.factors))
    signs = [(i, s) for i, a in enumerate(atoms) for s in ((1, -1) if a.relation == "eq" else (1,))]
    rows = [[s * atoms[i].sum.factors.get(term, Fraction(0)) for i, s in signs] for term in terms]
    constants = [s * atoms[i].sum.constant for i, s in signs]
    stricts = [Fraction(atoms[i].relation == "lt") for i, _ in signs]
    zero, one = Fraction(0), Fraction(1)
    below = ([*rows, constants], [*(zero for _ in rows), one])
    padded = [[*row, zero] for row in rows]
    touching = ([*padded, [*constants, -one], [*stricts, zero]], [*(zero for _ in rows), zero, one])
    for system, target in (below, touching):
        found = solution(system, target)
        if found is not None:
            factors = [zero] * len(atoms)
            for (i, s), value in zip(signs, found, strict=False):
                factors[i] += s * value
            return tuple(factors)
    return None


# ---------------------------------------------------------------- whole formulas


@attrs.frozen
class Split:
    """Refuted if it is with the atom true, and with it false."""

    atom: Term
    true: Refutation
    false: Refutation


@attrs.frozen
class Leaf:
    """Refuted by what was decided on the way: one factor per linear atom, in order; no factors where the formula is false."""

    factors: tuple[Fraction, ...]


Refutation: TypeAlias = Split | Leaf


def refutation(formula: Term, most: int = 200) -> Refutation | None:
    """Why the formula has no model, with at most so many leaves; None if none was found. Ints are rationals here, but for a strict
    inequality of ints, which leaves a distance of 1."""
    budget = [most]
    return _refuted(formula, (), budget)


def _refuted(formula: Term, decided: tuple[Atom, ...], budget: list[int]) -> Refutation | None:
    budget[0] -= 1
    if formula is b.FALSE:
        return Leaf(())
    if decided and (factors := certificate(decided)) is not None:
        return Leaf(factors)
    atom = next((t for t in post_order((formula,)) if _is_atom(t)), None)
    if atom is None or budget[0] < 0:
        return None
    parts = []
    for value in (b.TRUE, b.FALSE):
        part = _refuted(_with(formula, atom, value), (*decided, *linear_atoms(atom, value is b.TRUE)), budget)
        if part is None:
            return None
        parts.append(part)
    return Split(atom, parts[0], parts[1])


def holds(formula: Term, reason: Refutation) -> bool:
    """The checker: whether the refutation shows that the formula has no model."""
    stack: list[tuple[Term, Refutation, tuple[Atom, ...]]] = [(formula, reason, ())]
    while stack:
        left, part, decided = stack.pop()
        if isinstance(part, Split):
            for value, below in ((b.TRUE, part.true), (b.FALSE, part.false)):
                known = (*decided, *linear_atoms(part.atom, value is b.TRUE))
                stack.append((_with(left, part.atom, value), below, known))
        elif left is not b.FALSE and not refutes(decided, part.factors):
            return False
    return True


def linear_atoms(atom: Term, value: bool) -> tuple[Atom, ...]:
    """What it says of numbers that the atom is true, or false; nothing where it is none of `<`, `<=`, `=` of numbers."""
    if not isinstance(atom, App) or atom.op not in ("lt", "le", "eq") or atom.args[0].sort not in NUMERIC:
        return ()
    first, second = linear(atom.args[0]), linear(atom.args[1])
    forward, backward = first.plus(second, Fraction(-1)), second.plus(first, Fraction(-1))
    match atom.op, value:
        case "eq", True:
            return (Atom(forward, "eq"),)
        case "eq", False:
            return ()
        case "le", True:
            return (Atom(forward, "le"),)
        case "le", False:
            return (_strict(backward),)
        case "lt", True:
            return (_strict(forward),)
        case _:
            return (Atom(backward, "le"),)


def _strict(sum_: Linear) -> Atom:
    """Below 0; of ints, at most -1."""
    whole = all(t.sort is Sort.INT for t in sum_.factors)
    if whole and all(f.denominator == 1 for f in (*sum_.factors.values(), sum_.constant)):
        return Atom(sum_.plus(Linear({}, Fraction(1)), Fraction(1)), "le")
    return Atom(sum_, "lt")


def _is_atom(term: Term) -> bool:
    """A truth value that no operator of truth values makes, and in whose operands nothing is to be decided first."""
    if term.sort is not Sort.BOOL or isinstance(term, Const):
        return False
    return isinstance(term, Symbol) or (
        not any(isinstance(t, App) and t.op == "ite" for t in post_order(term.args))
        and not any(a.sort is Sort.BOOL for a in term.args)
    )


def _with(formula: Term, atom: Term, value: Term) -> Term:
    """The formula with the atom's value, folded; that an equation of numbers is false leaves which of them is the greater."""
    made: dict[Term, Term] = {}
    for term in post_order((formula,)):
        if term is atom:
            made[term] = value
        elif isinstance(term, App):
            args = tuple(made[a] for a in term.args)
            made[term] = term if args == term.args else b.rebuild(term, args)
        else:
            made[term] = term
    if value is b.FALSE and isinstance(atom, App) and atom.op == "eq" and atom.args[0].sort in NUMERIC:
        return b.and_(made[formula], b.or_(b.lt(*atom.args), b.lt(*reversed(atom.args))))
    return made[formula]
