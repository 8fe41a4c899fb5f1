"""Random programs with their inlined workflows declared, and runs of them on random oracles."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
from generators.programs import RandomOracle, generate

from wfcheck.checker.labels.analysis import Labelling, analyse
from wfcheck.checker.reference.interpreter import run
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.dsl.walk import statements


def sample(seed: int) -> tuple[core.Program, core.Workflow, Labelling]:
    """A program, its workflow and its labelling."""
    program, workflow = generate(seed)
    inlined = {
        s.workflow: _callee(s)
        for s in statements(workflow.body)
        if isinstance(s, core.Scope) and s.workflow not in program.workflows
    }
    program = attrs.evolve(program, workflows={**program.workflows, **inlined})
    return program, workflow, analyse(program)


def _callee(scope: core.Scope) -> core.Workflow:
    parameters = tuple(core.Param(n, e.type, False, None, span=scope.span) for n, e in scope.parameters)
    return core.Workflow(
        scope.workflow, "x.wf", parameters, None, False, False, scope.type, (), (), (), span=scope.span
    )


def calls(program: core.Program, workflow: core.Workflow, seeds: Iterator[int]) -> Iterator[Event]:
    """The calls of random runs that break no assumption."""
    for seed in seeds:
        done = run(program, workflow, RandomOracle(seed, program))
        if not any(breach.rule == "assumption" for breach in done.breaches):
            yield from (event for event in done.events if event.kind == "call")
