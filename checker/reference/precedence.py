"""`require E before J`: evidence, its validity, and approvals that serve once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from wfcheck.checker.reference.evaluate import Truth, judged
from wfcheck.checker.reference.log import Log
from wfcheck.checker.reference.matching import Binders, Match, Matcher
from wfcheck.checker.reference.quantify import none_between, rows, triggers
from wfcheck.checker.reference.truths import all_of, any_of, both, negated
from wfcheck.checker.reference.values import Unknown
from wfcheck.dsl import core
from wfcheck.dsl.walk import subexpressions


def missing(matcher: Matcher, body: core.Before) -> Iterator[tuple[int, Truth]]:
    """require E [since S] before J [for each x in xs] [when c] [within ..]: broken at a J for which (for some x) there is no E
    before it, after the last S, near enough. Where `when` names a binder that only E binds, E must satisfy it."""
    used: set[int] = set()
    about_evidence = _names_of(body.condition) - _binders_of(body.judged)
    trigger = None if about_evidence else body.condition
    for index in range(len(matcher.log.events)):
        for match in triggers(matcher, body.judged, trigger, index):
            served = _served(matcher, body, index, match.binders, used, bool(about_evidence))
            yield index, both(match.truth, negated(served))
        _use_up(matcher, body, index, used)


def _names_of(condition: core.Expr | None) -> set[str]:
    if condition is None:
        return set()
    return {e.name for e in subexpressions(condition) if isinstance(e, core.Variable) and e.kind == "binder"}


def _binders_of(pattern: core.EventPattern) -> set[str]:
    return {test.name for c in pattern.choices for _, test in c.tests if isinstance(test, core.Bind)}


def _served(
    matcher: Matcher, body: core.Before, index: int, binders: Binders, used: set[int], demanding: bool
) -> Truth:
    found = rows(matcher, body.binder, body.source, index, binders)
    if isinstance(found, Unknown):
        return found
    return all_of(_evidence(matcher, body, index, row, used, demanding) for row in found)


def _evidence(
    matcher: Matcher, body: core.Before, index: int, binders: Binders, used: set[int], demanding: bool
) -> Truth:
    """Some event before the judged one is evidence for it."""
    return any_of(
        both(
            match.truth,
            _demanded(matcher, body, index, match, demanding),
            _valid(matcher, body, at, index, binders),
        )
        for at in matcher.log.before(index, matcher.per_session)
        if at not in used
        for match in matcher.matches(
            body.evidence, at, evidence=True, other=index, binders=binders, binding=True
        )
    )


def _demanded(matcher: Matcher, body: core.Before, index: int, match: Match, demanding: bool) -> Truth:
    return judged(body.condition, matcher.environment(index, match.binders)) if demanding else True


def _valid(matcher: Matcher, body: core.Before, at: int, index: int, binders: Binders) -> Truth:
    """Near enough, not renewed since, and (an approval) not expired."""
    log = matcher.log
    history = log.before(index, matcher.per_session)
    return both(
        body.within_steps is None or log.steps(at, index, matcher.per_session) <= body.within_steps,
        log.within(at, index, body.within_time),
        none_between(matcher, body.since, history, at, index, binders),
        unexpired(log, at, index, matcher.per_session),
    )


def unexpired(log: Log, approval: int, index: int, per_session: bool) -> Truth:
    """An approval that was given for a while is evidence only so long; a refusal stays one."""
    event = log.events[approval]
    if event.kind != "approve":
        return True
    if event.valid_steps is not None and log.steps(approval, index, per_session) > event.valid_steps:
        return False
    if event.valid_until is None:
        return True
    moment = log.events[index].time
    return Unknown("there is no clock") if moment is None else _not_after(moment, event.valid_until)


def _not_after(moment: str, limit: str) -> Truth:
    try:
        return datetime.fromisoformat(moment) <= datetime.fromisoformat(limit)
    except (ValueError, TypeError):
        return Unknown("the times cannot be compared")


def _use_up(matcher: Matcher, body: core.Before, index: int, used: set[int]) -> None:
    """An approval matches the same tool with the same arguments by name, and the first such call uses it up: each call takes
    the oldest approval that is valid for it."""
    if matcher.log.events[index].kind != "call":
        return
    approvals = core.EventPattern(
        tuple(c for c in body.evidence.choices if c.kind == "approve"), span=body.evidence.span
    )
    if not approvals.choices or matcher.holds(body.judged, index, evidence=False) is not True:
        return
    for at in matcher.log.before(index, matcher.per_session):
        if at in used or matcher.holds(approvals, at, other=index, binding=True) is not True:
            continue
        if _valid(matcher, body, at, index, {}) is True:
            used.add(at)
            return
