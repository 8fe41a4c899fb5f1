"""One normal form for rules: what a proof refutes, a replay steps and a guard asks is compiled here, once.

A `Monitor` is violated at an event `e` if and only if `e` matches `judged`, `when` does not hold it back, the rule is armed at
`e`, no grant of `unless` covers `e`, and (where `evidence` is demanded) some binder value has no evidence before `e`. An unknown
`when` does not hold back, an unknown grant does not cover, unknown evidence is no evidence.
"""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import TypeAlias, assert_never

import attrs

from wfcheck.dsl import core
from wfcheck.dsl.core import Decision, EventChoice, EventPattern, Expr, Flow, FromOnly, Grant, ScopeKey
from wfcheck.dsl.source import Span


@attrs.frozen
class Evidence:
    """What must have happened before the judged event, after the last `since`. `single_use`: an approval is used up by the
    first judged call that it covers (in a mixed pattern: the choices of kind `approve` are). Steps count calls."""

    pattern: EventPattern
    since: EventPattern | None = None
    single_use: bool = False
    within_steps: int | None = None
    within_time: timedelta | None = None


@attrs.frozen
class Armed:
    """The rule speaks only after an event of `after`, until the next of `until` or for `duration`."""

    after: EventPattern
    until: EventPattern | None = None
    duration: timedelta | None = None


@attrs.frozen
class Monitor:
    """The event-safety normal form; see the module. `binder` and `source`: evidence is demanded for each element. `also`: the
    grants of those that the principal acts for; each of these groups must grant the event as well."""

    rule: str
    judged: EventPattern
    when: Expr | None = None
    unless: tuple[Grant, ...] = ()
    armed: Armed | None = None
    evidence: Evidence | None = None
    binder: str | None = None
    source: Expr | None = None
    per_session: bool = False
    also: tuple[tuple[Grant, ...], ...] = ()

    @property
    def bound(self) -> frozenset[str]:
        """Of `allow`: its principal, and those that act for it and have no grants of their own."""
        return frozenset(choice.by for choice in self.judged.choices if choice.by is not None)


@attrs.frozen
class Response:
    """Every judged event (a call that returned) is followed by evidence, within the bound or (both None) before the normal end."""

    rule: str
    judged: EventPattern
    evidence: EventPattern
    when: Expr | None = None
    binder: str | None = None
    source: Expr | None = None
    within_steps: int | None = None
    within_time: timedelta | None = None
    per_session: bool = False


@attrs.frozen
class Separation:
    """No principal acts in events of two of the patterns."""

    rule: str
    events: tuple[EventPattern, ...]
    per_session: bool = False


@attrs.frozen
class Quota:
    """At each judged event the measure, with that event, stays within `bound` in every scope. kind: as `core.Limit`."""

    rule: str
    kind: str
    judged: EventPattern
    bound: Fraction
    scopes: tuple[ScopeKey, ...]
    value: Expr | None = None
    when: Expr | None = None


@attrs.frozen
class Invariant:
    """`condition` (over registers) holds at every event of `judged`, or at every event."""

    rule: str
    condition: Expr
    judged: EventPattern | None = None
    per_session: bool = False


@attrs.frozen
class LabelQuery:
    """A question about where values came from: asked of the labelling in a proof, of provenance in a run."""

    rule: str
    body: Flow | FromOnly | Decision
    per_session: bool = False


@attrs.frozen
class Unsupported:
    """The rule cannot be judged on events; `reason` is one lower-case sentence."""

    rule: str
    reason: str


Compiled: TypeAlias = Monitor | Response | Separation | Quota | Invariant | LabelQuery | Unsupported


def calls_by(principals: tuple[str, ...], span: Span) -> EventPattern:
    """Any call by one of the principals."""
    return EventPattern(
        tuple(EventChoice("call", frozenset(), by=p, span=span) for p in principals), span=span
    )


def _allow(rule: core.Rule, body: core.Allow, program: core.Program) -> Monitor:
    """Judged are the calls of the principal, and of those that act for it and have no grants of their own."""
    bodies = [r.body for r in program.rules if isinstance(r.body, core.Allow)]
    own = {b.principal for b in bodies}
    bound = tuple(p for p in program.principals if p not in own and body.principal in acts_for(p, program))
    also = tuple(
        b.grants for other in acts_for(body.principal, program) for b in bodies if b.principal == other
    )
    judged = calls_by((body.principal, *bound), rule.span)
    return Monitor(rule.name, judged, unless=body.grants, per_session=rule.per_session, also=also)


def acts_for(principal: str, program: core.Program) -> tuple[str, ...]:
    """Those that a principal acts for, directly or through others."""
    chain: list[str] = []
    declared = program.principals.get(principal)
    while declared is not None and declared.acts_for is not None and declared.acts_for not in chain:
        chain.append(declared.acts_for)
        declared = program.principals.get(declared.acts_for)
    return tuple(chain)


def compile_rule(rule: core.Rule, program: core.Program) -> Compiled:
    """The normal form of a rule. Deterministic; never fails."""
    name, session = rule.name, rule.per_session
    match rule.body:
        case core.Allow() as body:
            return _allow(rule, body, program)
        case core.Forbid() as body:
            return _forbid(name, session, body)
        case core.Before() as body:
            return _before(name, session, body)
        case core.Flow() | core.FromOnly() | core.Decision() as query:
            return LabelQuery(name, query, session)
        case core.After() as body:
            return _after(name, session, body)
        case core.Distinct(events=events):
            return Separation(name, events, session)
        case core.Limit() as body:
            return _limit(name, body)
        case core.Always(condition=condition, event=event):
            return Invariant(name, condition, event, session)
        case core.Meta():
            return Unsupported(name, "the rule is about the policy, not about a run")
        case _:
            assert_never(rule.body)


def _forbid(name: str, session: bool, body: core.Forbid) -> Monitor:
    armed = None if body.after is None else Armed(body.after, body.until, body.duration)
    return Monitor(name, body.event, when=body.condition, armed=armed, per_session=session)


def _before(name: str, session: bool, body: core.Before) -> Monitor:
    approvals = any(choice.kind == "approve" for choice in body.evidence.choices)
    evidence = Evidence(body.evidence, body.since, approvals, body.within_steps, body.within_time)
    return Monitor(
        name,
        body.judged,
        when=body.condition,
        evidence=evidence,
        binder=body.binder,
        source=body.source,
        per_session=session,
    )


def _after(name: str, session: bool, body: core.After) -> Response:
    return Response(
        name,
        body.judged,
        body.evidence,
        when=body.condition,
        binder=body.binder,
        source=body.source,
        within_steps=body.within_steps,
        within_time=body.within_time,
        per_session=session,
    )


def _limit(name: str, body: core.Limit) -> Quota:
    return Quota(name, body.kind, body.event, body.bound, body.scopes, value=body.value, when=body.condition)
