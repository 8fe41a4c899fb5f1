"""What the rule forms share: the judged events, the elements of `for each`, the absence of an event between two others."""

from __future__ import annotations

from collections.abc import Sequence

from wfcheck.checker.reference.evaluate import Truth, evaluate, judged
from wfcheck.checker.reference.matching import Binders, Match, Matcher
from wfcheck.checker.reference.truths import any_of, both, negated
from wfcheck.checker.reference.values import Items, Unknown
from wfcheck.dsl import core
from wfcheck.dsl.values.operators import EvaluationError


def triggers(
    matcher: Matcher,
    pattern: core.EventPattern,
    condition: core.Expr | None,
    index: int,
    other: int | None = None,
) -> list[Match]:
    """The ways in which the event is one that the rule judges, and its `when` does not rule it out. `other`: the earlier event
    that `same` and `args` speak of."""
    found = []
    for match in matcher.matches(pattern, index, evidence=False, other=other):
        truth = both(match.truth, judged(condition, matcher.environment(index, match.binders)))
        if truth is not False:
            found.append(Match(truth, match.binders))
    return found


def none_between(
    matcher: Matcher,
    pattern: core.EventPattern | None,
    history: Sequence[int],
    start: int,
    judged_: int,
    binders: Binders,
) -> Truth:
    """No event of the pattern after `start` and before the judged one."""
    if pattern is None:
        return True
    between = (i for i in history if i > start)
    return negated(any_of(matcher.holds(pattern, i, other=judged_, binders=binders) for i in between))


def rows(
    matcher: Matcher, binder: str | None, source: core.Expr | None, index: int, binders: Binders
) -> list[Binders] | Unknown:
    """The binders for each element of `for each`; one row without it."""
    if binder is None or source is None:
        return [binders]
    try:
        value = evaluate(source, matcher.environment(index, binders))
    except EvaluationError as error:
        return Unknown(str(error))
    if not isinstance(value, Items):
        return Unknown("the list of `for each` is not known")
    return [{**binders, binder: item} for item in value.items]
