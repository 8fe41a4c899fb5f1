"""One trace against all rules: stepping, verdicts and blame."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from wfcheck.checker.provenance.query import Mode
from wfcheck.checker.replay.assumptions import Broken
from wfcheck.checker.replay.finding import Finding
from wfcheck.checker.replay.policy import CompiledPolicy
from wfcheck.checker.replay.reader import Ahead
from wfcheck.checker.replay.result import Blame, Mark, ReplayResult, ReplayVerdict
from wfcheck.checker.replay.watch import Watch
from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.trace import Trace
from wfcheck.dsl import core


@attrs.frozen
class Judged:
    """What one trace shows: one result per rule in the order of the program, and the assumptions that it broke."""

    results: tuple[ReplayResult, ...]
    broken: tuple[Broken, ...]


def judge_trace(policy: CompiledPolicy, trace: Trace, mode: Mode = "values") -> Judged:
    """Step every rule over one trace, in one pass."""
    watch = Watch.start(policy, trace.completeness, mode, Ahead.of(trace.events, policy.catalogue))
    found, broken = step_all(watch, trace.events)
    results = (
        _unjudged(rule, watch.idle[rule.name], trace, mode)
        if rule.name in watch.idle
        else _result(rule, found.get(rule.name, []), broken, trace, mode)
        for rule, _ in policy.rules
    )
    return Judged(tuple(results), tuple(broken))


def step_all(watch: Watch, events: Iterable[Event]) -> tuple[dict[str, list[Finding]], list[Broken]]:
    """What each rule finds, and the assumptions that broke."""
    found: dict[str, list[Finding]] = {}
    broken: list[Broken] = []
    contracts = watch.policy.contracts
    for event in events:
        view = watch.view(event)
        here = watch.judge(view)
        if view.name in contracts.requires or view.name in contracts.ensures:
            broken.extend(contracts.broken(view, watch.run_past(view)))
        here += watch.take(view)
        for rule, finding in here:
            found.setdefault(rule.name, []).append(finding)
    for rule, finding in watch.finish():
        found.setdefault(rule.name, []).append(finding)
    return found, broken


def _unjudged(rule: core.Rule, reason: str, trace: Trace, mode: Mode) -> ReplayResult:
    verdict: ReplayVerdict = (
        "not-applicable"
        if rule.not_applicable is not None or isinstance(rule.body, core.Meta)
        else "insufficient"
    )
    return ReplayResult(
        trace.name, rule.name, verdict, rule.severity, provenance=mode, heuristic=rule.heuristic, reason=reason
    )  # fmt: skip


def _result(
    rule: core.Rule, findings: list[Finding], assumptions: list[Broken], trace: Trace, mode: Mode
) -> ReplayResult:
    """The verdict of one rule over one trace: a breach outweighs a gap, a gap outweighs that it held."""
    broken = sorted((f for f in findings if f.verdict == "violated"), key=lambda f: f.index)
    gaps = [f.why for f in findings if f.verdict == "insufficient"]
    if broken:
        return _violated(rule, broken, assumptions, trace, mode)
    gaps += [f"the trace was not read completely: {loss}" for loss in trace.losses]
    return ReplayResult(
        trace.name, rule.name, "insufficient" if gaps else "holds", rule.severity,
        provenance=mode, heuristic=rule.heuristic, reason=gaps[0] if gaps else None,
    )  # fmt: skip


def _violated(
    rule: core.Rule, broken: list[Finding], assumptions: list[Broken], trace: Trace, mode: Mode
) -> ReplayResult:
    first = broken[0]
    return ReplayResult(
        trace.name, rule.name, "violated", rule.severity, _blame(first, assumptions, trace), None,
        mark_of(trace, first.index), mode, rule.heuristic, False, None,
        tuple(mark_of(trace, index) for index in dict.fromkeys(f.index for f in broken)),
    )  # fmt: skip


def _blame(first: Finding, assumptions: list[Broken], trace: Trace) -> Blame:
    """The manifestation, unless an assumption broke earlier."""
    cause = None if first.cause is None or first.cause < 0 else mark_of(trace, first.cause)
    earlier = next((b for b in assumptions if b.index < first.index), None)
    if earlier is None:
        return Blame(mark_of(trace, first.index), first.why, None, cause, first.shown or None, first.invented)
    why = f"`{earlier.assumption}` does not hold; then {first.why}"
    mark = mark_of(trace, earlier.index)
    return Blame(mark, why, earlier.assumption, cause, first.shown or None, first.invented)


def mark_of(trace: Trace, index: int) -> Mark:
    """The place of an event in the input."""
    return Mark(index, trace.events[index].source)
