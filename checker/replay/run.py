"""Recorded runs against the rules of a program: one pass over each trace, all rules together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from wfcheck.checker.conformance.model import Compiled
from wfcheck.checker.provenance.query import Mode
from wfcheck.checker.replay.collecting import Collector
from wfcheck.checker.replay.judges import judged, unhindered
from wfcheck.checker.replay.judging import Setting, judge_trace
from wfcheck.checker.replay.passing import Recording
from wfcheck.checker.replay.policy import CompiledPolicy, compile_policy
from wfcheck.checker.replay.rests import Proofs, unproved
from wfcheck.checker.replay.result import ReplayReport, ReplayResult
from wfcheck.checker.traces.registry import stream_traces
from wfcheck.checker.traces.trace import Piece, Trace
from wfcheck.dsl import core

__all__ = ["CompiledPolicy", "compile_policy", "replay", "replay_trace"]


def replay(
    program: core.Program,
    traces: Iterable[str | Path | Trace],
    *,
    provenance: Mode = "values",
    lenient: bool = False,
    rules: Sequence[str] = (),
    proofs: Proofs = unproved,
    recorder: Callable[[str], Recording] | None = None,
) -> ReplayReport:
    """Step every rule and every workflow over every trace. `traces`: paths (files, folders, globs, `-`) or traces already read.
    `proofs` is asked what the proof of a rule rests on, if something went wrong. `recorder` makes, by the name of a trace, what is to
    see its events; what that keeps is in `recorded` of the report.

    Nothing is raised for bad traces: they become diagnostics (or, with `lenient`, skips) of the report."""
    policy = compile_policy(program, rules)
    setting = Setting.of(policy, provenance, Compiled(program, policy.tables), proofs, recorder)
    report = Collector(lenient)
    with unhindered():
        for found in judged(setting, _pieces(traces, lenient), lenient=lenient):
            report.take(found)
    return report.done()


def replay_trace(policy: CompiledPolicy, trace: Trace, mode: Mode = "values") -> tuple[ReplayResult, ...]:
    """One result per rule for one trace, in the order of the program."""
    return judge_trace(policy, trace, mode).results


def _pieces(traces: Iterable[str | Path | Trace], lenient: bool) -> Iterator[Piece]:
    for trace in traces:
        if isinstance(trace, Trace):
            yield trace
        else:
            yield from stream_traces([trace], lenient=lenient)
