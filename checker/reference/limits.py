"""Limits by definition: at each judged event the measure over the scope, with that event."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import assert_never

from wfcheck.checker.reference import streaks
from wfcheck.checker.reference.evaluate import Truth, evaluate, judged
from wfcheck.checker.reference.log import Log
from wfcheck.checker.reference.matching import Matcher, equal
from wfcheck.checker.reference.truths import all_of, any_of, both
from wfcheck.checker.reference.values import NOTHING, Atom, Labelled, Unknown, plain, unknown_part
from wfcheck.dsl import core
from wfcheck.dsl.values.operators import EvaluationError

_EPSILON = 1e-9


def exceeded(matcher: Matcher, body: core.Limit) -> Iterator[tuple[int, Truth]]:
    """limit M (E) <= n per SCOPE..: broken at each E at which M over the scope, with E, is more than n. What may be in the scope
    may count: then the verdict is unknown unless it is the same either way."""
    for index in range(len(matcher.log.events)):
        judged_ = _counts(matcher, body, index)
        if judged_ is not False:
            yield index, both(judged_, _over(matcher, body, index))


def _counts(matcher: Matcher, body: core.Limit, index: int) -> Truth:
    """Whether the event is one that is counted."""
    return any_of(
        both(m.truth, judged(body.condition, matcher.environment(index, m.binders)))
        for m in matcher.matches(body.event, index, evidence=False)
    )


def _over(matcher: Matcher, body: core.Limit, index: int) -> Truth:
    """Least and greatest measure on either side of the bound."""
    if body.kind == "consecutive":
        return _streak(matcher, body, index)
    sure: list[int] = []
    perhaps: list[int] = []
    for at in range(index + 1):
        truth = True if at == index else both(_counts(matcher, body, at), _shared(matcher, body, at, index))
        (sure if truth is True else perhaps if truth is not False else []).append(at)
    return _measured(matcher, body, sure, perhaps)


def _measured(matcher: Matcher, body: core.Limit, sure: list[int], perhaps: list[int]) -> Truth:
    match body.kind:
        case "count":
            return _between(Fraction(len(sure)), Fraction(len(sure) + len(perhaps)), body.bound)
        case "bits":
            return _bits(matcher.log, sure, perhaps, body.bound)
        case "sum":
            return _sum(matcher, body, sure, perhaps)
        case "distinct":
            return _distinct(matcher, body, sure, perhaps)
        case "consecutive":
            raise AssertionError("a streak has no scope of single events")
        case _:
            assert_never(body.kind)


def _between(least: Fraction, most: Fraction, bound: Fraction) -> Truth:
    if least > bound:
        return True
    return Unknown("it is not known which events count") if most > bound else False


def _bits(log: Log, sure: list[int], perhaps: list[int], bound: Fraction) -> Truth:
    """log2 of the number of answers of each release; one with infinitely many exceeds every bound."""

    def total(indices: list[int]) -> float:
        return sum(_bits_of(log, i) for i in indices)

    if total(sure) > bound + _EPSILON:
        return True
    over = total(sure + perhaps) > bound + _EPSILON
    return Unknown("it is not known which events count") if over else False


def _bits_of(log: Log, index: int) -> float:
    declared = log.program.releases.get(log.events[index].step or "")
    if log.events[index].kind != "release" or declared is None:
        return 0.0
    return float("inf") if declared.bits is None else declared.bits


def _sum(matcher: Matcher, body: core.Limit, sure: list[int], perhaps: list[int]) -> Truth:
    """Of numbers or durations, exactly."""
    least = most = Fraction(0)
    for at in (*sure, *perhaps):
        value = _number(_value(matcher, body, at))
        if isinstance(value, Unknown):
            return value
        least += value if at in sure else min(value, Fraction(0))
        most += value if at in sure else max(value, Fraction(0))
    return _between(least, most, body.bound)


def _value(matcher: Matcher, body: core.Limit, index: int) -> Labelled:
    assert body.value is not None
    binders = next((m.binders for m in matcher.matches(body.event, index, evidence=False)), {})
    try:
        return evaluate(body.value, matcher.environment(index, binders))
    except EvaluationError as error:
        return Atom(Unknown(str(error)), NOTHING)


def _number(value: Labelled) -> Fraction | Unknown:
    if (unknown := unknown_part(value)) is not None:
        return unknown
    found = plain(value)
    if isinstance(found, int | Fraction) and not isinstance(found, bool):
        return Fraction(found)
    return Unknown("the sum is over something that is no number")


def _distinct(matcher: Matcher, body: core.Limit, sure: list[int], perhaps: list[int]) -> Truth:
    known: list[Labelled] = []
    open_ = False
    for at in (*sure, *perhaps):
        value = _value(matcher, body, at)
        seen = any_of(equal(value, other) for other in known)
        if seen is False and at in sure and unknown_part(value) is None:
            known.append(value)
        else:
            open_ = open_ or seen is not True
    if len(known) > body.bound:
        return True
    return Unknown("it is not known how many values differ") if open_ else False


def _streak(matcher: Matcher, body: core.Limit, index: int) -> Truth:
    """Any call that does not match, or has another key, ends the streak; other runs and sessions neither count nor end it."""
    least = most = 1
    sure = True
    for at in range(index - 1, -1, -1):
        shared = _shared_but_keys(matcher, body, at, index)
        if shared is False:
            continue
        counted = both(_counts(matcher, body, at), _same_keys(matcher, body, at, index))
        ended = both(shared, streaks.ends(matcher, body, at, _counts)) if counted is False else False
        if ended is True:
            break
        sure = sure and ended is False and (counted is False or (counted is True and shared is True))
        if counted is not False:
            most += 1
            least += 1 if sure else 0
    return _between(Fraction(least), Fraction(most), body.bound)


# ---------------------------------------------------------------- scopes


def _shared(matcher: Matcher, body: core.Limit, one: int, index: int) -> Truth:
    """Whether an event is in all the scopes of the judged one."""
    return both(_shared_but_keys(matcher, body, one, index), _same_keys(matcher, body, one, index))


def _shared_but_keys(matcher: Matcher, body: core.Limit, one: int, index: int) -> Truth:
    """run, session, turn, or a window that slides over sessions; a key alone counts inside the session."""
    log = matcher.log
    kinds = {scope.kind for scope in body.scopes}
    truths: list[Truth] = [log.events[one].trace == log.events[index].trace or "window" in kinds]
    for scope in body.scopes:
        match scope.kind:
            case "run":
                truths.append(log.together(one, index, False))
            case "session":
                truths.append(log.together(one, index, True))
            case "turn":
                truths.append(log.together(one, index, False) and log.turn(one) == log.turn(index))
            case "window":
                truths.append(log.within(one, index, scope.window))
            case "key":
                pass
    if kinds <= {"key"}:
        truths.append(log.together(one, index, True))
    return all_of(truths)


def _same_keys(matcher: Matcher, body: core.Limit, one: int, index: int) -> Truth:
    keys = [scope.key for scope in body.scopes if scope.kind == "key" and scope.key is not None]
    return all_of(equal(_key(matcher, body, key, one), _key(matcher, body, key, index)) for key in keys)


def _key(matcher: Matcher, body: core.Limit, key: core.Expr, index: int) -> Labelled:
    binders = next((m.binders for m in matcher.matches(body.event, index, evidence=False)), {})
    try:
        return evaluate(key, matcher.environment(index, binders))
    except EvaluationError as error:
        return Atom(Unknown(str(error)), NOTHING)
