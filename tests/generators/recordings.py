"""Recorded runs: random changes to them, and what the reference interpreter makes of the answers that they record.

`rerun` is conformance by definition: a workflow is run again with every answer that the trace gives, in the order of the trace. It
knows nothing of branches that take turns, of stores that held something before, or of acts that carry no value."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec

from wfcheck.checker.reference.codec import decode
from wfcheck.checker.reference.interpreter import NotARunError, run
from wfcheck.checker.reference.oracle import (
    AskUser,
    CallTool,
    Failed,
    Finish,
    Returned,
    SayText,
)
from wfcheck.checker.reference.values import plain
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core, types

CHANGES = ("drop", "swap", "argument", "rename", "result", "repeat", "actor")


def change(random: Random, events: Sequence[Event]) -> tuple[Event, ...]:
    """One random change; the numbers of the events stay in order."""
    made, kind, at = list(events), random.choice(CHANGES), random.randrange(len(events))
    match kind:
        case "drop":
            del made[at]
        case "swap" if at + 1 < len(made):
            made[at], made[at + 1] = made[at + 1], made[at]
        case "argument" if made[at].args_requested:
            made[at] = _argument(random, made[at])
        case "rename" if made[at].tool:
            tools = sorted({event.tool for event in made if event.tool})
            made[at] = msgspec.structs.replace(made[at], tool=random.choice([*tools, "undeclared"]))
        case "result" if isinstance(made[at].result, str):
            other = random.choice(["a", "b", "go", ""])
            made[at] = msgspec.structs.replace(made[at], result=other, text=made[at].text and other)
        case "repeat":
            made.insert(at, made[at])
        case "actor" if made[at].actor:
            made[at] = msgspec.structs.replace(made[at], actor=random.choice(["boss", "clerk", "user"]))
        case _:
            pass
    return tuple(msgspec.structs.replace(e, seq=n, id=None, parent=None) for n, e in enumerate(made))


def _argument(random: Random, event: Event) -> Event:
    given = dict(event.args_requested or {})
    name = random.choice(sorted(given))
    if isinstance(given[name], str):
        given[name] = random.choice(["a", "go", "other"])
    elif isinstance(given[name], int) and not isinstance(given[name], bool):
        given[name] = random.choice([0, 3, 40])
    executed = given if event.args_executed is not None else None
    return msgspec.structs.replace(event, args_requested=given, args_executed=executed)


class Recorded:
    """Answers as the trace has them, in its order; whatever it does not record is as in `other`."""

    def __init__(self, program: core.Program, events: Sequence[Event], other: Any) -> None:
        self.program, self.events, self.other = program, events, other
        self.used: dict[str, int] = {}

    def _next(self, *kinds: str) -> int:
        start = self.used.get(kinds[0], 0)
        for at in range(start, len(self.events)):
            if self.events[at].kind in kinds:
                self.used[kinds[0]] = at + 1
                return at
        raise NotARunError("the trace has no such answer")

    def _value(self, at: int, type_: types.Type) -> Any:
        return plain(decode(self.events[at].result, type_))

    def parameter(self, name: str, type_: types.Type) -> Any:
        """An input, if the trace has it."""
        steps = {e.step for e in self.events if e.kind == "input"}
        return self._value(self._next("input"), type_) if name in steps else self.other.parameter(name, type_)

    def tool(self, _site: Any, _instance: Any, tool: core.Tool, _arguments: Any, _admissible: Any) -> Any:
        at = self._next("result", "fail")
        event = self.events[at]
        return Failed(event.error or "") if event.kind == "fail" else Returned(self._value(at, tool.result))

    def agent_tool(
        self, _site: Any, _instance: Any, _step: int, tool: core.Tool, _arguments: Any, _admissible: Any
    ) -> Any:
        return self.tool(_site, _instance, tool, _arguments, _admissible)

    def llm(self, _site: Any, _instance: Any, type_: types.Type, _admissible: Any) -> Any:
        return self._value(self._next("llm"), type_)

    def agent(self, _site: Any, _instance: Any, _step: int, region: core.Agent, _admissible: Any) -> Any:
        """The act that follows the answer of the model, or the answer as the result."""
        at = self._next("llm")
        after = self.events[at + 1] if at + 1 < len(self.events) else None
        if after is None or after.agent != region.step or after.kind not in ("call", "say", "ask"):
            return Finish(self._value(at, region.type))
        if after.kind == "call":
            tool = self.program.tools.get(after.tool or "")
            if tool is None:
                raise NotARunError("there is no such tool")
            given = after.args_requested or {}
            kinds = {p.name: p.type for p in tool.parameters}
            named = {n: plain(decode(v, kinds.get(n, types.ANY))) for n, v in given.items()}
            return CallTool(tool.symbol, named)
        said = plain(decode(after.result, types.ANY))
        return SayText(said) if after.kind == "say" else AskUser(said)

    def agent_answer(self, _site: Any, _instance: Any, _step: int, type_: types.Type) -> Any:
        return self._value(self._next("input"), type_)

    def approve(self, _site: Any, _instance: Any) -> bool:
        return self.events[self._next("approve", "deny")].kind == "approve"

    def release(self, _site: Any, _instance: Any, type_: types.Type) -> Any:
        return self._value(self._next("release"), type_)

    def ask(self, _site: Any, _instance: Any, type_: types.Type) -> Any:
        return self._value(self._next("input"), type_)

    def __getattr__(self, name: str) -> Any:
        """Stores, schedules, the clock: not in the trace."""
        return getattr(self.other, name)


def rerun(program: core.Program, workflow: core.Workflow, events: Sequence[Event], other: Any) -> bool:
    """Whether the workflow, given the answers of the trace, does what the trace says."""
    try:
        made = run(program, workflow, Recorded(program, events, other))
    except NotARunError:
        return False
    shown = [_shown(event) for event in made.events]
    kept = not any(breach.rule == "assumption" for breach in made.breaches)
    return kept and shown[: len(events)] == [_shown(event) for event in events]


def _shown(event: Event) -> tuple[Any, ...]:
    return (
        event.kind, event.tool, event.actor, event.to, event.step, event.store, event.args_requested,
        event.args_executed, event.result, event.text, event.shows, event.decision, event.error,
    )  # fmt: skip
