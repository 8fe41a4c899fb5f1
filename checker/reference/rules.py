"""Rules by definition: quantifiers over the indices of a recorded sequence of events, no cleverness.

Moments: as the judged event (`allow`, `forbid`, `limit`, after `before`, `distinct`) a call is the attempt; as evidence (what
`require` demands, `since`, `after`, `until`, `on`) it is the call that returned. Order rules look at one run, or with
`per session` at the session. A step is one call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

import attrs

from wfcheck.checker.reference import flows, limits, precedence, registers
from wfcheck.checker.reference.evaluate import Truth, judged
from wfcheck.checker.reference.log import Log, Trees
from wfcheck.checker.reference.matching import Binders, Matcher
from wfcheck.checker.reference.quantify import none_between, rows, triggers
from wfcheck.checker.reference.truths import all_of, any_of, both, negated
from wfcheck.checker.reference.values import Unknown
from wfcheck.checker.reference.verdict import Verdict3, collect, undecided
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core

__all__ = ["Verdict3", "breaks"]

Findings = Iterator[tuple[int, Truth]]


def breaks(
    program: core.Program,
    rule: core.Rule,
    events: Sequence[Event],
    workflow: core.Workflow | None = None,
    *,
    marked: bool = False,
    explicit: bool | None = None,
    trees: Trees | None = None,
) -> Verdict3:
    """Where the events break the rule. Rules about flows read the labels of the events: `marked` says that the run was made with
    the rule's ends marked (`flows.ends(program, rule)`), `explicit` whether it was made with explicit labels, which
    `forbid flow .. explicit` and `from only` need (None: as the rule needs it). `judge.judge` makes the right run. `trees`:
    the labels of the parts of arguments, as runs of the interpreter have them. `workflow`: the one that ran."""
    del workflow
    if rule.not_applicable is not None:
        return Verdict3()
    log = Log(program, events, trees or {})
    before, after = registers.fold(log)
    matcher = Matcher(log, rule.per_session, before)
    match rule.body:
        case core.Allow() as body:
            return collect(_allow(matcher, body))
        case core.Forbid() as body:
            return collect(_forbid(matcher, body))
        case core.Before() as body:
            return collect(precedence.missing(matcher, body))
        case core.After() as body:
            return collect(_after(matcher, body))
        case core.Distinct() as body:
            return collect(_distinct(matcher, body))
        case core.Limit() as body:
            return collect(limits.exceeded(matcher, body))
        case core.Always() as body:
            return collect(_always(attrs.evolve(matcher, registers=after), body))
        case core.Flow() | core.FromOnly() | core.Decision() as body:
            return flows.verdict(matcher, body, marked, explicit)
        case core.Meta():
            return undecided("the rule is about the policy, not about a run")
        case _:
            assert_never(rule.body)


# ---------------------------------------------------------------- allow, forbid


def _allow(matcher: Matcher, body: core.Allow) -> Findings:
    """allow P: a principal with grants may call nothing else. Judged are its calls, and calls that others make on its behalf.
    A principal that acts for another holds at most the other's grants."""
    log = matcher.log
    for index, event in enumerate(log.events):
        if event.kind == "call":
            acting = any_of(_bound(matcher, body.principal, name) for name in log.actors(index))
            yield index, both(acting, negated(_granted(matcher, body, index)))


def _bound(matcher: Matcher, principal: str, actor: str | None) -> Truth:
    """Whether the grants of `principal` bind this actor: it is the one, or acts for it without grants of its own."""
    if actor is None:
        return Unknown("it is not recorded who acted")
    return actor == principal or (not _lines(matcher, actor) and principal in _acts_for(matcher, actor))


def _granted(matcher: Matcher, body: core.Allow, index: int) -> Truth:
    own = any_of(m.truth for g in body.grants for m in triggers(matcher, g.event, g.condition, index))
    return all_of([own, *(_held(matcher, other, index) for other in _acts_for(matcher, body.principal))])


def _acts_for(matcher: Matcher, principal: str) -> list[str]:
    """Those that it acts for, directly or through others."""
    chain: list[str] = []
    declared = matcher.log.program.principals.get(principal)
    while declared is not None and declared.acts_for is not None and declared.acts_for not in chain:
        chain.append(declared.acts_for)
        declared = matcher.log.program.principals.get(declared.acts_for)
    return chain


def _held(matcher: Matcher, principal: str, index: int) -> Truth:
    """Whether every policy with grants of the principal grants it the call; one without grants may do all."""
    return all_of(
        any_of(m.truth for g in line.grants for m in triggers(matcher, g.event, g.condition, index))
        for line in _lines(matcher, principal)
    )


