"""A rule that is ENFORCED is broken by agents alone, or by calls whose failure the workflow handles; and after a denial a run ends."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from generators.programs import RandomOracle, generate
from generators.shapes import free_agent

from wfcheck.checker.obligation import Limits
from wfcheck.checker.pipeline import check
from wfcheck.checker.reference.flows import is_explicit
from wfcheck.checker.reference.interpreter import run_sessions
from wfcheck.checker.reference.rules import breaks
from wfcheck.checker.result import Result, Verdict
from wfcheck.checker.tasks import check_program
from wfcheck.dsl import core
from wfcheck.dsl.walk import statements

HEAD = """
secrecy pii
influence web
channel outside
type Hard = int where it * 7 == 9009
principal helper is agent
tool read_web() -> text { effect read  emits nothing  returns {web} }
tool read_crm() -> text { effect read  emits nothing  returns {pii} }
tool send(to: text, body: text) { effect irreversible  emits outside  returns {} }
tool odd() -> Hard { effect read  emits nothing  returns {} }
tool count() -> int { effect read  emits nothing  returns {}  ensures small: result < 10 }
"""


def guarded(seed: int) -> tuple[core.Program, core.Workflow]:
    """A generated program with an agent, declared to be guarded."""
    program, drawn = generate(seed, size=0, shape=free_agent)
    workflow = attrs.evolve(drawn, guarded=True)
    return attrs.evolve(program, workflows={**program.workflows, "w": workflow}), workflow


@pytest.mark.parametrize("seed", range(12))
def test_nothing_else_breaks_an_enforced_rule(seed: int) -> None:
    program, workflow = guarded(seed)
    handled = {s.span.line for r in statements(workflow.body) if isinstance(r, core.Retry) for s in r.body}
    results = check_program(program, limits=Limits(2.0)).results
    enforced = {r.rule for r in results if r.verdict is Verdict.ENFORCED and r.workflow == "w"}
    for rule in (rule for rule in program.rules if rule.name in enforced):
        for number in range(6):
            done = run_sessions(
                program,
                [(workflow, RandomOracle(seed * 50 + number, program))],
                explicit=is_explicit(rule.body),
            )
            found = breaks(program, rule, done.events, marked=True, trees=done.trees)
            for event in (done.events[i] for i in found.broken):
                assert event.agent is not None or (event.source and event.source.line in handled)


def test_some_of_the_generated_rules_are_enforced() -> None:
    found = [
        r.verdict for seed in range(6) for r in check_program(guarded(seed)[0], limits=Limits(2.0)).results
    ]
    assert found.count(Verdict.ENFORCED) > 3


def verdict(tmp_path: Path, body: str, rule: str) -> Result:
    path = tmp_path / "w.wf"
    path.write_text(
        f"{HEAD}\nworkflow w(ask: text from {{user}}) as helper guarded {{\n{body}\n}}\npolicy p {{ r: {rule} }}\n"
    )
    report = check([path], rules=["p.r"])
    assert not [d for d in report.diagnostics if d.severity.value == "error"]
    (result,) = report.results
    return result


AGENT = "agent bot(ask) may { read_web, send } max 9 steps"
AFTER = "forbid send after read_web"


@pytest.mark.parametrize(
    "body",
    [
        AGENT,
        f"{AGENT}\nsay ask",
        f"for each in [1, 2] {{ {AGENT} }}",
        f'if ask == "x" {{ {AGENT} }} else {{ stop }}',
        f"{AGENT}\nread_crm()",
        f"retry 2 {{ {AGENT} }} on error {{ stop }}",
    ],
)
def test_a_run_that_ends_after_every_denial(tmp_path: Path, body: str) -> None:
    result = verdict(tmp_path, body, AFTER)
    assert result.verdict is Verdict.ENFORCED, result.notes
    assert "guard-deployed" in result.assumptions


@pytest.mark.parametrize(
    "body",
    [
        f"{AGENT}\nrepeat while true {{ read_crm() }}",
        f"n = 1\nrepeat while n < 3 {{ {AGENT} }}",
        f"{AGENT}\nodd()",
        f"{AGENT}\nn = count()",
        f"{AGENT}\nx = 1 / length(ask)",
        f'xs = split(ask, ",")\nfor each in xs max 3 {{ {AGENT} }}',
    ],
)
def test_a_run_that_may_have_no_end_after_a_denial(tmp_path: Path, body: str) -> None:
    result = verdict(tmp_path, body, AFTER)
    assert result.verdict is not Verdict.ENFORCED
    assert any("may have no end" in note for note in result.notes)


@pytest.mark.parametrize(
    "rule",
    [
        "forbid send after deny(send)",
        "forbid send after fail(read_web)",
        "forbid flow pii -> say",
    ],
)
def test_what_denials_do_not_decide_is_not_enforced(tmp_path: Path, rule: str) -> None:
    body = "x = read_crm()\nsay x\nagent bot(ask) may { read_web, send } max 9 steps"
    assert verdict(tmp_path, body, rule).verdict is not Verdict.ENFORCED
