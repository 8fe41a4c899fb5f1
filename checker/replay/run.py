"""Recorded runs against the rules of a program: one pass over each trace, all rules together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import attrs

from wfcheck.checker.conformance.model import Compiled
from wfcheck.checker.provenance.query import Mode
from wfcheck.checker.replay.causes import causes_of
from wfcheck.checker.replay.judging import Judged, judge_trace, mark_of
from wfcheck.checker.replay.policy import CompiledPolicy, compile_policy
from wfcheck.checker.replay.rests import Proofs, unproved
from wfcheck.checker.replay.result import Departure, NearMiss, ReplayReport, ReplayResult, Undeclared
from wfcheck.checker.traces.registry import read_traces
from wfcheck.checker.traces.trace import Item, Problem, Skip, Trace
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
) -> ReplayReport:
    """Step every rule and every workflow over every trace. `traces`: paths (files, folders, globs, `-`) or traces already read.
    `proofs` is asked what the proof of a rule rests on, if something went wrong.

    Nothing is raised for bad traces: they become diagnostics (or, with `lenient`, skips) of the report."""
    policy = compile_policy(program, rules)
    workflows = Compiled(program, policy.tables)
    report = _Collector(lenient)
    for item in _items(traces, lenient):
        if isinstance(item, Problem):
            report.problem(item)
        else:
            judged = judge_trace(policy, item, provenance, workflows, proofs)
            report.trace(item, judged, undeclared_in(policy, item))
    return report.done()


def replay_trace(policy: CompiledPolicy, trace: Trace, mode: Mode = "values") -> tuple[ReplayResult, ...]:
    """One result per rule for one trace, in the order of the program."""
    return judge_trace(policy, trace, mode).results


def _items(traces: Iterable[str | Path | Trace], lenient: bool) -> Iterator[Item]:
    for trace in traces:
        if isinstance(trace, Trace):
            yield trace
        else:
            yield from read_traces([trace], lenient=lenient)


@attrs.define
class _Collector:
    lenient: bool
    results: list[ReplayResult] = attrs.field(factory=list)
    diagnostics: list[Diagnostic] = attrs.field(factory=list)
    skipped: list[Skip] = attrs.field(factory=list)
    undeclared: list[Undeclared] = attrs.field(factory=list)
    near_misses: list[NearMiss] = attrs.field(factory=list)
    departures: list[Departure] = attrs.field(factory=list)
    traces: int = 0
    events: int = 0

    def problem(self, problem: Problem) -> None:
        if self.lenient and problem.severity is Severity.ERROR and problem.line is not None:
            p = problem
            self.skipped.append(Skip(p.file, p.line, p.pointer, p.code, p.message))
        else:
            self.diagnostics.append(problem.diagnostic())

    def trace(self, trace: Trace, judged: Judged, undeclared: Iterable[Undeclared]) -> None:
        self.traces += 1
        self.events += len(trace.events)
        self.results.extend(judged.results)
        self.near_misses.extend(judged.near_misses)
        self.departures.extend(judged.departures)
        self.undeclared.extend(undeclared)

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
        )


def undeclared_in(policy: CompiledPolicy, trace: Trace) -> Iterator[Undeclared]:
    """The tools that the trace calls and the program does not declare, each at its first call."""
    seen: dict[str, list[int]] = {}
    for index, event in enumerate(trace.events):
        if event.kind == "call" and event.tool is not None and event.tool not in policy.catalogue.tools:
            seen.setdefault(event.tool, []).append(index)
    for tool, indices in seen.items():
        yield Undeclared(trace.name, tool, mark_of(trace, indices[0]), len(indices))
