"""`limit M (EVENT) <= n per run`: decided where the judged events are not repeated without bound.

What lies in a loop, or is chosen by an agent, is counted by the bounds of the loops and agents around it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import attrs

from wfcheck.checker.encoding.encode import Environment, encode
from wfcheck.checker.obligation import (
    STEP_BUDGETS,
    UNCONFIRMED,
    Case,
    Finding,
    Script,
    possible,
    proved,
    unknown,
    vacuous,
)
from wfcheck.checker.proof import Inspected
from wfcheck.checker.result import Verdict
from wfcheck.checker.rules import occurrences
from wfcheck.checker.rules.events import may_be
from wfcheck.checker.rules.prove import Prover, contradiction
from wfcheck.checker.rules.relies import relies_on
from wfcheck.checker.rules.symbolic_match import JUDGED, Matcher, Truth, both, either
from wfcheck.checker.rules.symbolic_order import may_precede, precedes
from wfcheck.checker.search import guided
from wfcheck.checker.symbolic.execution import Execution, SymbolicEvent
from wfcheck.checker.symbolic.value import Leaf, Option
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver import verdict as solver
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Term

COUNTED = frozenset({"count", "distinct", "consecutive"})
"""Measures that are at most the number of events, whatever the key."""


def check(case: Case, body: core.Limit) -> Finding:
    """The measure over a whole run stays within the bound, so it does in every part of the run."""
    acts = may_be(case, body.event)
    if acts is not None and not acts:
        return vacuous("the judged event cannot occur in this workflow")
    if (reason := _unsupported(body)) is not None:
        return unknown(reason)
    prover = Prover(case)
    violations = list(_violations(case, body, prover.over))
    answer = prover.decide(prover.over, violations)
    if not isinstance(answer, solver.Unsat) and _seldom(case, body):
        return proved(proof=Inspected("shape", lambda other: _seldom(other, body)))
    match answer:
        case solver.Unsat(core=names):
            why = contradiction(prover, names)
            if why is not None:
                return Finding(Verdict.INCONSISTENT, reason=why, assumptions=names)
            return proved(*names, proof=prover.refuted(violations, relies_on(body)))
        case solver.Sat():
            return attrs.evolve(
                possible(UNCONFIRMED, notes=prover.open_points),
                starts=chain(guided.plain(case), _starts(case, body, prover)),
            )
        case solver.Unknown(reason=why):
            return unknown(f"the solver gave up: {why}")


def _seldom(case: Case, body: core.Limit) -> bool:
    """Even all the events that a run can have are not too many."""
    if STEP_BUDGETS in case.analysis.dropped:
        return False
    return body.kind in COUNTED and occurrences.most(case, body.event) <= body.bound


def _unsupported(body: core.Limit) -> str | None:
    kinds = {scope.kind for scope in body.scopes}
    if any(choice.kind not in JUDGED for choice in body.event.choices):
        return "this version does not yet prove limits on these events"
    if not kinds <= {"run", "turn", "key"} or not kinds & {"run", "turn"}:
        return "this version proves limits per run only"
    if body.kind == "sum" and kinds != {"run"}:
        return "this version does not yet prove sums per key or turn"
    if body.kind not in COUNTED | {"sum"}:
        return "this version does not yet prove limits on released bits"
    return None


def _starts(case: Case, body: core.Limit, prover: Prover) -> Iterator[Script]:
    for execution in prover.exact():
        answer = prover.decide(execution, list(_violations(case, body, execution)))
        if isinstance(answer, solver.Sat):
            yield from prover.scripts(execution, answer)


def _violations(case: Case, body: core.Limit, execution: Execution) -> Iterator[Term]:
    matcher = Matcher(case.program, execution.notes)
    counts = [(e, _counts(matcher, body, e)) for e in execution.events]
    if body.kind in COUNTED and all(e.certain or t.maybe is b.FALSE for e, t in counts):
        parts = [b.ite(t.maybe, b.rational(1), b.rational(0)) for _, t in counts]
        yield b.lt(b.rational(body.bound), b.add(*parts))
        return
    for event, truth in counts:
        if not event.certain or truth.maybe is b.FALSE:
            continue
        others = [(e, t) for e, t in counts if e is not event and may_precede(e, event)]
        if any(not e.certain and t.maybe is not b.FALSE for e, t in others):
            yield truth.maybe
            continue
        total = b.add(*(_part(matcher, body, e, t, event) for e, t in [*others, (event, truth)]))
        yield b.and_(truth.maybe, b.lt(b.rational(body.bound), total))


def _counts(matcher: Matcher, body: core.Limit, event: SymbolicEvent) -> Truth:
    found = matcher.matches(body.event, event, evidence=False)
    return either(both(m.truth, matcher.holds(body.condition, event, m.binders)) for m in found)


def _part(
    matcher: Matcher, body: core.Limit, event: SymbolicEvent, truth: Truth, judged: SymbolicEvent
) -> Term:
    """What the event adds. One that may or may not count, or come before, does as the worst case has it."""
    surely = truth.sure if event is judged or precedes(event, judged) else b.FALSE
    counted = b.or_(surely, b.and_(truth.maybe, matcher.notes.fresh("counted", Sort.BOOL)))
    if body.kind in COUNTED or body.value is None:
        return b.ite(counted, b.rational(1), b.rational(0))
    return b.ite(counted, _measure(matcher, body.value, event), b.rational(0))


def _measure(matcher: Matcher, value: core.Expr, event: SymbolicEvent) -> Term:
    """The value of the event; without one, any number."""
    env: Environment = matcher.arguments(event)
    found = encode(value, env, matcher.notes)
    inner, defined = found.value, found.defined
    while isinstance(inner, Option):
        defined = b.and_(defined, inner.present)
        inner = inner.value
    anything = matcher.notes.fresh("measure", Sort.REAL)
    if not isinstance(inner, Leaf) or inner.term.sort not in (Sort.INT, Sort.REAL):
        return anything
    number = inner.term if inner.term.sort is Sort.REAL else b.real(inner.term)
    return b.ite(defined, number, anything)
