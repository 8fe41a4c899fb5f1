"""Rules over loops without bound, ends, sessions and budgets: proved for every run, or broken by one that is short."""

from __future__ import annotations

from pathlib import Path

import pytest

from wfcheck.checker.obligation import Limits
from wfcheck.checker.result import Result, Verdict
from wfcheck.checker.tasks import check_program
from wfcheck.dsl.diagnostic import Severity
from wfcheck.dsl.elaboration import elaborate
from wfcheck.stdlib import load

HEAD = """
principal boss is human
principal clerk is agent
tool pay(amount: int) { effect irreversible emits nothing returns {} }
tool audit(n: int) -> bool { effect read emits nothing returns {} }
tool look() -> bool { effect read emits nothing returns {} }
tool grab(item: text) { effect write emits nothing returns {} }
tool batch(items: list<text>) { effect write emits nothing returns {} }
"""

APPROVED = "require approve(by: boss, shows: args) before pay"

GRANTED = """granted = 0 go = look()
repeat while go { approve pay(amount: 7) by boss granted = granted + 1 go = look() }
"""

APPROVING = """parallel {
  branch { approve pay(amount: 1) by boss pay(amount: 1) }
  branch { approve pay(amount: n) by boss pay(amount: n) }
}"""

CASES = {
    "an approval in each round": (
        "i = 0 repeat while i < n { approve pay(amount: i) by boss pay(amount: i) i = i + 1 }",
        APPROVED,
        Verdict.PROVED,
    ),
    "one round without approval": (
        "i = 0 repeat while i < n { if i != 2 { approve pay(amount: i) by boss } pay(amount: i) i = i + 1 }",
        APPROVED,
        Verdict.VIOLATED,
    ),
    "approved any number of times, then paid as often": (
        GRANTED + "repeat while granted > 0 { pay(amount: 7) granted = granted - 1 }",
        APPROVED,
        Verdict.PROVED,
    ),
    "paid once more than approved": (
        GRANTED + "repeat while granted >= 0 { pay(amount: 7) granted = granted - 1 }",
        APPROVED,
        Verdict.VIOLATED,
    ),
    "an approval that every retry uses": (
        "approve pay(amount: n) by boss retry 5 { pay(amount: n) }",
        APPROVED,
        Verdict.VIOLATED,
    ),
    "an approval for every retry": (
        "retry 5 { approve pay(amount: n) by boss pay(amount: n) }",
        APPROVED,
        Verdict.PROVED,
    ),
    "an audit on every path": (
        "for x in xs { grab(item: x) } pay(amount: 1) for x in xs { grab(item: x) } audit(n: n)",
        "require audit after pay before end",
        Verdict.PROVED,
    ),
    "a path that never audits": (
        "pay(amount: 1) if n > 100 { stop } audit(n: n)",
        "require audit after pay before end",
        Verdict.VIOLATED,
    ),
    "an audit in a loop that may not run": (
        "pay(amount: 1) for x in xs { audit(n: n) }",
        "require audit after pay before end",
        Verdict.VIOLATED,
    ),
    "an early return of an inlined workflow": (
        "pay(amount: 1) got = inner(most: n) if got > 2 { audit(n: n) }",
        "require audit after pay before end",
        Verdict.VIOLATED,
    ),
    "a budget per session": (
        "spent = 0 go = look() repeat while go { if spent < 3 { pay(amount: 1) spent = spent + 1 } go = look() }",
        "limit count(pay) <= 3 per session",
        Verdict.PROVED,
    ),
    "a sum per session": (
        "spent = 0 go = look() repeat while go { if spent + n <= 500 and n > 0 { pay(amount: n) spent = spent + n } go = look() }",
        "limit sum(pay.amount) <= 500 per session",
        Verdict.PROVED,
    ),
    "a budget that is tested too late": (
        "spent = 0 go = look() repeat while go { if spent <= 3 { pay(amount: 1) spent = spent + 1 } go = look() }",
        "limit count(pay) <= 3 per session",
        Verdict.VIOLATED,
    ),
    "a million rounds": (
        "go = look() repeat max 1_000_000 while go { pay(amount: 1) go = look() }",
        "limit count(pay) <= 1_000_000 per run",
        Verdict.PROVED,
    ),
    "one round more than a few": (
        "go = look() repeat max 4 while go { pay(amount: 1) go = look() }",
        "limit count(pay) <= 3 per run",
        Verdict.VIOLATED,
    ),
    "an agent with a budget of steps": (
        "done = agent bot(n) as clerk may { pay, look } max 50 steps -> text",
        "limit count(pay) <= 50 per run",
        Verdict.PROVED,
    ),
    "an agent that may act at any time": (
        "done = agent bot(n) as clerk may { pay, look } max 50 steps -> text",
        "forbid pay after look",
        Verdict.VIOLATED,
    ),
    "each element was taken": (
        "for x in xs { grab(item: x) } batch(items: xs)",
        "require grab(item: x) before batch for each x in items",
        Verdict.PROVED,
    ),
    "not each element was taken": (
        'for x in xs { if x != "a" { grab(item: x) } } batch(items: xs)',
        "require grab(item: x) before batch for each x in items",
        Verdict.VIOLATED,
    ),
    "parallel branches that do not meet": (
        "parallel { branch { for x in xs { grab(item: x) } } branch { approve pay(amount: n) by boss pay(amount: n) } }",
        APPROVED,
        Verdict.PROVED,
    ),
    "one approval in each branch": (
        APPROVING,
        APPROVED,
        Verdict.PROVED,
    ),
    "an audit in each branch": (
        "parallel { branch { pay(amount: 1) audit(n: 1) } branch { pay(amount: 2) audit(n: 2) } }",
        "require audit after pay before end",
        Verdict.PROVED,
    ),
    "branches that take turns": (
        "parallel { branch { look() pay(amount: 1) } branch { look() pay(amount: 2) } }",
        "limit consecutive(pay) <= 1 per run",
        Verdict.VIOLATED,
    ),
    "an attempt in another branch may come before the outcome": (
        "parallel { branch { look() } branch { pay(amount: n) } }",
        "require look before pay",
        Verdict.VIOLATED,
    ),
    "a branch that ends another before its audit": (
        "parallel { branch { pay(amount: 1) audit(n: n) } branch { if n > 3 { stop } } }",
        "require audit after pay before end",
        Verdict.VIOLATED,
    ),
}

