"""`prove` on systems like those of workflows; what it says is checked by two solvers, and reads well."""

from __future__ import annotations

import pytest
from generators.transition_systems import (
    SAFE,
    UNSAFE,
    after,
    approvals,
    approved_texts,
    counted,
    every_item,
    spending,
    two_layers,
)

from wfcheck.solver import second
from wfcheck.solver.backend import solve
from wfcheck.solver.invariants.assumptions import cores, weakened
from wfcheck.solver.invariants.bounded import Refuted
from wfcheck.solver.invariants.prove import Proof, prove
from wfcheck.solver.invariants.show import show, show_invariant
from wfcheck.solver.transition import conditions
from wfcheck.solver.verdict import Unsat


@pytest.mark.parametrize("name", SAFE)
def test_safe_systems_are_proved_without_bounds(name: str) -> None:
    found = prove(SAFE[name], seconds=30.0)
    assert isinstance(found, Proof), found
    asked = list(conditions(SAFE[name], found.invariant))
    assert all(isinstance(solve(c.formula, c.assumptions), Unsat) for c in asked)
    assert len(found.cores) == len(asked)
    if second.available():
        assert {second.check(c.formula, c.assumptions, seconds=30.0).status for c in asked} == {"unsat"}


@pytest.mark.parametrize("name", UNSAFE)
def test_unsafe_systems_are_refuted_at_the_least_depth(name: str) -> None:
    system, depth = UNSAFE[name]
    found = prove(system, seconds=30.0)
    assert isinstance(found, Refuted), found
    assert (found.depth, found.shortest) == (depth, True)
    assert found.bad in {bad.name for bad in system.segments[found.place].bad}


@pytest.mark.parametrize(
    ("name", "place", "text"),
    [
        ("approvals", "loop", "sent + left <= approved"),
        ("a million rounds", "loop", "count <= i"),
        ("spending", "loop", "total <= 100 * i"),
        ("approved texts", "send", "asked = key implies available"),
    ],
)
def test_invariants_read_as_people_write_them(name: str, place: str, text: str) -> None:
    found = prove(SAFE[name], seconds=30.0)
    assert isinstance(found, Proof)
    assert show_invariant(found.invariant) == {place: text}


def test_a_place_without_a_formula_needs_none() -> None:
    found = prove(two_layers(), seconds=30.0)
    assert isinstance(found, Proof)
    assert found.invariant == {}
    assert found.method == "none needed"


def test_the_cores_of_a_proof_name_what_it_needs() -> None:
    found = prove(spending(100, 1000), seconds=30.0)
    assert isinstance(found, Proof)
    assert found.assumptions == ("cap",)
    every = cores(spending(100, 1000), found.invariant, seconds=30.0)
    assert every.found == (("cap",),)
    assert every.complete
    assert every.depth.exact
    assert every.depth.at_least == 1


def test_two_layers_have_two_cores_and_one_single_point_of_failure() -> None:
    every = cores(two_layers(), {}, seconds=60.0)
    assert set(every.found) == {("few", "human"), ("few", "model")}
    assert every.single_points == ("few",)
    layers = cores(two_layers(), {}, names={"human", "model"}, seconds=60.0)
    assert set(layers.found) == {("human",), ("model",)}
    assert layers.depth.exact
    assert layers.depth.at_least == 2
    assert layers.depth.together == ("human", "model")
    assert isinstance(prove(weakened(two_layers(), layers.depth.together), seconds=30.0), Refuted)


def test_no_time_is_no_verdict() -> None:
    for system in (approvals(), counted(9, 5), every_item(), after(41), approved_texts()):
        found = prove(system, seconds=0.0)
        assert not isinstance(found, Proof | Refuted)
        assert found.reason


def test_the_same_question_has_the_same_answer() -> None:
    first, other = (prove(every_item(), seconds=60.0) for _ in range(2))
    assert isinstance(first, Proof)
    assert isinstance(other, Proof)
    assert {p: show(f) for p, f in first.invariant.items()} == {
        p: show(f) for p, f in other.invariant.items()
    }
