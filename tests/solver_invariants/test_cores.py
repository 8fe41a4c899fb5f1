"""Cores, hitting sets and defence depth against their definitions, by brute force over every set of names."""

from __future__ import annotations

from itertools import chain, combinations
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wfcheck.solver.cores import Names, depth, enumerate_cores, single_points, smallest

NAMES = frozenset("abcde")
ALL = [frozenset(c) for n in range(6) for c in combinations(sorted(NAMES), n)]
families = st.lists(st.frozensets(st.sampled_from(sorted(NAMES))), max_size=6)


class Family:
    """An oracle: a set suffices if it holds one of the given cores."""

    def __init__(self, cores: list[Names], patience: int = 10**6) -> None:
        self.cores, self.patience, self.asked = cores, patience, 0

    def __call__(self, names: Names) -> Names | Literal["insufficient", "undecided"]:
        self.asked += 1
        if self.asked > self.patience:
            return "undecided"
        fitting = [core for core in self.cores if core <= names]
        return frozenset(chain(*fitting)) if fitting else "insufficient"


def _true_depth(cores: list[Names]) -> int | None:
    hits = [len(s) for s in ALL if all(s & core for core in cores)]
    return min(hits) if hits else None


@given(families)
def test_depth_is_the_size_of_a_smallest_hitting_set(cores: list[Names]) -> None:
    found = depth(cores)
    assert found.exact
    assert found.at_least == _true_depth(cores)
    if found.at_least is not None:
        assert len(found.together) == found.at_least
        assert all(set(found.together) & core for core in cores)


def test_a_depth_that_was_cut_off_is_a_lower_bound_and_says_so() -> None:
    cores = [frozenset(f"x{(i * j) % 40}" for j in range(1, 9)) | {f"y{i % 13}"} for i in range(1, 60)]
    found = depth(cores, steps=5)
    assert not found.exact
    assert found.at_least is not None
    assert 1 <= found.at_least <= 14
    assert not found.together


@given(families)
def test_smallest_keeps_the_minimal_sets(cores: list[Names]) -> None:
    assert set(smallest(cores)) == {c for c in cores if not any(other < c for other in cores)}


@given(families)
def test_every_core_is_found_and_the_depth_is_exact(cores: list[Names]) -> None:
    found = enumerate_cores(NAMES, Family(cores), most=100, questions=10_000)
    assert {frozenset(c) for c in found.found} == set(smallest(cores))
    assert found.complete
    assert found.minimised
    assert found.depth.exact
    assert found.depth.at_least == (_true_depth(cores) if cores else 0)
    shared = [n for n in NAMES if all(n in core for core in smallest(cores))] if cores else []
    assert found.single_points == tuple(sorted(shared))


@settings(max_examples=200)
@given(families, st.integers(0, 12), st.integers(0, 12), st.integers(1, 3))
def test_what_was_cut_off_is_said_and_never_too_deep(
    cores: list[Names], patience: int, questions: int, most: int
) -> None:
    found = enumerate_cores(NAMES, Family(cores, patience), most=most, questions=questions)
    true = _true_depth(cores) if cores else 0
    assert all(any(core <= frozenset(c) for core in cores) for c in found.found)
    if found.depth.exact:
        assert found.depth.at_least == true
    elif true is not None:
        assert found.depth.at_least is not None
        assert found.depth.at_least <= true
    if found.complete and found.minimised:
        assert {frozenset(c) for c in found.found} == set(smallest(cores))


def test_no_core_has_no_single_point() -> None:
    assert single_points(()) == ()
    assert single_points([("a", "b"), ("b", "c")]) == ("b",)


@pytest.mark.parametrize("size", [10, 16])
def test_many_cores_end_within_the_budget(size: int) -> None:
    cores = [frozenset({f"l{i}", f"r{i}"}) for i in range(size)]
    names = frozenset(chain(*cores))
    found = enumerate_cores(names, Family(cores), most=size + 5, questions=400)
    assert found.depth.at_least == size or not found.depth.exact
