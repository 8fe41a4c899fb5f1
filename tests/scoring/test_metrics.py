"""Measures of alarms against labels, on cases worked out by hand."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from wfcheck.checker.scoring.metrics import Case, Share, effect_named, exact_f1, score

# Exact; one step late; missed; a false alarm; quiet and safe; failed somewhere, alarmed.
CASES = (
    Case("a", (3, 7), step=3, failed=True, agent="x", named="x"),
    Case("b", (5,), step=4, failed=True, agent="x", named="y"),
    Case("c", (), step=2, failed=True, agent="y"),
    Case("d", (1,)),
    Case("e", ()),
    Case("f", (6,), failed=True),
)


def test_by_hand() -> None:
    scores = score(CASES)
    assert scores.runs == 6
    assert scores.step_accuracy == Share(1, 3)
    assert scores.exact_precision == Share(1, 3)  # of a, b and d; that of f has no known step
    assert scores.exact_f1 == Fraction(1, 3)
    assert scores.mean_step_error == Fraction(1, 2)  # (0 + 1) / 2: c names nothing
    assert scores.false_alarms == Share(1, 2)
    assert scores.detected == Share(3, 4)
    assert scores.in_time == Share(1, 3)
    assert scores.agent_accuracy == Share(1, 3)
    assert scores.goal_recall == Share(0, 0)


def test_the_first_alarm_is_the_answer() -> None:
    late = Case("a", (9, 2), step=9, failed=True)
    assert not late.exact
    assert score([late]).mean_step_error == 7
    assert score([late]).in_time == Share(1, 1)


def test_harm_and_side_effects() -> None:
    early = Case("a", (2, 5), failed=True, goal=6, effect=5)
    wrong = Case("b", (2, 7), failed=True, goal=6, effect=5)
    late = Case("c", (7,), failed=True, goal=6, effect=7)
    silent = Case("d", (), failed=True, goal=6, effect=5)
    scores = score([early, wrong, late, silent])
    assert scores.goal_recall == Share(2, 4)
    assert scores.effect_named == Share(2, 3)
    assert effect_named([silent]) == Share(0, 0)


def test_nothing_is_no_score() -> None:
    scores = score([])
    assert scores.exact_f1 is None
    assert scores.mean_step_error is None
    assert scores.step_accuracy.value is None
    assert exact_f1([Case("a", (), step=1, failed=True)]) == 0


STEPS = st.integers(0, 9)
ANY = st.builds(
    lambda alarms, step, failed: Case("t", tuple(alarms), step=step, failed=failed or step is not None),
    st.lists(STEPS, max_size=4),
    st.none() | STEPS,
    st.booleans(),
)


@given(st.lists(ANY, max_size=12))
def test_as_counted_by_true_and_false(cases: list[Case]) -> None:
    """F1 by its counts: an alarm elsewhere is false, and misses the step as well."""
    kept = [c for c in cases if c.step is not None or not c.failed]
    true = sum(c.step is not None and bool(c.alarms) and min(c.alarms) == c.step for c in kept)
    false = sum(bool(c.alarms) and (c.step is None or min(c.alarms) != c.step) for c in kept)
    missed = sum(c.step is not None and (not c.alarms or min(c.alarms) != c.step) for c in kept)
    found = exact_f1(cases)
    if true + missed:
        assert found == (Fraction(2 * true, 2 * true + false + missed) if true else 0)
    else:
        assert found is None