INNER = """
workflow inner(most: int) -> int {
  i = 0
  repeat while i < most { if i == 5 { return 1 } i = i + 1 }
  return 7
}
"""


def result(body: str, rule: str, folder: Path, *, once: str = "once per session") -> Result:
    """Of the rule for the workflow with that body."""
    path = folder / "case.wf"
    head = f"workflow w(n: int from {{user}}, xs: list<text> from {{user}}) {once} {{"
    path.write_text(f"{HEAD}{INNER}{head}\n{body}\n}}\npolicy p for w {{ r: {rule} }}\n")
    program, found = elaborate.load([path], library=load)
    assert not [d for d in found if d.severity is Severity.ERROR], found
    checked = check_program(program, limits=Limits(timeout=10.0))
    assert not checked.errors, checked.errors
    return next(r for r in checked.results if r.rule == "p.r")


@pytest.mark.parametrize("name", CASES)
def test_the_verdict(name: str, tmp_path: Path) -> None:
    body, rule, verdict = CASES[name]
    assert result(body, rule, tmp_path).verdict is verdict


def test_a_budget_of_each_run_is_no_budget_of_the_session(tmp_path: Path) -> None:
    body, rule, _ = CASES["a budget per session"]
    found = result(body, rule, tmp_path, once="")
    assert found.verdict is Verdict.VIOLATED
    assert found.witness is not None
    assert len({event.run for event in found.witness.events}) == 2


def test_a_proof_by_an_invariant_says_what_bounds_it_rests_on(tmp_path: Path) -> None:
    body, rule, _ = CASES["a million rounds"]
    assert "step-budgets" in result(body, rule, tmp_path).assumptions


@pytest.mark.parametrize(
    "name", ["an approval in each round", "one round without approval", "a sum per session"]
)
@pytest.mark.parametrize("around", ["if true {{ {} }}", "{}\nif false {{ stop }}", "retry 1 {{ {} }}"])
def test_what_changes_nothing_changes_no_verdict(name: str, around: str, tmp_path: Path) -> None:
    body, rule, verdict = CASES[name]
    assert result(around.format(body), rule, tmp_path).verdict is verdict


def test_a_round_before_the_loop_changes_no_verdict(tmp_path: Path) -> None:
    once = "approve pay(amount: i) by boss pay(amount: i) i = i + 1"
    body = f"i = 0 if i < n {{ {once} repeat while i < n {{ {once} }} }}"
    assert result(body, APPROVED, tmp_path).verdict is Verdict.PROVED
