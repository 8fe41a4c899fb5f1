"""What cannot be avoided any more: the call that every way of a run makes next, and what no way of it can do any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import attrs

from wfcheck.checker.conditions.compiled import Known
from wfcheck.checker.conformance.match import computed
from wfcheck.checker.conformance.model import Model
from wfcheck.checker.conformance.settle import TooManyWaysError, settle
from wfcheck.checker.conformance.skip import skips
from wfcheck.checker.conformance.stack import (
    Attempt,
    Begin,
    Config,
    Each,
    Ended,
    Fork,
    Over,
    Region,
    Rounds,
    Stack,
    Steps,
    Waiting,
    actor,
)
from wfcheck.dsl import core
from wfcheck.dsl.values.meanings import EvaluationError
from wfcheck.dsl.walk import statements

LOOKAHEAD = 50
MOST_WAYS = 4
Possible = Callable[[str, str], bool]
"""Whether an event of a kind, about a tool (store, step, principal), is of interest."""


@attrs.frozen
class NextCall:
    """A call that comes next; `passed`: the kinds of events before it."""

    tool: str
    actor: str
    arguments: Mapping[str, Known]
    passed: frozenset[str]


def next_calls(model: Model, configs: Iterable[Config], index: int) -> list[NextCall] | None:
    """The next call of every way; None if some way need not make one."""
    ways = list(configs)
    if not ways or len(ways) > MOST_WAYS:
        return None
    found = [_next(model, config, index) for config in ways]
    return None if None in found else [call for call in found if call is not None]


def _next(model: Model, config: Config, index: int) -> NextCall | None:
    """Only answers of models and recalls are passed over: nothing there can fail or go another way."""
    passed: set[str] = set()
    for _ in range(LOOKAHEAD):
        s = _statement(config.stack)
        match s:
            case core.Call(tool=tool, arguments=arguments):
                try:
                    given = computed(model, model.program.tools[tool], arguments, config.env)
                except EvaluationError:
                    return None
                by = actor(config.stack, config.workflow.principal or "user")
                return NextCall(tool, by, given, frozenset(passed))
            case core.Llm() | core.Recall():
                passed.add("llm" if isinstance(s, core.Llm) else "recall")
                steps = list(skips(model, config))
            case _:
                return None
        try:
            settled = settle(model, (config.at(step.stack, step.env) for step in steps), index)
        except TooManyWaysError:
            return None
        if len(settled) != 1:
            return None
        config = settled[0]
    return None


def _statement(stack: Stack | None) -> core.Statement | None:
    if isinstance(stack, Steps) and stack.index < len(stack.block):
        return stack.block[stack.index]
    return None


def may_still(configs: Iterable[Config], possible: Possible) -> bool:
    """Whether some way of the run can still come to such an event."""
    return any(possible(kind, name) for config in configs for kind, name in _ahead(config.stack))


def _ahead(stack: Stack | None) -> Iterator[tuple[str, str]]:
    """All events that may come, however unlikely."""
    at = stack
    while at is not None:
        match at:
            case Steps(block=block, index=index):
                yield from _events(block[index:])
            case Begin():
                yield "input", ""
            case Each(s=s) | Rounds(s=s):
                yield from _events(s.body)
            case Attempt(s=s):
                yield from _events((*s.body, *(s.handler or ())))
            case Waiting(s=s):
                yield "result", s.tool
                yield "fail", s.tool
            case Region(s=s):
                yield from _agent(s)
            case Fork(branches=branches):
                for branch in branches:
                    yield from _ahead(branch)
            case Ended():
                yield "end", ""
                yield from _ahead(at.beyond)
            case Over():
                return
            case _:
                pass
        at = at.rest
    yield "end", ""


def _events(block: core.Block) -> Iterator[tuple[str, str]]:  # noqa: C901 - one flat arm per kind
    for s in statements(block):
        match s:
            case core.Call(tool=tool):
                yield from ((kind, tool) for kind in ("call", "result", "fail", "deny"))
            case core.Approve(tool=tool):
                yield "approve", tool or ""
                yield "deny", tool or ""
            case core.Llm(step=step):
                yield "llm", step
            case core.Agent():
                yield from _agent(s)
            case core.ReleaseCall(release=release):
                yield "release", release
            case core.Remember(store=store):
                yield "remember", store
            case core.Recall(store=store):
                yield "recall", store
            case core.Say():
                yield "say", ""
            case core.Ask() | core.Receive():
                yield "ask", ""
                yield "input", ""
            case core.Send(principal=principal):
                yield "message", principal
            case core.Scope(step=step):
                yield "step", step
            case _:
                pass


def _agent(s: core.Agent) -> Iterator[tuple[str, str]]:
    yield "step", s.step
    yield "llm", s.step
    for may in s.may:
        if may.tool is not None:
            yield from ((kind, may.tool) for kind in ("call", "result", "fail", "deny"))
        else:
            yield {"send": "message"}.get(may.act, may.act), ""
            yield "input", ""
