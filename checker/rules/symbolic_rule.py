"""What a symbolic execution says of a monitor: at each judged event, a formula that is satisfiable if the rule can break there.

The execution covers all runs (mode `Over`), so that unsatisfiable formulas at all judged events prove the rule. Whatever is not
known counts against the rule: an event that may or may not have happened is no evidence, but may have used evidence up."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import attrs

from wfcheck.checker.encoding.encode import Environment
from wfcheck.checker.monitor import Evidence, Monitor
from wfcheck.checker.rules.symbolic_match import (
    JUDGED,
    OPEN,
    YES,
    Match,
    Matcher,
    Truth,
    both,
    either,
)
from wfcheck.checker.rules.symbolic_order import implied, may_be_in_between, may_precede, precedes, unordered
from wfcheck.checker.symbolic.state import SymbolicEvent
from wfcheck.dsl import core
from wfcheck.dsl.walk import statements, subexpressions
from wfcheck.solver import build as b
from wfcheck.solver.term import Term

CANDIDATES = 64
"""How many events are looked at as evidence for one judged event."""
PAIRS = 2_500
"""Up to so many pairs of a call and an approval it is worked out which call uses which approval up."""


@attrs.frozen
class Violation:
    """Judged at `event`: `reach` says that it happens and is judged, `broken` that the rule then breaks (or may)."""

    event: SymbolicEvent
    reach: Term
    broken: Term


@attrs.frozen(slots=False)
class RuleTrace:
    """A rule over the events of one execution."""

    program: core.Program
    workflow: core.Workflow
    rule: core.Rule
    monitor: Monitor
    events: tuple[SymbolicEvent, ...]
    matcher: Matcher
    _used: dict[int, dict[int, Term]] = attrs.field(factory=dict, init=False)

    def unsupported(self) -> str | None:
        """Why nothing can be said, if so."""
        kinds = {choice.kind for choice in self.monitor.judged.choices}
        if not kinds <= JUDGED:
            return f"this version does not yet prove rules about `{min(kinds - JUDGED)}` events"
        if self.monitor.binder is not None:
            return "this version does not yet prove rules with `for each`"
        session = self.monitor.per_session
        if session and self.monitor.armed is not None:
            return "this version does not yet prove `after ... per session`"
        evidence = self.monitor.evidence
        if session and evidence is not None and evidence.single_use:
            return "this version does not yet prove approvals per session"
        if session and evidence is not None and (evidence.since or evidence.within_steps is not None):
            return "runs of one session may come in between"
        return None

    def violations(self) -> Iterator[Violation]:
        """One per judged event and way to match it."""
        about = _evidence_names(self.monitor)
        trigger = None if about else self.monitor.when
        for event in self.events:
            if not event.certain:
                continue
            for match in self._judged(event):
                when = self.matcher.holds(trigger, event, match.binders)
                reach = both(match.truth, when, self._armed(event, match.binders)).maybe
                free = b.and_(self._not_granted(event), self._no_evidence(event, match.binders))
                if reach is not b.FALSE:
                    yield Violation(event, reach, b.and_(reach, free))

    def occurrences(self) -> list[SymbolicEvent]:
        """The events of the judged kind, whatever their arguments."""
        if isinstance(self.rule.body, core.Allow):
            return [e for e in self.events if self._judged(e)]
        bare = [attrs.evolve(c, tests=(), result=None) for c in self.monitor.judged.choices]
        pattern = attrs.evolve(self.monitor.judged, choices=tuple(bare))
        return [e for e in self.events if self.matcher.matches(pattern, e, evidence=False)]

    def _judged(self, event: SymbolicEvent) -> list[Match]:
        """`allow` judges calls of those it binds and those made on their behalf; other rules what the pattern says."""
        if isinstance(self.rule.body, core.Allow):
            acting = event.kind == "call" and not self.monitor.bound.isdisjoint(event.actors)
            return [Match(Truth(event.guard, event.guard), {})] if acting else []
        return self.matcher.matches(self.monitor.judged, event, evidence=False)

    # ------------------------------------------------------------ allow

    def _not_granted(self, event: SymbolicEvent) -> Term:
        if not isinstance(self.rule.body, core.Allow):
            return b.TRUE
        own = self._covered(self.monitor.unless, event)
        chain = _acts_for(self.program, self.rule.body.principal)
        bodies = [r.body for r in self.program.rules if isinstance(r.body, core.Allow)]
        held = [self._covered(body.grants, event) for body in bodies if body.principal in chain]
        return b.not_(b.and_(own, *held))

    def _covered(self, grants: tuple[core.Grant, ...], event: SymbolicEvent) -> Term:
        found = []
        for grant in grants:
            for match in self.matcher.matches(grant.event, event, evidence=False):
                when = self.matcher.holds(grant.condition, event, match.binders)
                found.append(b.or_(b.not_(event.guard), both(match.truth, when).sure))
        return b.or_(*found)

    # ------------------------------------------------------------ history

    def _armed(self, event: SymbolicEvent, binders: Environment) -> Truth:
        """Something of `after` may have happened before, and nothing of `until` surely since. Time is not counted."""
        armed = self.monitor.armed
        if armed is None:
            return YES
        if any(choice.kind not in JUDGED for choice in armed.after.choices):
            return OPEN
        found = []
        for start in self.events:
            if start is event or not may_precede(start, event):
                continue
            truth = self.matcher.any_match(armed.after, start, evidence=True, other=event, binders=binders)
            if truth.maybe is not b.FALSE:
                ended = self._surely_between(armed.until, start, event, binders)
                paired = self._paired(event, start)
                found.append(Truth(b.FALSE, b.and_(truth.maybe, paired, b.not_(ended))))
        return either(found)

    def _paired(self, event: SymbolicEvent, start: SymbolicEvent) -> Term:
        """What the `same` and `args` of a judged call ask of the event that armed the rule may hold."""
        choices = self.monitor.judged.choices
        compares = any(isinstance(t, core.Same | core.SameCall) for c in choices for _, t in c.tests)
        if not compares or any(choice.kind == "approve" for choice in choices):
            return b.TRUE
        return self.matcher.any_match(self.monitor.judged, event, evidence=False, other=start).maybe

    def _surely_between(
        self,
        pattern: core.EventPattern | None,
        start: SymbolicEvent,
        event: SymbolicEvent,
        binders: Environment,
    ) -> Term:
        if pattern is None or not start.certain:
            return b.FALSE
        between = [e for e in self.events if precedes(start, e) and precedes(e, event)]
        found = [
            self.matcher.any_match(pattern, e, evidence=True, other=event, binders=binders) for e in between
        ]
        return either(found).sure

    # ------------------------------------------------------------ evidence

    def _no_evidence(self, event: SymbolicEvent, binders: Environment) -> Term:
        """Nearest first: what surely serves ends the search. Leaving evidence out only makes the rule harder to prove."""
        evidence = self.monitor.evidence
        if evidence is None:
            return b.TRUE
        found: list[Term] = []
        for at in reversed(self.events[: event.index]):
            if not self._may_serve(at) or not precedes(at, event) or not self._near(evidence, at, event):
                continue
            for match in self.matcher.matches(
                evidence.pattern, at, evidence=True, other=event, binders=binders, binding=True
            ):
                served = b.and_(
                    match.truth.sure, self._demanded(event, match), self._unrenewed(at, event, binders)
                )
                if served is b.FALSE:
                    continue
                found.append(b.and_(served, b.not_(self._spent(at, event, evidence))))
                if implied(event.guard, found[-1]):
                    return b.FALSE
            if len(found) > CANDIDATES:
                break
        return b.not_(b.or_(*found))

    def _may_serve(self, event: SymbolicEvent) -> bool:
        return event.index in self._servers

    @cached_property
    def _servers(self) -> frozenset[int]:
        """Events of a kind and tool that the evidence pattern asks for."""
        evidence = self.monitor.evidence
        if evidence is None:
            return frozenset()
        bare = tuple(attrs.evolve(c, tests=(), result=None, by=None) for c in evidence.pattern.choices)
        pattern = attrs.evolve(evidence.pattern, choices=bare)
        return frozenset(e.index for e in self.events if self.matcher.matches(pattern, e, evidence=True))

    def _unrenewed(self, at: SymbolicEvent, event: SymbolicEvent, binders: Environment) -> Term:
        evidence = self.monitor.evidence
        since = None if evidence is None else evidence.since
        return b.not_(self._may_be_between(since, at, event, binders))

    def _demanded(self, event: SymbolicEvent, match: Match) -> Term:
        """A `when` that names what only the evidence binds is asked of the evidence."""
        if not _evidence_names(self.monitor):
            return b.TRUE
        return self.matcher.holds(self.monitor.when, event, match.binders).sure

    def _may_be_between(
        self,
        pattern: core.EventPattern | None,
        start: SymbolicEvent,
        event: SymbolicEvent,
        binders: Environment,
    ) -> Term:
        if pattern is None:
            return b.FALSE
        if any(choice.kind not in JUDGED for choice in pattern.choices):
            return b.TRUE
        between = [e for e in self.events if may_be_in_between(start, e, event)]
        found = [
            self.matcher.any_match(pattern, e, evidence=True, other=event, binders=binders) for e in between
        ]
        return either(found).maybe

    def _near(self, evidence: Evidence, at: SymbolicEvent, event: SymbolicEvent) -> bool:
        """Within its bounds on every run: bounds on time are never sure, bounds on steps by counting what may be called."""
        approval = self._approval(at) if at.kind == "approve" else None
        if evidence.within_time is not None or (approval is not None and approval.within_time is not None):
            return False
        bounds = [evidence.within_steps, None if approval is None else approval.within_steps]
        known = [bound for bound in bounds if bound is not None]
        if not known:
            return True
        calls = [e for e in self.events if e.kind == "call" and may_be_in_between(at, e, event)]
        return all(e.certain for e in calls) and len(calls) + (event.kind == "call") <= min(known)

    def _approval(self, event: SymbolicEvent) -> core.Approve | None:
        found = (s for s in statements(self.workflow.body) if s.id == event.site)
        return next((s for s in found if isinstance(s, core.Approve)), None)

    # ------------------------------------------------------------ approvals are used up

    @cached_property
    def _users(self) -> tuple[tuple[SymbolicEvent, Truth], ...]:
        """The calls that use approvals up, with the condition that they do."""
        found = []
        for event in self.events:
            if event.kind == "call":
                truth = self.matcher.any_match(self.monitor.judged, event, evidence=False)
                if truth.maybe is not b.FALSE:
                    found.append((event, truth))
        return tuple(found)

    def _spent(self, approval: SymbolicEvent, event: SymbolicEvent, evidence: Evidence) -> Term:
        """An earlier judged call may have used the approval up."""
        if not evidence.single_use or approval.kind != "approve":
            return b.FALSE
        calls = [
            (c, t)
            for c, t in self._users
            if may_be_in_between(approval, c, event) and c.tool == approval.tool
        ]
        fits = [self._may_use(call, truth, approval, event) for call, truth in calls]
        simple = b.or_(*fits)
        if simple is b.FALSE or len(self._users) * len(self._approvals) > PAIRS:
            return simple
        return self._exactly_used(event, evidence).get(approval.index, simple)

    def _may_use(
        self, call: SymbolicEvent, judged: Truth, approval: SymbolicEvent, event: SymbolicEvent
    ) -> Term:
        if not precedes(call, event) or not precedes(approval, call):
            return judged.maybe
        return b.and_(judged.maybe, self.matcher.same_call(approval, call).maybe)

    @cached_property
    def _approvals(self) -> tuple[SymbolicEvent, ...]:
        return tuple(e for e in self.events if e.kind == "approve" and e.certain)

    def _exactly_used(self, event: SymbolicEvent, evidence: Evidence) -> dict[int, Term]:
        """By index of the approval: when an earlier judged call may have used it up, if each takes the oldest that fits."""
        if event.index not in self._used:
            approvals = [e for e in self._approvals if precedes(e, event)]
            used: dict[int, Term] = {a.index: b.FALSE for a in approvals}
            for call, judged in self._users:
                if call is not event and may_precede(call, event):
                    self._use(call, judged, evidence, precedes(call, event), approvals, used)
            self._used[event.index] = used
        return self._used[event.index]

    def _use(
        self,
        call: SymbolicEvent,
        judged: Truth,
        evidence: Evidence,
        sure: bool,
        approvals: list[SymbolicEvent],
        used: dict[int, Term],
    ) -> None:
        """A call takes the oldest approval that fits and is left. Where its place is not sure, it may take any of its tool."""
        ordered = not any(unordered(a, c) for a in approvals for c in approvals)
        taken: Term = b.FALSE
        for approval in approvals:
            before = used[approval.index]
            if not may_precede(approval, call) or approval.tool != call.tool:
                continue
            if not sure or not precedes(approval, call):
                used[approval.index] = b.or_(before, judged.maybe)
                continue
            match = self.matcher.any_match(
                evidence.pattern, approval, evidence=True, other=call, binding=True
            )
            used[approval.index] = b.or_(before, b.and_(judged.maybe, match.maybe, b.not_(taken)))
            if ordered and evidence.since is None and self._near(evidence, approval, call):
                taken = b.or_(taken, b.and_(judged.sure, match.sure, b.not_(before)))


def _evidence_names(monitor: Monitor) -> frozenset[str]:
    """Binders of `when` that the judged event does not bind."""
    if monitor.when is None or monitor.evidence is None:
        return frozenset()
    named = {
        e.name for e in subexpressions(monitor.when) if isinstance(e, core.Variable) and e.kind == "binder"
    }
    bound = {t.name for c in monitor.judged.choices for _, t in c.tests if isinstance(t, core.Bind)}
    return frozenset(named - bound)


def _acts_for(program: core.Program, principal: str) -> frozenset[str]:
    chain: set[str] = set()
    declared = program.principals.get(principal)
    while declared is not None and declared.acts_for is not None and declared.acts_for not in chain:
        chain.add(declared.acts_for)
        declared = program.principals.get(declared.acts_for)
    return frozenset(chain)
