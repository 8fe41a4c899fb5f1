"""Every rule form has its sentence, formula, monitor and runs; the runs are what they are said to be."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from wfcheck import load
from wfcheck.checker.explaining.explained import Explained, explain
from wfcheck.checker.explaining.json import explained_json
from wfcheck.checker.explaining.text import write_text
from wfcheck.checker.reference.rules import breaks
from wfcheck.dsl import core

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = load(ROOT / "tests" / "dsl_workflow" / "everything.wf").program
RULES = {rule.name.removeprefix("everything."): rule for rule in PROGRAM.rules}
POLICY = {"b7", "b8", "b9"}  # about the policy itself
NO_FORBIDDEN = {
    "a4": "undecided: the value may also come from a source under a condition",
    "c3": "not applicable",
}
NO_ALLOWED = {"c3": "not applicable"}


def sound(rule: core.Rule, program: core.Program, explained: Explained) -> None:
    """The naive evaluator says of both runs what the explanation says."""
    runs = explained.runs
    if runs.allowed is not None:
        assert breaks(program, rule, runs.allowed.events, marked=True, trees=runs.allowed.trees).holds
    if runs.forbidden is not None:
        verdict = breaks(program, rule, runs.forbidden.events, marked=True, trees=runs.forbidden.trees)
        assert runs.forbidden.index == verdict.broken[0]


@pytest.mark.parametrize("name", RULES)
def test_runs_are_confirmed_and_found(name: str) -> None:
    rule = RULES[name]
    explained = explain(rule, PROGRAM)
    sound(rule, PROGRAM, explained)
    if name in POLICY:
        assert explained.runs.reason is not None
        return
    assert (explained.runs.forbidden is None) == (name in NO_FORBIDDEN)
    assert (explained.runs.allowed is None) == (name in NO_ALLOWED)


@pytest.mark.parametrize("name", RULES)
def test_texts_are_one_sentence_plain_ascii_formulas_and_known_states(name: str) -> None:
    explained = explain(RULES[name], PROGRAM)
    assert explained.prose[0] == explained.prose[0].upper()
    assert explained.prose.endswith(".")
    assert explained.formula.text.isascii()
    assert "?" not in explained.formula.text
    assert explained.formula.text.count("(") == explained.formula.text.count(")")
    made = explained.automaton
    states = {state.name for state in made.states}
    assert sum(state.start for state in made.states) == bool(states)
    assert all({step.source, step.target} <= states for step in made.transitions)
    assert bool(states) == any(step.target == "broken" for step in made.transitions)
    assert states or made.notes


@pytest.mark.parametrize("name", RULES)
def test_two_explanations_are_the_same(name: str) -> None:
    first, second = (explain(RULES[name], PROGRAM) for _ in range(2))
    assert write_text(first) == write_text(second)
    assert explained_json(first, "0") == explained_json(second, "0")


PROSE = {
    "a2": "There is never a call of `pay` whose `order` is the same after a call of `refund` that returned in the same run, for 24h.",
    "a5": "Nothing steers whether and when a call of `refund` happens but what carries `user` or what carries `model`.",
    "a7": "After a call of `refund` that returned there follows, in the same run, something said to the user, before the run ends.",
    "a9": "In the same run, no principal acts in more than one of: a call of `refund` and an approval by `manager`.",
    "b1": "The sum of `amount` over a call of `refund` when `amount > 2` is at most 500, for one value of `order` and within any 24h.",
    "b6": "`spent <= 500` holds at a call of `refund`, that event counted in.",
    "b8": "At least 2 assumptions must fail together before `everything.a1` can break.",
    "c2": "`[].email` of the result of `lookup` never reaches `bank`, neither as a value nor by what is decided.",
}


@pytest.mark.parametrize("name", PROSE)
def test_the_sentence(name: str) -> None:
    assert explain(RULES[name], PROGRAM).prose == PROSE[name]


FORMULAS = {
    "a2": "forall e: not (exists d < e: call(e) and e.tool == pay and e.order == d.order and returned(d) and d.tool == refund "
    "and time(e) - time(d) <= 24h)",
    "a6": "forall e, N: call(e) and e.tool == refund and e.order == N and e.amount > 3 -> exists d < e: returned(d) and "
    "d.tool == lookup and d.name == N and (not exists u: d < u < e and input(u) and u.by == user) and calls(d, e) <= 5",
    "a7": "forall e, n > e: returned(e) and e.tool == refund and end(n) -> exists f: e < f < n and say(f)",
    "b6": "forall e: call(e) and e.tool == refund -> after(e).spent <= 500",
    "c2": "forall e, v: arrives(v, e, {bank}) -> not from(v, lookup.result[].email)",
    "c4": 'forall e: not (call(e) and e.tool in {pay, refund} and (exists p < e: input(p) and (p.text contains "stop")))',
    "c7": 'forall e: call(e) and e.tool == refund -> forall x in split(e.order, ","): exists d < e: returned(d) and '
    "d.tool == lookup and d.name == x",
}


@pytest.mark.parametrize("name", FORMULAS)
def test_the_formula(name: str) -> None:
    assert explain(RULES[name], PROGRAM).formula.text == FORMULAS[name]


def test_every_name_with_an_argument_in_a_formula_is_in_the_legend() -> None:
    import re

    own = {
        "split",
        "mentions",
        "tool",
    }  # functions and tags of the language
    for rule in RULES.values():
        made = explain(rule, PROGRAM).formula
        used = set(re.findall(r"\b([a-z_]+)\(", made.text)) - {"and", "or", "not", "in"}
        known = {term for term, _ in made.legend}
        assert used - known - own <= {"input", "message", "say", "release", "remember", "llm"}, rule.name


def test_it_is_quick() -> None:
    slowest = 0.0
    for rule in PROGRAM.rules:
        start = time.process_time()
        explain(rule, PROGRAM)
        slowest = max(slowest, time.process_time() - start)
    assert slowest < 4
