"""One event under one rule: what the rule may ask of it, and whether it is one that the rule speaks of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TypeAlias

from wfcheck.checker.conditions.coercion import parse_time
from wfcheck.checker.conditions.compiled import (
    UNKNOWN,
    Code,
    Frame,
    History,
    Known,
    Tables,
    Truth,
    compile_expression,
    conjunction,
    has_unknown,
    holds,
)
from wfcheck.checker.replay.patterns import EMPTY, Bindings, Pattern
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core
from wfcheck.dsl.values.meanings import EvaluationError, items

Grants: TypeAlias = "tuple[tuple[Pattern, Code | None], ...]"


def scope_of(view: View, per_session: bool) -> tuple[str, str]:
    """The scope of order rules: the run, or the session."""
    return (view.session, "") if per_session else (view.session, view.run)


def frame_of(view: View, bindings: Bindings, history: History | None) -> Frame:
    """What a condition about the judged event may use."""
    frame = view.frame
    if frame is None or frame.history is not history:
        spoken: dict[str, Known] = {"text": view.text, "time": view.moment}
        frame = view.frame = Frame(view.arguments, view.result, spoken, view.moment, history)
    return frame.bind(bindings) if bindings else frame


def optional_code(expression: core.Expr | None, tables: Tables) -> Code | None:
    """The closure of an expression that may be missing."""
    return None if expression is None else compile_expression(expression, tables)


def judge(
    pattern: Pattern, when: Code | None, view: View, history: History, other: View | None = None
) -> Iterator[tuple[Truth, Bindings]]:
    """The ways in which the event is one that the rule speaks of, with its binders. `other`: the earlier event that `same` and
    `args` speak of."""
    if view.kind not in pattern.kinds:
        return
    if other is None and pattern.settled_of(view):
        truth = True if when is None else holds(when, frame_of(view, EMPTY, history))
        if truth is not False:
            yield truth, EMPTY
        return
    for match in pattern.matches(view, other, history=history):
        truth = match.truth
        if when is not None:
            truth = conjunction(truth, holds(when, frame_of(view, match.bindings, history)))
        if truth is not False:
            yield truth, match.bindings


def granted(grants: Grants, view: View, history: History) -> Truth:
    """Whether some grant covers the event."""
    truths = [truth for pattern, when in grants for truth, _ in judge(pattern, when, view, history)]
    return True if True in truths else UNKNOWN if UNKNOWN in truths else False


def elements(source: Code | None, frame: Frame) -> list[Known] | None:
    """The elements that `for each` walks over (one nameless element without a source), or None if unknown."""
    if source is None:
        return [None]
    try:
        value = source(frame)
        return None if value is UNKNOWN or has_unknown(value) else list(items(value))
    except EvaluationError:
        return None


def within_time(earlier: View, later: View, limit: timedelta) -> Truth:
    """Whether no more time than the limit lies between two events."""
    if earlier.moment is UNKNOWN or later.moment is UNKNOWN:
        return UNKNOWN
    try:
        gap = later.moment - earlier.moment
    except TypeError:
        return UNKNOWN
    return bool(gap <= limit) if gap.total_seconds() >= 0 else UNKNOWN


def unexpired(approval: View, judged: View, per_session: bool) -> Truth:
    """An approval that was given for a while is evidence only so long; a refusal stays one."""
    event = approval.event
    if event.kind != "approve":
        return True
    if event.valid_steps is not None and judged.steps_since(approval, per_session) > event.valid_steps:
        return False
    if event.valid_until is None:
        return True
    limit = parse_time(event.valid_until)
    if limit is UNKNOWN or judged.moment is UNKNOWN:
        return UNKNOWN
    try:
        return judged.moment <= limit
    except TypeError:
        return UNKNOWN
