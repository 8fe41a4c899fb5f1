"""A rule that is proved is broken by no run that a search can make, judged by the naive evaluator."""

from __future__ import annotations

from pathlib import Path

import pytest

from wfcheck.checker.obligation import Analysis, Case, Limits
from wfcheck.checker.reference import flows
from wfcheck.checker.reference.interpreter import Sessions
from wfcheck.checker.reference.rules import breaks
from wfcheck.checker.result import Verdict
from wfcheck.checker.search.counterexample import search_runs
from wfcheck.checker.tasks import check_program
from wfcheck.dsl import core
from wfcheck.dsl.elaboration import elaborate
from wfcheck.stdlib import load

ROOT = Path(__file__).parents[2]
FILES = sorted(ROOT.glob("tests/adversarial/*.wf")) + sorted(ROOT.glob("examples/**/*.wf"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_no_run_breaks_a_proved_rule(path: Path) -> None:
    program, _ = elaborate.load([path], policies=(), library=load)
    checked = check_program(program, limits=Limits(timeout=5.0))
    assert not checked.errors
    rules = {rule.name: rule for rule in program.rules}
    for result in checked.results:
        if "guard-deployed" in result.assumptions:
            continue  # runs without a guard show nothing of it
        if result.verdict in (Verdict.PROVED, Verdict.VACUOUS) and result.rule in rules and result.workflow:
            assert _broken(program, program.workflows[result.workflow], rules[result.rule]) is None, (
                result.rule
            )


def _broken(program: core.Program, workflow: core.Workflow, rule: core.Rule) -> object:
    def judge(done: Sessions) -> int | None:
        first = done.runs[-1].events[0].seq if done.runs[-1].events else 0
        found = breaks(program, rule, done.events, workflow, marked=True).broken
        return next((i for i in found if i >= first), None)

    data = isinstance(rule.body, core.FromOnly) or (isinstance(rule.body, core.Flow) and rule.body.explicit)
    return search_runs(
        program, workflow, rule, judge, ends=flows.ends(program, rule), explicit=data, seconds=0.5
    )


def test_analysis_is_shared_between_cases() -> None:
    program, _ = elaborate.load([FILES[0]], policies=(), library=load)
    analysis = Analysis(program, (), Limits())
    workflow = next(iter(program.workflows.values()))
    assert Case(analysis, workflow, None).labels is Case(analysis, workflow, None).labels
