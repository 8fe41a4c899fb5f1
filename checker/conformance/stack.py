"""Where a run stands: what is left to do as a linked stack of frames, innermost first. Frames are shared and never changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import attrs

from wfcheck.checker.conditions.compiled import UNKNOWN, Known
from wfcheck.checker.conformance.notes import Doubt
from wfcheck.dsl import core

Env: TypeAlias = Mapping[str, Known]
ExitKind: TypeAlias = Literal["return", "stop", "fail", "abnormal"]
Phase: TypeAlias = Literal["start", "think", "act", "open", "asked"]


@attrs.frozen(eq=False)
class Exit:
    """How control leaves a block early. `beyond`: where a host goes on that does not end the run there, as it should."""

    kind: ExitKind
    value: Known = None
    beyond: Stack | None = None


@attrs.frozen(eq=False)
class Begin:
    """The inputs that start a run; `index` counts the parameters."""

    parameters: tuple[core.Param, ...]
    index: int
    rest: Stack | None


@attrs.frozen(eq=False)
class Steps:
    """The statements of a block from `index` on."""

    block: core.Block
    index: int
    rest: Stack | None


@attrs.frozen(eq=False)
class Each:
    """A `for`, before its next element. `items`: all of them, if they are known."""

    s: core.For
    items: Known
    index: int
    rest: Stack | None


@attrs.frozen(eq=False)
class Rounds:
    """A `repeat`, before its next round."""

    s: core.While
    count: int
    rest: Stack | None


@attrs.frozen(eq=False)
class Inlined:
    """The end of an inlined workflow."""

    s: core.Scope
    rest: Stack | None


@attrs.frozen(eq=False)
class Attempt:
    """The end of an attempt. `saved`: the variables at its start."""

    s: core.Retry
    number: int
    saved: Env
    rest: Stack | None


@attrs.frozen(eq=False)
class Waiting:
    """A call that has not returned. `call` joins it with its outcome."""

    s: core.Call
    call: str | None
    rest: Stack | None


@attrs.frozen(eq=False)
class Answer:
    """A question that was not answered yet."""

    s: core.Ask
    rest: Stack | None


@attrs.frozen(eq=False)
class Region:
    """An agent at work. `steps`: acts so far; `calls`: those that have not returned."""

    s: core.Agent
    phase: Phase
    steps: int
    calls: tuple[tuple[str | None, str], ...]
    rest: Stack | None


@attrs.frozen(eq=False)
class Fork:
    """Parallel branches; None: one that is done. `held`: branches that are about to leave and have not left."""

    s: core.Parallel
    branches: tuple[Stack | None, ...]
    held: frozenset[int]
    rest: Stack | None


@attrs.frozen(eq=False)
class Leaving:
    """A branch, or a run, that is about to be left."""

    exit: Exit
    rest: None = None


@attrs.frozen(eq=False)
class Ended:
    """A run that is over but for its `end` event. `beyond`: as of `Exit`."""

    outcome: Literal["completed", "stopped", "abnormal"]
    value: Known = None
    beyond: Stack | None = None
    rest: None = None


@attrs.frozen(eq=False)
class Over:
    """After the `end` event."""

    rest: None = None


Stack: TypeAlias = (
    Begin
    | Steps
    | Each
    | Rounds
    | Inlined
    | Attempt
    | Waiting
    | Answer
    | Region
    | Fork
    | Leaving
    | Ended
    | Over
)


@attrs.frozen(eq=False)
class Config:
    """One way in which the run may stand. `doubt`: the first event at which the record left open whether it was this way."""

    workflow: core.Workflow
    stack: Stack | None
    env: Env
    doubt: Doubt | None = None

    def at(self, stack: Stack | None, env: Env | None = None, doubt: Doubt | None = None) -> Config:
        """The same run further on."""
        return Config(self.workflow, stack, self.env if env is None else env, self.doubt or doubt)

    def key(self) -> tuple[Any, ...]:
        """What tells places apart; two ways with the same key and variables are one."""
        return (id(self.workflow), *signature(self.stack))


def signature(stack: Stack | None) -> tuple[Any, ...]:
    """A hashable description of a stack."""
    parts: list[Any] = []
    at = stack
    while at is not None:
        parts.append(_frame(at))
        at = at.rest
    return tuple(parts)


def _frame(at: Stack) -> tuple[Any, ...]:  # noqa: C901 - one flat arm per kind
    match at:
        case Begin(index=index):
            return ("begin", index)
        case Steps(block=block, index=index):
            return (id(block), index)
        case Each(s=s, items=items, index=index):
            return (id(s), 0 if items is UNKNOWN else index)
        case Rounds(s=s, count=count):
            return (id(s), min(count, s.maximum or 0))
        case Inlined(s=s):
            return (id(s),)
        case Attempt(s=s, number=number):
            return (id(s), number)
        case Waiting(s=s, call=call):
            return (id(s), call)
        case Answer(s=s):
            return (id(s),)
        case Region(s=s, phase=phase, steps=steps, calls=calls):
            return (id(s), phase, steps, calls)
        case Fork(s=s, branches=branches, held=held):
            return (id(s), held, *(signature(branch) for branch in branches))
        case Leaving(exit=exit_):
            return ("leaving", exit_.kind)
        case Ended(outcome=outcome):
            return ("ended", outcome)
        case Over():
            return ("over",)


def actor(stack: Stack | None, otherwise: str) -> str:
    """Who acts at the top of a stack; `otherwise`, if nothing in it says."""
    at = stack
    while at is not None:
        if isinstance(at, Inlined) and at.s.principal is not None:
            return at.s.principal
        at = at.rest
    return otherwise
