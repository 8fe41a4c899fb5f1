"""On generated programs: a proved rule is broken by no run of a random oracle, and static labels lie above dynamic ones."""

from __future__ import annotations

from collections import Counter

import attrs
import pytest
from generators.programs import RandomOracle, generate

from wfcheck.checker.labels.analysis import Labelling, analyse, check_labelling
from wfcheck.checker.obligation import Analysis, Case, Limits
from wfcheck.checker.reference.interpreter import run_sessions
from wfcheck.checker.reference.judge import judge
from wfcheck.checker.result import Verdict
from wfcheck.checker.rules import verbs
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core, types
from wfcheck.dsl.walk import statements

PROGRAMS = 30
ORACLES = 6


def program_of(seed: int) -> tuple[core.Program, core.Workflow]:
    """A generated program, with an empty declaration for every workflow that it inlines."""
    program, workflow = generate(seed)
    known = dict(program.workflows)
    for statement in statements(workflow.body):
        if isinstance(statement, core.Scope):
            known.setdefault(statement.workflow, _declared(workflow, statement))
    return attrs.evolve(program, workflows=known), workflow


def _declared(workflow: core.Workflow, scope: core.Scope) -> core.Workflow:
    sources = dict(scope.sources)
    parameters = tuple(
        core.Param(name, types.ANY, False, sources.get(name), span=workflow.span)
        for name, _ in scope.parameters
    )
    return attrs.evolve(
        workflow, symbol=scope.workflow, parameters=parameters, body=(), principal=scope.principal
    )


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_no_random_run_breaks_a_proved_rule(seed: int) -> None:
    program, workflow = program_of(seed)
    analysis = Analysis(program, (), Limits(5.0))
    for rule in program.rules:
        finding = verbs.check(Case(analysis, workflow, rule), rule)
        if finding.verdict not in (Verdict.PROVED, Verdict.VACUOUS):
            continue
        for number in range(ORACLES):
            entries = [(workflow, RandomOracle(seed * 100 + number + more, program)) for more in (0, 50)]
            _, verdict = judge(program, rule, entries)
            assert not verdict.broken, f"{rule.name} ({finding.verdict.value}) breaks at {verdict.broken}"


def test_the_generated_rules_are_decided_both_ways() -> None:
    found: Counter[str] = Counter()
    for seed in range(PROGRAMS):
        program, workflow = program_of(seed)
        analysis = Analysis(program, (), Limits(5.0))
        found.update(verbs.check(Case(analysis, workflow, r), r).verdict.value for r in program.rules)
    assert found["PROVED"] > 0
    assert found["POSSIBLE"] > 0
    assert found["UNKNOWN"] == 0


@pytest.mark.parametrize("seed", range(PROGRAMS))
@pytest.mark.parametrize("implicit", [True, False])
def test_static_labels_lie_above_dynamic_ones(seed: int, implicit: bool) -> None:
    program, workflow = program_of(seed)
    labelling = analyse(program, implicit=implicit)
    assert check_labelling(program, labelling)
    for number in range(ORACLES):
        entries = [(workflow, RandomOracle(seed * 100 + number + more, program)) for more in (0, 50)]
        done = run_sessions(program, entries, explicit=not implicit)
        for event in done.events:
            assert _within(labelling, workflow.symbol, event), event


_KINDS = {
    "call": "call",
    "approve": "approve",
    "deny": "approve",
    "say": "say",
    "ask": "ask",
    "message": "message",
}


def _within(labelling: Labelling, workflow: str, event: Event) -> bool:
    """Some act of the same kind, tool and line admits what the event carries."""
    kind = _KINDS.get(event.kind)
    if kind is None:
        return True
    table, line = labelling.table, event.source.line if event.source else 0
    for act in labelling.workflows[workflow].acts.values():
        if act.kind != kind or act.span.line != line or (kind == "call" and act.subject != event.tool):
            continue
        given = event.argument_labels or {}
        known = {name: act.arguments[name].every for name in act.arguments} | {"": act.decision}
        if all(not table.mask(tags) & ~known[name] for name, tags in given.items() if name in known):
            return True
    return False
