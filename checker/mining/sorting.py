"""Runs told apart by a spec."""

from __future__ import annotations

import attrs

from wfcheck.checker.inputs import expand
from wfcheck.checker.mining.reading import Runs
from wfcheck.checker.replay.policy import compile_policy
from wfcheck.checker.replay.run import replay_trace
from wfcheck.checker.settle import Asked, load
from wfcheck.checker.traces.trace import Trace
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Severity, WfError


def judged(spec: str, passing: Runs, failing: Runs) -> tuple[Runs, Runs]:
    """All the runs, told apart by a spec: those that break none of its rules pass, whatever they were given as; those of which the
    record does not suffice are neither.

    Raises:
        WfError: the spec cannot be used.
    """
    policy = compile_policy(_program(spec), ())
    good: list[Trace] = []
    bad: list[Trace] = []
    for trace in (*passing.traces, *failing.traces):
        verdicts = {result.verdict for result in replay_trace(policy, trace)}
        if "violated" in verdicts:
            bad.append(trace)
        elif "insufficient" not in verdicts:
            good.append(trace)
    return attrs.evolve(passing, traces=tuple(good)), attrs.evolve(failing, traces=tuple(bad))


def _program(spec: str) -> core.Program:
    files, problems = expand([spec])
    made = load(Asked(files, (), problems=problems))
    wrong = [d for d in (*problems, *made.diagnostics) if d.severity is Severity.ERROR]
    if wrong:
        raise WfError(*wrong)
    return made.program
