"""A child that hangs, crashes, lies or guesses wrongly never makes a system safe: the outcome is Unknown, or a proof that fails its
re-check by the second solver."""

from __future__ import annotations

import sys

import pytest
from generators.transition_systems import UNSAFE, approvals, counted, every_item

from wfcheck.solver import build as b
from wfcheck.solver import second
from wfcheck.solver.backend import Child, solve
from wfcheck.solver.invariants.bounded import Refuted
from wfcheck.solver.invariants.prove import Proof, prove
from wfcheck.solver.invariants.recheck import Budget, check
from wfcheck.solver.transition import conditions
from wfcheck.solver.verdict import Sat, Unknown

LOOP = """
import sys, struct, json, time
while True:
    head = sys.stdin.buffer.read(4)
    if len(head) < 4: break
    q = json.loads(sys.stdin.buffer.read(struct.unpack('>I', head)[0]))
    kind = q.get('kind', 'solve')
    {body}
    d = json.dumps({{'number': q['number'], **a}}).encode()
    sys.stdout.buffer.write(struct.pack('>I', len(d)) + d)
    sys.stdout.buffer.flush()
"""
FAULTS = {
    "hangs": "time.sleep(60)",
    "dies": "raise SystemExit(1)",
    "answers another question": "a = {'status': 'unsat', 'core': [], 'number': 0}",
    "answers nothing": "a = {}",
    "gives up": "a = {'status': 'unknown', 'reason': 'canceled'}",
    "answers too few": "a = {'status': 'each', 'answers': []}",
    "answers each with nonsense": "a = {'status': 'each', 'answers': [7] * len(q.get('goals', []))}",
    "claims strange cores": "a = {'status': 'each', 'answers': [{'status': 'unsat', 'core': ['z']}] * len(q.get('goals', []))}",
    "claims models that are none": "a = {'status': 'each', 'answers': [{'status': 'sat', 'values': {}}] * len(q.get('goals', []))}",
    "opens and lies in sessions": (
        "a = {'open': {'status': 'open'}, 'ask': {'status': 'unsat', 'core': []}, 'close': {}}.get(kind,"
        " {'status': 'unknown', 'reason': 'no'})"
    ),
    "opens and lies with models": (
        "a = {'open': {'status': 'open'}, 'ask': {'status': 'sat', 'values': {'s!0': 'x'}}, 'close': {}}.get(kind,"
        " {'status': 'unknown', 'reason': 'no'})"
    ),
}  # fmt: skip


def _child(body: str) -> Child:
    return Child((sys.executable, "-c", LOOP.format(body=body)))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_solver_proves_and_refutes_nothing(fault: str) -> None:
    child = _child(FAULTS[fault])
    try:
        found = prove(approvals(), seconds=1.0, child=child, spacer=_child("raise SystemExit(1)"))
        assert isinstance(found, Unknown)
        assert found.reason
    finally:
        child.close()


GUESSES = {
    "false everywhere": "{p: [['false']] for p in q['places']}",
    "a wrong bound": "{p: [['arg', 0], ['int', '3'], ['le', 0, 1]] for p in q['places']}",
    "no nodes": "{p: [] for p in q['places']}",
    "an argument that is none": "{p: [['arg', 99]] for p in q['places']}",
    "a node ahead": "{p: [['not', 5]] for p in q['places']}",
    "mixed sorts": "{p: [['arg', 0], ['and', 0, 0]] for p in q['places']}",
    "an operator that is none": "{p: [['exec', 'x']] for p in q['places']}",
    "no lists": "{p: 'true' for p in q['places']}",
    "nothing": "{}",
}


@pytest.mark.parametrize("guess", GUESSES)
def test_a_wrong_guess_of_an_invariant_is_not_believed(guess: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wfcheck.solver.invariants.prove._Search.templates", lambda *_: None)
    monkeypatch.setattr("wfcheck.solver.invariants.prove._Search.bounded", lambda *_: None)
    spacer = _child(f"a = {{'status': 'guessed', 'places': {GUESSES[guess]}}}")
    for system in (counted(9, 5), counted(9, 9), every_item(skips=True)):
        assert isinstance(prove(system, seconds=5.0, spacer=spacer), Unknown)


@pytest.mark.parametrize(
    "fault", ["hangs", "dies", "answers another question", "answers nothing", "gives up"]
)
def test_without_spacer_the_rest_still_answers(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wfcheck.solver.invariants.prove._Search.templates", lambda *_: None)
    system, depth = UNSAFE["counted"]
    found = prove(system, seconds=3.0, spacer=_child(FAULTS[fault]))
    assert isinstance(found, Refuted)
    assert found.depth == depth


@pytest.mark.skipif(not second.available(), reason="cvc5 is an extra")
def test_a_solver_that_lies_is_caught_by_the_second() -> None:
    liar = _child(
        "a = {'status': 'each', 'answers': [{'status': 'unsat', 'core': []}] * len(q.get('goals', []))}"
    )
    try:
        found = prove(counted(9, 5), seconds=5.0, child=liar)
        assert isinstance(found, Proof)
        opinions = [
            second.check(c.formula, c.assumptions) for c in conditions(counted(9, 5), found.invariant)
        ]
        assert "sat" in {opinion.status for opinion in opinions}
    finally:
        liar.close()


def test_an_invariant_over_other_symbols_is_no_invariant() -> None:
    system, budget = counted(9, 9), Budget(float("inf"), 10_000_000)
    call = b.symbol("call", b.TRUE.sort)
    assert check(system, {"loop": call}, budget).open is not None
    assert check(system, {"elsewhere": b.TRUE}, budget).open is not None
    condition, answer = check(system, {}, budget).open or (None, None)
    assert condition is None or isinstance(answer, Sat)
    assert condition is None or isinstance(solve(condition.formula, condition.assumptions), Sat)