def _lines(matcher: Matcher, principal: str) -> list[core.Allow]:
    bodies = (rule.body for rule in matcher.log.program.rules)
    return [body for body in bodies if isinstance(body, core.Allow) and body.principal == principal]


def _forbid(matcher: Matcher, body: core.Forbid) -> Findings:
    """forbid E [when c] [after A [until U | for d]]: no such event, or none while it is armed. `same` and `args` in E speak of A."""
    for index in range(len(matcher.log.events)):
        possible = triggers(matcher, body.event, body.condition, index)
        if body.after is None:
            yield from ((index, match.truth) for match in possible)
            continue
        for start in matcher.log.before(index, matcher.per_session) if possible else ():
            for match in triggers(matcher, body.event, body.condition, index, start):
                yield index, both(match.truth, _armed(matcher, body, body.after, start, index, match.binders))


def _armed(
    matcher: Matcher, body: core.Forbid, after: core.EventPattern, start: int, index: int, binders: Binders
) -> Truth:
    """The event at `start` is an A, since then there was no U, and no more time has gone by than d."""
    history = matcher.log.before(index, matcher.per_session)
    return both(
        matcher.holds(after, start, other=index, binders=binders),
        matcher.log.within(start, index, body.duration),
        none_between(matcher, body.until, history, start, index, binders),
    )


# ---------------------------------------------------------------- after, distinct, always


def _after(matcher: Matcher, body: core.After) -> Findings:
    """require E after J (within .. | before end): J is the call that returned. Broken where the bound is passed, else at the
    normal end; what never ended is not broken yet."""
    for index in range(len(matcher.log.events)):
        for match in matcher.matches(body.judged, index, evidence=True):
            truth = both(match.truth, judged(body.condition, matcher.environment(index, match.binders)))
            elements = rows(matcher, body.binder, body.source, index, match.binders)
            if truth is False:
                continue
            if isinstance(elements, Unknown):
                yield index, elements
                continue
            for row in elements:
                yield from _owed(matcher, body, index, row, truth)


def _owed(matcher: Matcher, body: core.After, index: int, binders: Binders, truth: Truth) -> Findings:
    """Walk on from J: what comes first, evidence or the end of the time for it."""
    log = matcher.log
    missing = truth
    for at in log.after(index, matcher.per_session):
        late = _late(matcher, body, index, at)
        if late is not False or _ends(matcher, at):
            yield at, both(missing, True if _ends(matcher, at) else late)
            if late is True or _ends(matcher, at):
                return
        found = matcher.holds(body.evidence, at, other=index, binders=binders)
        missing = both(missing, negated(found))
        if missing is False:
            return


def _ends(matcher: Matcher, index: int) -> bool:
    """A normal end of the run; what is owed per session is owed at the end of its last run."""
    event = matcher.log.events[index]
    if event.kind != "end" or event.error is not None:
        return False
    return not matcher.per_session or not matcher.log.after(index, True)


def _late(matcher: Matcher, body: core.After, index: int, at: int) -> Truth:
    """The bound is passed at this event."""
    log = matcher.log
    if body.within_steps is not None and log.steps(index, at, matcher.per_session) > body.within_steps:
        return True
    return False if body.within_time is None else negated(log.within(index, at, body.within_time))


def _distinct(matcher: Matcher, body: core.Distinct) -> Findings:
    """require distinct principals for E, E, ..: no principal acts in events of two of the patterns."""
    for later in range(len(matcher.log.events)):
        for first in matcher.log.before(later, matcher.per_session):
            for one, other in _pairs(body.events):
                yield later, _same_actor(matcher, first, one, later, other)


def _pairs(patterns: Sequence[core.EventPattern]) -> list[tuple[core.EventPattern, core.EventPattern]]:
    count = range(len(patterns))
    return [(patterns[i], patterns[j]) for i in count for j in count if i != j]


def _same_actor(
    matcher: Matcher, first: int, one: core.EventPattern, later: int, other: core.EventPattern
) -> Truth:
    found: list[Truth] = []
    for match in matcher.matches(one, first, evidence=False):
        again = matcher.holds(other, later, evidence=False, other=first, binders=match.binders)
        actors = matcher.log.actor(first), matcher.log.actor(later)
        same: Truth = Unknown("it is not recorded who acted") if None in actors else actors[0] == actors[1]
        found.append(both(match.truth, again, same))
    return any_of(found)


def _always(matcher: Matcher, body: core.Always) -> Findings:
    """always c [when E]: c over the registers holds after every event, or at every E."""
    for index in range(len(matcher.log.events)):
        if body.event is None:
            yield index, negated(judged(body.condition, matcher.environment(index, {})))
            continue
        for match in matcher.matches(body.event, index, evidence=False):
            holds = judged(body.condition, matcher.environment(index, match.binders))
            yield index, both(match.truth, negated(holds))
