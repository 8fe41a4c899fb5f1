"""Recorded runs against the rules of a program: one pass over each trace, all rules together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import attrs

from wfcheck.checker.conformance.model import Compiled
from wfcheck.checker.provenance.query import Mode
from wfcheck.checker.replay.causes import causes_of
from wfcheck.checker.replay.judges import judged, unhindered
from wfcheck.checker.replay.judging import Judged, Setting, judge_trace
from wfcheck.checker.replay.passing import Recording
from wfcheck.checker.replay.policy import CompiledPolicy, compile_policy
from wfcheck.checker.replay.rests import Proofs, unproved
from wfcheck.checker.replay.result import Departure, NearMiss, ReplayReport, ReplayResult, Undeclared
from wfcheck.checker.traces.registry import stream_traces
from wfcheck.checker.traces.trace import Piece, Problem, Skip, Trace
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Diagnostic, Severity

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
    report = _Collector(lenient)
    with unhindered():
        for found in judged(setting, _pieces(traces, lenient), lenient=lenient):
            if isinstance(found, Problem):
                report.problem(found)
            else:
                report.trace(found)
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


@attrs.define
class _Collector:
    lenient: bool
    results: list[ReplayResult] = attrs.field(factory=list)
    diagnostics: list[Diagnostic] = attrs.field(factory=list)
    skipped: list[Skip] = attrs.field(factory=list)
    undeclared: list[Undeclared] = attrs.field(factory=list)
    near_misses: list[NearMiss] = attrs.field(factory=list)
    departures: list[Departure] = attrs.field(factory=list)
    recorded: list[tuple[str, object]] = attrs.field(factory=list)
    traces: int = 0
    events: int = 0

    def problem(self, problem: Problem) -> None:
        if self.lenient and problem.severity is Severity.ERROR and problem.line is not None:
            p = problem
            self.skipped.append(Skip(p.file, p.line, p.pointer, p.code, p.message))
        else:
            self.diagnostics.append(problem.diagnostic())

    def trace(self, found: Judged) -> None:
        self.traces += 1
        self.events += found.events
        self.results.extend(found.results)
        self.near_misses.extend(found.near_misses)
        self.departures.extend(found.departures)
        self.undeclared.extend(found.undeclared)
        if found.recorded is not None:
            self.recorded.append((found.trace, found.recorded))

    def done(self) -> ReplayReport:
        return ReplayReport(
            tuple(self.results),
            tuple(self.diagnostics),
            tuple(self.undeclared),
            tuple(self.skipped),
            causes_of(self.results),
            self.traces,
            self.events,
            tuple(self.near_misses),
            tuple(self.departures),
            tuple(self.recorded),
        )
