"""Rules about events: `allow`, `forbid EVENT`, `require ... before`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import attrs

from wfcheck.checker.labels.state import Act
from wfcheck.checker.monitor import Monitor, compile_rule
from wfcheck.checker.obligation import (
    UNCONFIRMED,
    Case,
    Finding,
    Script,
    possible,
    proved,
    unknown,
    vacuous,
)
from wfcheck.checker.proof import Inspected, Proof
from wfcheck.checker.result import Verdict
from wfcheck.checker.rules.prove import Prover, contradiction
from wfcheck.checker.rules.relies import relies_on
from wfcheck.checker.rules.symbolic_match import Matcher
from wfcheck.checker.rules.symbolic_rule import RuleTrace, Violation
from wfcheck.checker.search import guided
from wfcheck.checker.symbolic.execution import Execution
from wfcheck.dsl import core
from wfcheck.solver import verdict as solver


def check(case: Case, rule: core.Rule) -> Finding:
    """Decided by which events the workflow can have at all; else undecided here."""
    monitor = compile_rule(rule, case.program)
    if not isinstance(monitor, Monitor):
        return unknown("the rule has no form that a proof could use")
    acts = _judged(case, rule, monitor)
    if acts == []:
        return _nothing_judged(rule, Inspected("shape", lambda other: _judged(other, rule, monitor) == []))
    if acts and isinstance(rule.body, core.Allow) and _granted(case.program, rule.body, acts, monitor):
        return proved(proof=Inspected("shape", lambda other: _decided(other, rule, monitor)))
    return _symbolic(case, rule, monitor)


def _decided(case: Case, rule: core.Rule, monitor: Monitor) -> bool:
    """Every call is granted as such."""
    acts = _judged(case, rule, monitor)
    by_name = isinstance(rule.body, core.Allow) and _granted(case.program, rule.body, acts or [], monitor)
    return bool(acts) and by_name


def _judged(case: Case, rule: core.Rule, monitor: Monitor) -> list[Act] | None:
    """What may be judged: for `allow` the calls of those it binds, and the calls made on their behalf."""
    if isinstance(rule.body, core.Allow):
        return [act for act in case.acts("call") if not monitor.bound.isdisjoint(act.actors)]
    return may_be(case, monitor.judged)


def _symbolic(case: Case, rule: core.Rule, monitor: Monitor) -> Finding:
    """No run breaks the rule at any judged event, or where one may."""
    prover = Prover(case)
    trace = trace_of(case, rule, monitor, prover.over)
    if (reason := trace.unsupported()) is not None:
        return unknown(reason)
    found = list(trace.violations())
    answer = prover.decide(prover.over, [v.broken for v in found])
    led = guided.scripts(case, _judged(case, rule, monitor) or [])
    match answer:
        case solver.Unsat(core=names):
            return _proved(rule, prover, trace, found, names)
        case solver.Sat():
            return attrs.evolve(
                possible(UNCONFIRMED, notes=prover.open_points),
                starts=chain(guided.plain(case), _starts(case, rule, monitor, prover), led),
            )
        case solver.Unknown(reason=why):
            return attrs.evolve(unknown(f"the solver gave up: {why}"), starts=led)


def trace_of(case: Case, rule: core.Rule, monitor: Monitor, execution: Execution) -> RuleTrace:
    """The rule over an execution of the workflow."""
    matcher = Matcher(case.program, execution.notes)
    return RuleTrace(case.program, case.workflow, rule, monitor, execution.events, matcher)


def _proved(
    rule: core.Rule, prover: Prover, trace: RuleTrace, found: list[Violation], names: tuple[str, ...]
) -> Finding:
    if (why := contradiction(prover, names)) is not None:
        return Finding(Verdict.INCONSISTENT, reason=why, assumptions=names)
    occurs = prover.decide(prover.over, [e.guard for e in trace.occurrences()])
    if isinstance(occurs, solver.Unsat):
        if (why := contradiction(prover, occurs.core)) is not None:
            return Finding(Verdict.INCONSISTENT, reason=why, assumptions=occurs.core)
        nothing = _nothing_judged(rule, prover.refuted([e.guard for e in trace.occurrences()]))
        return attrs.evolve(nothing, assumptions=occurs.core)
    approvals = ("approval-shows",) if trace.monitor.evidence and trace.monitor.evidence.single_use else ()
    also = (*approvals, *relies_on(rule.body))
    return proved(*names, proof=prover.refuted([v.broken for v in found], also))


def _starts(case: Case, rule: core.Rule, monitor: Monitor, prover: Prover) -> Iterator[Script]:
    """Scripts of runs that break the rule in an exact execution."""
    for execution in prover.exact():
        found = list(trace_of(case, rule, monitor, execution).violations())
        answer = prover.decide(execution, [v.broken for v in found])
        if isinstance(answer, solver.Sat):
            yield from prover.scripts(execution, answer)


def _nothing_judged(rule: core.Rule, proof: Proof) -> Finding:
    if isinstance(rule.body, core.Forbid):
        return attrs.evolve(proved(proof=proof), reason="the event cannot occur in this workflow")
    if isinstance(rule.body, core.Allow):
        return vacuous(f"`{rule.body.principal}` makes no call in this workflow")
    return vacuous("the judged event cannot occur in this workflow")


_ACT_KINDS: dict[str, tuple[str, ...]] = {
    "call": ("call",),
    "approve": ("approve",),
    "deny": ("approve",),
    "say": ("say",),
    "ask": ("ask",),
    "llm": ("llm", "agent"),
    "message": ("message",),
    "release": ("release",),
    "remember": ("remember",),
    "recall": ("recall",),
}


def may_be(case: Case, pattern: core.EventPattern) -> list[Act] | None:
    """What in the workflow may be such an event, whatever its arguments; None where the labelling does not say."""
    found: list[Act] = []
    for choice in pattern.choices:
        if choice.kind not in _ACT_KINDS:
            return None
        found += [act for act in case.acts(*_ACT_KINDS[choice.kind]) if _may_be(act, choice)]
    return found


def _may_be(act: Act, choice: core.EventChoice) -> bool:
    if choice.kind in ("approve", "deny"):
        return choice.by in (None, act.subject)
    by = None if act.kind in ("agent", "release") else choice.by
    named = not choice.subjects or act.subject is None or act.subject in choice.subjects
    if choice.kind == "message":
        named = not choice.to or act.subject is None or act.subject in choice.to
    return named and by in (None, act.actor)


def _granted(program: core.Program, body: core.Allow, acts: list[Act], monitor: Monitor) -> bool:
    """Every call has a grant that asks nothing of its arguments, and nobody else has a say in it."""
    declared = program.principals.get(body.principal)
    alone = declared is None or declared.acts_for is None
    plain = [choice for grant in monitor.unless if grant.condition is None for choice in grant.event.choices]
    return alone and all(any(_plain(choice, act) for choice in plain) for act in acts)


def _plain(choice: core.EventChoice, act: Act) -> bool:
    asks = choice.tests or choice.result is not None
    return (
        choice.kind == "call"
        and not asks
        and act.subject in choice.subjects
        and choice.by in (None, act.actor)
    )
