"""Recorded runs against the rules of a program: one pass over each trace, all rules together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import attrs

from wfcheck.checker import monitor
from wfcheck.checker.conditions import Tables
from wfcheck.checker.provenance import Labels, Provenance
from wfcheck.checker.provenance_query import Mode
from wfcheck.checker.replay.causes import causes_of
from wfcheck.checker.replay.finding import Finding
from wfcheck.checker.replay.past import Past, Tracked, compile_tracked, expressions_in
from wfcheck.checker.replay.result import Blame, Mark, ReplayReport, ReplayResult, ReplayVerdict, Undeclared
from wfcheck.checker.replay.sequence_rules import InvariantStepper
from wfcheck.checker.replay.steppers import make_stepper
from wfcheck.checker.replay.stepping import Stepper
from wfcheck.checker.replay.view import Catalogue, View, views
from wfcheck.checker.traces.registry import read_traces
from wfcheck.checker.traces.trace import Item, Problem, Skip, Trace
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Diagnostic, Severity


@attrs.frozen
class CompiledPolicy:
    """Everything about a program that replay needs, compiled once for all traces."""

    program: core.Program
    rules: tuple[tuple[core.Rule, monitor.Compiled], ...]
    catalogue: Catalogue
    tables: Tables
    labels: Labels
    tracked: Tracked


def compile_policy(program: core.Program, rules: Sequence[str] = ()) -> CompiledPolicy:
    """The rules of a program (those whose name matches a glob of `rules`, if there are any) ready for traces."""
    tables = Tables.of(program)
    chosen = [r for r in program.rules if not rules or any(fnmatchcase(r.name, glob) for glob in rules)]
    expressions = [e for rule in chosen for e in expressions_in(rule.body)]
    return CompiledPolicy(
        program,
        tuple((rule, monitor.compile_rule(rule, program)) for rule in chosen),
        Catalogue.of(program),
        tables,
        Labels.of(program),
        compile_tracked(program, expressions, tables),
    )


def replay(
    program: core.Program,
    traces: Iterable[str | Path | Trace],
    *,
    provenance: Mode = "values",
    lenient: bool = False,
    rules: Sequence[str] = (),
) -> ReplayReport:
    """Step every rule over every trace. `traces`: paths (files, folders, globs, `-`) or traces already read.

    Nothing is raised for bad traces: they become diagnostics (or, with `lenient`, skips) of the report."""
    policy = compile_policy(program, rules)
    report = _Collector(lenient)
    for item in _items(traces, lenient):
        if isinstance(item, Problem):
            report.problem(item)
        else:
            report.trace(item, replay_trace(policy, item, provenance), undeclared_in(policy, item))
    return report.done()


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
    traces: int = 0
    events: int = 0

    def problem(self, problem: Problem) -> None:
        if self.lenient and problem.severity is Severity.ERROR and problem.line is not None:
            p = problem
            self.skipped.append(Skip(p.file, p.line, p.pointer, p.code, p.message))
        else:
            self.diagnostics.append(problem.diagnostic())

    def trace(self, trace: Trace, results: Iterable[ReplayResult], undeclared: Iterable[Undeclared]) -> None:
        self.traces += 1
        self.events += len(trace.events)
        self.results.extend(results)
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
        )


def replay_trace(policy: CompiledPolicy, trace: Trace, mode: Mode = "values") -> Iterator[ReplayResult]:
    """One result per rule, in the order of the program."""
    provenance = Provenance.start(policy.labels)
    steppers: list[tuple[core.Rule, Stepper | str]] = []
    for rule, compiled in policy.rules:
        made = make_stepper(compiled, policy.program, policy.tables, provenance, mode)
        steppers.append((rule, made if rule.not_applicable is None else rule.not_applicable))
    found = _step_all(policy, trace, provenance, [(r, s) for r, s in steppers if not isinstance(s, str)])
    for rule, stepper in steppers:
        if isinstance(stepper, str):
            yield _unjudged(rule, stepper, trace, mode)
        else:
            yield _result(rule, found[rule.name], trace, mode)


def _step_all(
    policy: CompiledPolicy, trace: Trace, provenance: Provenance, steppers: list[tuple[core.Rule, Stepper]]
) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {rule.name: [] for rule, _ in steppers}
    pasts: dict[str, Past] = {}
    last: View | None = None
    for view in views(trace.events, policy.catalogue, trace.completeness):
        past = pasts.get(view.session) or pasts.setdefault(view.session, Past.start(policy.tracked))
        run = past.of_run(view.run)
        for rule, stepper in steppers:
            found[rule.name].extend(stepper.step(view, past if rule.per_session else run))
        past.see(view)
        provenance.see(view)
        for rule, stepper in steppers:
            if isinstance(stepper, InvariantStepper):
                found[rule.name].extend(stepper.after(view, past if rule.per_session else run))
        last = view
    for rule, stepper in steppers:
        found[rule.name].extend(stepper.finish(last))
    return found


def _unjudged(rule: core.Rule, reason: str, trace: Trace, mode: Mode) -> ReplayResult:
    verdict: ReplayVerdict = (
        "not-applicable"
        if rule.not_applicable is not None or isinstance(rule.body, core.Meta)
        else "insufficient"
    )
    return ReplayResult(
        trace.name, rule.name, verdict, rule.severity, provenance=mode, heuristic=rule.heuristic, reason=reason
    )  # fmt: skip


def _result(rule: core.Rule, findings: list[Finding], trace: Trace, mode: Mode) -> ReplayResult:
    """The verdict of one rule over one trace: a breach outweighs a gap, a gap outweighs that it held."""
    broken = sorted((f for f in findings if f.verdict == "violated"), key=lambda f: f.index)
    gaps = [f.why for f in findings if f.verdict == "insufficient"]
    if broken:
        return _violated(rule, broken, trace, mode)
    gaps += [f"the trace was not read completely: {loss}" for loss in trace.losses]
    return ReplayResult(
        trace.name, rule.name, "insufficient" if gaps else "holds", rule.severity,
        provenance=mode, heuristic=rule.heuristic, reason=gaps[0] if gaps else None,
    )  # fmt: skip


def _violated(rule: core.Rule, broken: list[Finding], trace: Trace, mode: Mode) -> ReplayResult:
    first = broken[0]
    mark = mark_of(trace, first.index)
    cause = None if first.cause is None or first.cause < 0 else mark_of(trace, first.cause)
    blame = Blame(mark, first.why, None, cause, first.shown or None, first.invented)
    return ReplayResult(
        trace.name, rule.name, "violated", rule.severity, blame, None, mark, mode, rule.heuristic, False, None,
        tuple(mark_of(trace, index) for index in dict.fromkeys(f.index for f in broken)),
    )  # fmt: skip


def mark_of(trace: Trace, index: int) -> Mark:
    """The place of an event in the input."""
    return Mark(index, trace.events[index].source)


def undeclared_in(policy: CompiledPolicy, trace: Trace) -> Iterator[Undeclared]:
    """The tools that the trace calls and the program does not declare, each at its first call."""
    seen: dict[str, list[int]] = {}
    for index, event in enumerate(trace.events):
        if event.kind == "call" and event.tool is not None and event.tool not in policy.catalogue.tools:
            seen.setdefault(event.tool, []).append(index)
    for tool, indices in seen.items():
        yield Undeclared(trace.name, tool, mark_of(trace, indices[0]), len(indices))
