"""Transition systems: substitution, and the conditions of an inductive invariant."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wfcheck.solver import build as b
from wfcheck.solver.backend import solve
from wfcheck.solver.evaluate import Model, evaluate
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Symbol, Term
from wfcheck.solver.transition import Bad, Move, Segment, System, conditions, substitute
from wfcheck.solver.verdict import Sat, Unsat

X, Y = b.symbol("x", Sort.INT), b.symbol("y", Sort.INT)
assert isinstance(X, Symbol)
assert isinstance(Y, Symbol)


def _counter(bound: int) -> System:
    loop = Segment(
        "loop",
        (),
        (Move("loop", b.lt(X, b.integer(5)), (b.add(X, b.integer(1)),)),),
        (Bad("too many", b.lt(b.integer(bound), X)),),
    )
    return System(
        "start",
        {"start": (), "loop": (X,)},
        {"start": Segment("start", (), (Move("loop", b.TRUE, (b.ZERO,)),)), "loop": loop},
    )  # type: ignore[arg-type]


def test_an_inductive_invariant_leaves_no_condition_open() -> None:
    invariant = {"loop": b.le(X, b.integer(5))}
    answers = [solve(c.formula, c.assumptions) for c in conditions(_counter(5), invariant)]
    assert len(answers) == 4
    assert all(isinstance(a, Unsat) for a in answers)


def test_an_invariant_that_is_too_weak_or_wrong_leaves_one_open() -> None:
    for formula in (b.TRUE, b.le(X, b.integer(4)), b.le(X, b.integer(6))):
        found = {c.name: solve(c.formula, c.assumptions) for c in conditions(_counter(5), {"loop": formula})}
        assert any(isinstance(a, Sat) for a in found.values())


@given(st.integers(-9, 9), st.integers(-9, 9))
def test_substitution_is_simultaneous(first: int, second: int) -> None:
    term: Term = b.ite(b.lt(X, Y), b.sub(X, Y), b.add(X, X, b.integer(1)))
    swapped = substitute(term, {X: Y, Y: X})  # type: ignore[dict-item]
    model = Model({"x": first, "y": second}, {})
    assert evaluate(swapped, model) == evaluate(term, Model({"x": second, "y": first}, {}))
