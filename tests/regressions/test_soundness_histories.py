"""Rules about what happened before that were once proved, or vacuous, of runs that break them; each beside its repaired twin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from wfcheck.checker.pipeline import check
from wfcheck.checker.reference.judge import judge
from wfcheck.checker.reference.oracle import ScriptedOracle
from wfcheck.checker.testing import run_tests
from wfcheck.dsl import core
from wfcheck.dsl.elaboration import elaborate
from wfcheck.dsl.walk import statements
from wfcheck.stdlib import load

Verdicts = Callable[[str], dict[str, str]]
OPEN = ("VIOLATED", "POSSIBLE", "UNKNOWN")

HEAD = """
principal boss is human
principal helper is agent
tool pay(amount: int) { effect irreversible  emits nothing  returns {} }
tool look() -> bool { effect read  emits nothing  returns {} }
tool audit() { effect read  emits nothing  returns {} }
"""


@pytest.mark.parametrize(
    ("rule", "bad", "good"),
    [
        (
            "forbid pay(amount: < 2) after approve(by: boss)",
            "approve pay(amount: 2) by boss  pay(amount: n)",
            "approve pay(amount: 2) by boss  pay(amount: 2)",
        ),
        (
            "require look since approve(by: boss) before pay",
            "look()  approve pay(amount: 2) by boss  pay(amount: 3)",
            "approve pay(amount: 2) by boss  look()  pay(amount: 3)",
        ),
        (
            "require approve(by: boss, shows: args) before pay",
            "approve pay(amount: 2) by boss  pay(amount: n)",
            "approve pay(amount: n) by boss  pay(amount: n)",
        ),
    ],
)
def test_an_approval_is_about_the_same_call_only_as_evidence(
    verdicts: Verdicts, rule: str, bad: str, good: str
) -> None:
    text = HEAD + "workflow w(n: int from {user}) once per session { %s }\npolicy p { r: %s }"
    assert verdicts(text % (bad, rule))["p.r"] in OPEN
    assert verdicts(text % (good, rule))["p.r"] == "PROVED"


@pytest.mark.parametrize(("scope", "expected"), [("per session", False), ("", True)])
def test_the_end_of_a_run_owes_what_other_runs_left(tmp_path: Path, scope: str, expected: bool) -> None:
    path = tmp_path / "spec.wf"
    path.write_text(
        HEAD + "workflow v(n: int from {user}) { pay(amount: n)  audit() }\n"
        'workflow w(n: int from {user}) { say "hello" }\n'
        f"policy p for v, w {{ r: require audit after pay before end {scope} }}"
    )
    found = {r.workflow: r.verdict.value for r in check([path], timeout=8.0).results}
    assert (found["w"] == "VACUOUS") is expected
    assert (found["v"] == "PROVED") is expected


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        ("forbid pay(amount: X)", "VIOLATED"),
        ("forbid pay when amount > 1 or amount <= 1", "VIOLATED"),
        ("forbid pay when known(paid[text(amount)])", "VIOLATED"),
        ("forbid pay when amount > 1", "ENFORCED"),
    ],
)
def test_what_breaks_whatever_an_agent_hands_back_is_the_workflows_own_doing(
    verdicts: Verdicts, rule: str, verdict: str
) -> None:
    twice = "retry 1 { pay(amount: x) } on error { audit() }\n" * 2
    text = HEAD + "track paid: map<text, bool> = {} { on pay: paid[text(amount)] := true }\n"
    text += (
        "workflow w() guarded once per session { x = agent bot() as helper may { look } max 2 steps -> int\n"
    )
    assert verdicts(f"{text}{twice}}}\npolicy p {{ r: {rule} }}")["p.r"] == verdict


def test_a_refusal_does_not_expire(tmp_path: Path) -> None:
    path = tmp_path / "spec.wf"
    body = "approve pay(amount: 1) by boss within 1 steps else { look()  look()  pay(amount: 1) }"
    path.write_text(
        HEAD + f"workflow w() once per session {{ {body} }}\npolicy p {{ r: require deny(pay) before pay }}"
    )
    program, _ = elaborate.load([path], library=load)
    workflow = program.workflows["w"]
    (asked,) = (s for s in statements(workflow.body) if isinstance(s, core.Approve))
    oracle = ScriptedOracle({(asked.id, 0): False})
    done, verdict = judge(program, program.rules[0], [(workflow, oracle)])
    assert [e.tool for e in done.events if e.kind == "call"] == ["look", "look", "pay"]
    assert verdict.holds
    assert check([path]).results[0].verdict.value == "PROVED"


@pytest.mark.parametrize(
    ("events", "found"), [("pay, look, pay", False), ("pay, audit", True), ("look, audit", True)]
)
def test_what_can_be_reached_is_reached_in_one_run(tmp_path: Path, events: str, found: bool) -> None:
    path = tmp_path / "spec.wf"
    path.write_text(
        HEAD + "workflow w(n: int from {user}) { if n > 0 { pay(amount: n) } else { look() }  audit() }\n"
        f'test "t" {{ expect reachable w: {events}  expect unreachable w: {events} }}'
    )
    program, _ = elaborate.load([path], library=load)
    outcomes = [result.outcome for result in run_tests(program).results]
    assert outcomes == (["passed", "failed"] if found else ["failed", "passed"])
