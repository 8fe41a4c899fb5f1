"""One trace against all rules: stepping, verdicts and blame."""

from __future__ import annotations

import attrs

from wfcheck.checker.provenance.query import Mode
from wfcheck.checker.provenance.sources import Provenance
from wfcheck.checker.replay.assumptions import Broken
from wfcheck.checker.replay.finding import Finding
from wfcheck.checker.replay.needs import hidden_need
from wfcheck.checker.replay.past import Past
from wfcheck.checker.replay.policy import CompiledPolicy
from wfcheck.checker.replay.reader import views
from wfcheck.checker.replay.result import Blame, Mark, ReplayResult, ReplayVerdict
from wfcheck.checker.replay.sequence_rules import InvariantStepper
from wfcheck.checker.replay.steppers import make_stepper
from wfcheck.checker.replay.stepping import Stepper
from wfcheck.checker.replay.view import View
from wfcheck.checker.traces.trace import Trace
from wfcheck.dsl import core


@attrs.frozen
class Judged:
    """What one trace shows: one result per rule in the order of the program, and the assumptions that it broke."""

    results: tuple[ReplayResult, ...]
    broken: tuple[Broken, ...]


def judge_trace(policy: CompiledPolicy, trace: Trace, mode: Mode = "values") -> Judged:
    """Step every rule over one trace, in one pass."""
    provenance = Provenance.start(policy.labels)
    steppers: list[tuple[core.Rule, Stepper | str]] = []
    for rule, compiled in policy.rules:
        reason = rule.not_applicable or hidden_need(compiled, trace.completeness)
        made = make_stepper(compiled, policy.program, policy.tables, provenance, mode)
        steppers.append((rule, made if reason is None else reason))
    stepped = [(r, s) for r, s in steppers if not isinstance(s, str)]
    found, broken = _step_all(policy, trace, provenance, stepped)
    results = (
        _unjudged(rule, stepper, trace, mode)
        if isinstance(stepper, str)
        else _result(rule, found[rule.name], broken, trace, mode)
        for rule, stepper in steppers
    )
    return Judged(tuple(results), tuple(broken))


def _step_all(
    policy: CompiledPolicy, trace: Trace, provenance: Provenance, steppers: list[tuple[core.Rule, Stepper]]
) -> tuple[dict[str, list[Finding]], list[Broken]]:
    found: dict[str, list[Finding]] = {rule.name: [] for rule, _ in steppers}
    broken: list[Broken] = []
    pasts: dict[str, Past] = {}
    concerned: dict[tuple[str, str], list[tuple[core.Rule, Stepper]]] = {}
    invariants = [(r, s) for r, s in steppers if isinstance(s, InvariantStepper)]
    traced = any(isinstance(r.body, core.FromOnly | core.Flow | core.Decision) for r, _ in steppers)
    last: View | None = None
    for view in views(trace.events, policy.catalogue, trace.completeness):
        past = pasts.get(view.session) or pasts.setdefault(view.session, Past.start(policy.tracked))
        run = past.of_run(view.run)
        key = (view.kind, view.name)
        if key not in concerned:
            concerned[key] = [(r, s) for r, s in steppers if s.concerns(*key)]
        for rule, stepper in concerned[key]:
            history = past if rule.per_session else run
            found[rule.name].extend(stepper.judge(view, history))
            stepper.take(view, history)
        broken.extend(policy.contracts.broken(view, run))
        past.see(view)
        if traced:
            provenance.see(view)
        for rule, invariant in invariants:
            found[rule.name].extend(invariant.after(view, past if rule.per_session else run))
        last = view
    for rule, stepper in steppers:
        found[rule.name].extend(stepper.finish(last))
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
