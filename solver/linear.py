"""Linear arithmetic terms as sums of factors times terms, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import gcd, lcm

import attrs

from wfcheck.solver import build as b
from wfcheck.solver.sort import NUMERIC, Sort
from wfcheck.solver.term import App, Const, Term, post_order


@attrs.frozen
class Linear:
    """`constant` plus the sum of factor times term; no factor is 0, and no term is itself a sum, a product with a number or an int
    made real."""

    factors: Mapping[Term, Fraction]
    constant: Fraction = Fraction(0)

    def plus(self, other: Linear, times: Fraction) -> Linear:
        """The sum of this and `times` the other."""
        factors = dict(self.factors)
        for term, factor in other.factors.items():
            factors[term] = factors.get(term, Fraction(0)) + times * factor
        kept = {t: f for t, f in factors.items() if f}
        return Linear(kept, self.constant + times * other.constant)


def linear(term: Term) -> Linear:
    """The numeric term as a sum; what is not linear counts as a term of its own."""
    made: dict[Term, Linear] = {}
    for part in post_order((term,)):
        if part.sort in NUMERIC:
            made[part] = _linear(part, made)
    return made[term]


def _linear(term: Term, made: Mapping[Term, Linear]) -> Linear:
    match term:
        case Const(value=value):
            return Linear({}, Fraction(value))
        case App(op="add", args=args):
            total = Linear({})
            for arg in args:
                total = total.plus(made[arg], Fraction(1))
            return total
        case App(op="mul", args=(Const(value=value), other)):
            return Linear({}).plus(made[other], Fraction(value))
        case App(op="real", args=(inner,)):
            return made[inner]
        case _:
            return Linear({term: Fraction(1)})


def at_most_zero(sum_: Linear) -> Term:
    """That the sum is at most 0, with whole factors and every term on the side where its factor is positive."""
    return b.le(*_sides(sum_))


def is_zero(sum_: Linear) -> Term:
    """That the sum is 0."""
    return b.eq(*_sides(sum_))


def _sides(sum_: Linear) -> tuple[Term, Term]:
    scale = Fraction(lcm(*(f.denominator for f in (*sum_.factors.values(), sum_.constant))))
    common = gcd(*(int(f * scale) for f in (*sum_.factors.values(), sum_.constant))) or 1
    factors = {t: f * scale / common for t, f in sum_.factors.items()}
    sort = Sort.INT if all(t.sort is Sort.INT for t in factors) else Sort.REAL
    left = [_times(f, t, sort) for t, f in factors.items() if f > 0]
    right = [_times(-f, t, sort) for t, f in factors.items() if f < 0]
    constant = sum_.constant * scale / common
    (left if constant > 0 else right).append(_number(abs(constant), sort))
    zero = _number(Fraction(0), sort)
    return b.add(zero, *left), b.add(zero, *right)


def _times(factor: Fraction, term: Term, sort: Sort) -> Term:
    same = b.real(term) if sort is Sort.REAL and term.sort is Sort.INT else term
    return b.mul(_number(factor, sort), same)


def _number(value: Fraction, sort: Sort) -> Term:
    return b.integer(int(value)) if sort is Sort.INT else b.rational(value)


def tidy(formula: Term) -> Term:
    """An equivalent formula whose comparisons of linear sums are written plainly; a strict one of ints is not strict any more."""
    made: dict[Term, Term] = {}
    for term in post_order((formula,)):
        match term:
            case App(op="not", args=(App(op="lt" | "le") as order,)):
                first, second = order.args
                made[term] = _order("le" if order.op == "lt" else "lt", second, first)
            case App(op="lt" | "le", args=(first, second)):
                made[term] = _order(term.op, first, second)
            case App(op="eq", args=(first, second)) if first.sort in NUMERIC:
                made[term] = is_zero(linear(first).plus(linear(second), Fraction(-1)))
            case App(sort=Sort.BOOL, args=args) if all(a.sort is Sort.BOOL for a in args):
                made[term] = b.rebuild(term, tuple(made[a] for a in args))
            case _:
                made[term] = term
    return made[formula]


def _order(op: str, first: Term, second: Term) -> Term:
    difference = linear(first).plus(linear(second), Fraction(-1))
    if op == "le":
        return at_most_zero(difference)
    factors = (*difference.factors.values(), difference.constant)
    if all(t.sort is Sort.INT for t in difference.factors) and all(f.denominator == 1 for f in factors):
        return at_most_zero(difference.plus(Linear({}, Fraction(1)), Fraction(1)))
    return b.lt(*_sides(difference))
