"""Which events end a streak of `limit consecutive (E)`: calls that do not match, each at the moment at which that is known.

A pattern over attempts knows it when the call is made; one over outcomes (`fail(t)`, `deny(t)`, `step(s)`) only when the call
has come to its end, unless the call is of another tool."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from wfcheck.checker.reference.evaluate import Truth
from wfcheck.checker.reference.log import Log
from wfcheck.checker.reference.matching import Matcher
from wfcheck.checker.reference.truths import negated
from wfcheck.checker.reference.values import Unknown
from wfcheck.dsl import core

Counts: TypeAlias = Callable[[Matcher, core.Limit, int], Truth]


def ends(matcher: Matcher, body: core.Limit, index: int, counts: Counts) -> Truth:
    """Whether an event that does not count (with the key of the streak) ends it."""
    log, choices = matcher.log, body.event.choices
    if counts(matcher, body, index) is not False:
        return True  # it counts, with another key
    name = log.tool_name(index)
    match log.events[index].kind:
        case "call":
            return _attempt_ends(log, choices, index, name)
        case "result" | "fail" if _about(choices, ("fail", "deny", "step"), name):
            call = log.call_of(index)
            return True if call == index else negated(counts(matcher, body, call))
        case "deny":
            return any(choice.kind == "deny" for choice in choices)
        case _:
            return False


def _attempt_ends(log: Log, choices: tuple[core.EventChoice, ...], index: int, name: str | None) -> Truth:
    """Not while the outcome may still match; an outcome that is nowhere recorded may have ended it."""
    if _about(choices, ("fail", "deny", "step"), name):
        deny = any(choice.kind == "deny" for choice in choices)
        told = _outcomes(log, index) & {"result", "fail", *(("deny",) if deny else ())}
        return False if told else Unknown("it is not recorded how a call ended")
    if _about(choices, ("approve",), name):
        return Unknown("it is not recorded which call was approved")
    return True


def _about(choices: tuple[core.EventChoice, ...], kinds: tuple[str, ...], name: str | None) -> bool:
    """Whether an event of these kinds about the tool may match."""
    return any(
        c.kind in kinds and (c.kind == "step" or not c.subjects or name in c.subjects) for c in choices
    )


def _outcomes(log: Log, index: int) -> frozenset[str]:
    """The kinds of the later events that tell how a call ended: those with its id, or without ids those of its tool."""
    call, name = log.events[index].call, log.tool_name(index)
    return frozenset(
        event.kind
        for at, event in enumerate(log.events[index + 1 :], index + 1)
        if (event.call == call if call else not event.call and log.tool_name(at) == name)
    ) & {"result", "fail", "deny"}
