"""Refutations by Farkas multipliers: the finder against Z3, the checker against tampering."""

from __future__ import annotations

from fractions import Fraction

import attrs
import pytest
from generators.transition_systems import SAFE
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from wfcheck.solver import build as b
from wfcheck.solver.backend import solve
from wfcheck.solver.farkas import Atom, Leaf, Refutation, Split, certificate, holds, refutation, refutes
from wfcheck.solver.invariants.prove import Proof, prove
from wfcheck.solver.linear import Linear, linear, tidy
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Term
from wfcheck.solver.transition import conditions
from wfcheck.solver.verdict import Sat, Unsat

REALS = [b.symbol(n, Sort.REAL) for n in "xyz"]
INTS = [b.symbol(n, Sort.INT) for n in "ijk"]
small = st.integers(-3, 3).map(Fraction)
sums = st.builds(
    lambda factors, constant: Linear({t: f for t, f in zip(REALS, factors, strict=True) if f}, constant),
    st.lists(small, min_size=3, max_size=3),
    small,
)
atoms = st.builds(Atom, sums, st.sampled_from(["le", "lt", "eq"]))


def _term(atom: Atom) -> Term:
    parts = [b.mul(b.rational(f), t) for t, f in atom.sum.factors.items()]
    total = b.add(b.rational(atom.sum.constant), *parts)
    return {"le": b.le, "lt": b.lt, "eq": b.eq}[atom.relation](total, b.rational(0))


@settings(deadline=None)
@given(st.lists(atoms, min_size=1, max_size=6))
def test_factors_are_found_exactly_where_there_is_no_solution(some: list[Atom]) -> None:
    answer, found = solve(b.and_(*map(_term, some))), certificate(some)
    assert isinstance(answer, Sat) == (found is None)
    assert isinstance(answer, Unsat) == (found is not None)
    assert found is None or refutes(some, found)


@settings(deadline=None)
@given(st.lists(atoms, min_size=1, max_size=5), st.lists(small, min_size=1, max_size=5))
def test_no_factors_refute_what_has_a_solution(some: list[Atom], factors: list[Fraction]) -> None:
    if isinstance(solve(b.and_(*map(_term, some))), Sat):
        assert not refutes(some, factors)


def test_factors_of_another_length_or_sign_refute_nothing() -> None:
    x = REALS[0]
    some = [
        Atom(Linear({x: Fraction(1)}, Fraction(1)), "le"),
        Atom(Linear({x: Fraction(-1)}, Fraction(0)), "le"),
    ]
    assert refutes(some, [Fraction(1), Fraction(1)])
    for factors in ([1], [1, 1, 1], [-1, -1], [0, 0], [1, 2], [0, 1]):
        assert not refutes(some, [Fraction(f) for f in factors])


numbers = st.recursive(
    st.sampled_from([*INTS, b.integer(0), b.integer(2)]),
    lambda inner: st.one_of(
        st.builds(b.add, inner, inner),
        st.builds(lambda n, a: b.mul(b.integer(n), a), st.integers(-2, 2), inner),
        st.builds(lambda p, x, y: b.ite(p, x, y), st.sampled_from([b.symbol("p", Sort.BOOL)]), inner, inner),
    ),
    max_leaves=4,
)
orders = st.one_of(
    st.builds(b.le, numbers, numbers), st.builds(b.lt, numbers, numbers), st.builds(b.eq, numbers, numbers)
)
formulas = st.recursive(
    st.one_of(orders, st.sampled_from([b.symbol("p", Sort.BOOL), b.symbol("q", Sort.BOOL)])),
    lambda inner: st.one_of(
        st.builds(b.not_, inner), st.builds(b.and_, inner, inner), st.builds(b.or_, inner, inner)
    ),
    max_leaves=6,
)


@settings(deadline=None, max_examples=150)
@given(st.lists(formulas, min_size=1, max_size=3))
def test_a_refuted_formula_has_no_model(parts: list[Term]) -> None:
    formula = b.and_(*parts)
    found = refutation(formula)
    if found is not None:
        assert isinstance(solve(formula), Unsat)
        assert holds(formula, found)


@settings(deadline=None, max_examples=100)
@given(formulas, formulas)
def test_a_refutation_of_one_formula_shows_nothing_of_one_with_a_model(one: Term, other: Term) -> None:
    found = refutation(b.and_(one, b.not_(one), other)) or refutation(b.and_(one, other))
    assume(found is not None)
    assert found is not None
    if isinstance(solve(other), Sat):
        assert not holds(other, found)


@settings(deadline=None)
@given(formulas)
def test_tidy_formulas_are_equivalent(formula: Term) -> None:
    assert isinstance(solve(b.distinct(formula, tidy(formula))), Unsat)


@given(numbers)
def test_sums_mean_what_the_term_means(term: Term) -> None:
    made = linear(term)
    parts = [b.mul(b.integer(int(f)), t) for t, f in made.factors.items()]
    total = b.add(b.integer(int(made.constant)), *parts)
    assert isinstance(solve(b.distinct(term, total)), Unsat)


@pytest.mark.parametrize("name", ["approvals", "a million rounds", "spending"])
def test_conditions_of_counters_are_refuted_without_a_solver(name: str) -> None:
    found = prove(SAFE[name], seconds=30.0)
    assert isinstance(found, Proof)
    for condition in conditions(SAFE[name], found.invariant):
        whole = b.and_(condition.formula, *(term for _, term in condition.assumptions))
        reason = refutation(whole)
        assert reason is not None
        assert holds(whole, reason)
        tampered = _tampered(reason)
        assert whole is b.FALSE or not holds(whole, tampered)


def _tampered(reason: Refutation) -> Refutation:
    if isinstance(reason, Split):
        return attrs.evolve(reason, true=_tampered(reason.true), false=_tampered(reason.false))
    return Leaf(tuple(-f for f in reason.factors))
