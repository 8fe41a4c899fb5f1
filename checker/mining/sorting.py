"""Runs told apart by a spec."""

from __future__ import annotations

import attrs

from wfcheck.checker.inputs import expand
from wfcheck.checker.mining.reading import Runs
from wfcheck.checker.naming import plain_replay
from wfcheck.checker.proofs import proofs_of
from wfcheck.checker.replay.rests import unproved
from wfcheck.checker.replay.run import replay
from wfcheck.checker.settle import Asked, load
from wfcheck.checker.traces.trace import Trace
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Diagnostic, Severity, WfError


def judged(spec: str, passing: Runs, failing: Runs, cause: str | None = None) -> tuple[Runs, Runs]:
    """All the runs, told apart by a spec: those that break none of its rules pass, whatever they were given as; those of which the
    record does not suffice are neither. With `cause`, the signature of a cause in the report of a replay, only runs that failed by it
    count as failing.

    Raises:
        WfError: the spec cannot be used, or no run failed by that cause.
    """
    program = _program(spec)
    proofs = proofs_of(program, None)[0] if cause is not None else unproved
    good: list[Trace] = []
    bad: list[Trace] = []
    for trace in (*passing.traces, *failing.traces):
        report = plain_replay(replay(program, [trace], proofs=proofs), program.files)
        verdicts = {result.verdict for result in report.results}
        if "violated" in verdicts:
            shown = cause is None or cause in {found.signature for found in report.causes}
            bad += [trace] if shown else []
        elif "insufficient" not in verdicts:
            good.append(trace)
    if cause is not None and not bad:
        raise WfError(_no_cause(cause))
    return attrs.evolve(passing, traces=tuple(good)), attrs.evolve(failing, traces=tuple(bad))


def _no_cause(cause: str) -> Diagnostic:
    help_ = "signatures stand in the JSON report of `wfcheck replay`, at each cause"
    return Diagnostic("WF806", f"no run failed by the cause `{cause[:60]}`", None, help=help_)


def _program(spec: str) -> core.Program:
    files, problems = expand([spec])
    made = load(Asked(files, (), problems=problems))
    wrong = [d for d in (*problems, *made.diagnostics) if d.severity is Severity.ERROR]
    if wrong:
        raise WfError(*wrong)
    return made.program
