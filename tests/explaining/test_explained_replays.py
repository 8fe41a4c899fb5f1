"""The runs that explain a rule, stepped by the monitors of replay: the same event breaks, and the allowed run breaks nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from wfcheck import load
from wfcheck.checker.explaining.explained import explain
from wfcheck.checker.explaining.runs import Run
from wfcheck.checker.replay.judging import judge_trace
from wfcheck.checker.replay.policy import CompiledPolicy, compile_policy
from wfcheck.checker.replay.result import ReplayResult
from wfcheck.checker.traces.trace import Trace
from wfcheck.dsl import core

ROOT = Path(__file__).resolve().parents[2]
SPECS = {
    "everything": load(ROOT / "tests" / "dsl_workflow" / "everything.wf").program,
    "banking": load(ROOT / "examples" / "banking").program,
    "agentdojo": load(ROOT / "examples" / "agentdojo" / "banking.wf").program,
}
POLICIES = {name: compile_policy(program) for name, program in SPECS.items()}
FLOWS = core.Flow | core.FromOnly | core.Decision
CASES = [
    (name, rule)
    for name, program in SPECS.items()
    for rule in program.rules
    if not isinstance(rule.body, FLOWS | core.Meta) and rule.not_applicable is None
]


def replayed(policy: CompiledPolicy, rule: core.Rule, run: Run) -> ReplayResult:
    judged = judge_trace(policy, Trace("run", "run", 1, "native", run.events))
    (found,) = [result for result in judged.results if result.rule == rule.name]
    return found


@pytest.mark.parametrize(("spec", "rule"), CASES, ids=[f"{s}-{r.name}" for s, r in CASES])
def test_replay_agrees(spec: str, rule: core.Rule) -> None:
    runs = explain(rule, SPECS[spec]).runs
    if runs.forbidden is not None:
        found = replayed(POLICIES[spec], rule, runs.forbidden)
        assert found.verdict == "violated"
        assert runs.forbidden.index in {mark.event for mark in found.breaks}
    if runs.allowed is not None:
        assert replayed(POLICIES[spec], rule, runs.allowed).verdict == "holds"
