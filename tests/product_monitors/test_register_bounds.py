"""Registers that stay within bounds whatever other runs of the session do: against random sequences of updates."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

import wfcheck
from wfcheck.checker.product.monitors.bounds import Range, bounds
from wfcheck.checker.result import Verdict

SPEC = """
principal clerk is agent {{}}
tool look(q: text) -> text {{ effect read emits nothing returns {{}} }}
tool pay(amount: decimal) -> text {{ effect irreversible emits nothing returns {{}} }}
track r: {type} = {start} {{ {updates} }}
workflow w(xs: list<text> from {{user}}) as clerk {{ for x in xs {{ look(q: x) }} pay(amount: 1) }}
policy p {{ always_: always {condition} }}
"""
CASES = [
    ("decimal", "0", "on look: r * 0.5 + 1  on pay: 0", (0, 2), "r <= 2", "r < 2"),
    ("int", "0", "on look: if r < 3 then r + 1 else r", (0, 3), "r <= 3", "r <= 2"),
    ("int", "0", "on look when r < 4: r + 1  on pay when 2 < r: r - 3", (0, 4), "r <= 4", "r <= 3"),
    ("decimal", "1", "on pay: max(r, amount)", (1, None), "r >= 1", "r <= 5"),
    ("decimal", "3", "on pay: min(r, amount) - 0  on look: 2 - r * -1", None, "r < 9", "r < 5"),
    ("int", "5", "on look: r - 1", (None, 5), "r <= 5", "r >= 0"),
    ("decimal", "0", "on pay: amount", None, "r >= 0 or r < 0", "r <= 5"),
]


@pytest.fixture
def program(tmp_path):
    def load(case, condition="r == r"):
        path = tmp_path / "spec.wf"
        type_, start, updates, *_ = case
        path.write_text(SPEC.format(type=type_, start=start, updates=updates, condition=condition))
        return path

    return load


@pytest.mark.parametrize("case", CASES, ids=[c[2] for c in CASES])
def test_the_range_that_lasts(program, case):
    made = wfcheck.load(program(case, case[4])).program
    found = bounds(made.registers["r"], made)
    if case[3] is not None:
        low, high = (None if e is None else Fraction(e) for e in case[3])
        assert found == Range(low, high)


@pytest.mark.parametrize("case", [c for c in CASES if c[3]], ids=[c[2] for c in CASES if c[3]])
def test_no_sequence_of_updates_leaves_the_range(program, case):
    made = wfcheck.load(program(case, case[4])).program
    found = bounds(made.registers["r"], made)
    assert found is not None
    chance = random.Random(7)
    steps = {"look": _step(case[2], "look"), "pay": _step(case[2], "pay")}
    for _ in range(200):
        r = Fraction(case[1])
        for _ in range(12):
            name = chance.choice(["look", "pay"])
            r = steps[name](r, Fraction(chance.randint(-9, 9)))
            assert Range(r, r).within(found)


def _step(updates, event):
    """The update of one event as Python, read from the few forms that the cases use."""
    for part in updates.split("  "):
        head, _, body = part.removeprefix("on ").partition(": ")
        name, _, when = head.partition(" when ")
        if name == event:
            if " then " in body:
                condition, _, rest = body.removeprefix("if ").partition(" then ")
                body = rest.replace(" else ", f" if {condition} else ")
            body = body.replace("0.5", "Fraction(1, 2)")
            value, test = compile(body, "update", "eval"), compile(when or "True", "when", "eval")
            return lambda r, amount: (
                eval(value, {"Fraction": Fraction, "max": max, "min": min}, {"r": r, "amount": amount})
                if eval(test, {}, {"r": r})
                else r
            )
    return lambda r, _amount: r


@pytest.mark.parametrize("case", [c for c in CASES if c[3]], ids=[c[2] for c in CASES if c[3]])
def test_the_bounds_prove_and_nothing_more(program, case):
    def verdict(condition):
        (result,) = wfcheck.check(program(case, condition), rule="p.always_").results
        return result.verdict

    assert verdict(case[4]) is Verdict.PROVED
    assert verdict(case[5]) in (Verdict.VIOLATED, Verdict.POSSIBLE, Verdict.UNKNOWN)
