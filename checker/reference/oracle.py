"""Every free choice of a run, as one method each. A choice is named by its site (the statement's id) and by how many times that
site had run before; a choice inside an agent region also by its step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

import attrs

from wfcheck.checker.reference import minimal
from wfcheck.dsl import core, types
from wfcheck.dsl.core import NodeId, Value
from wfcheck.dsl.types import Type

Admissible: TypeAlias = Callable[[Value], bool]
"""Whether a value satisfies the `ensures` clauses that speak of it."""


Inputs: TypeAlias = tuple[Value, ...]
"""What an answer may depend on besides its site and instance. Of a tool: the arguments that its result is not independent of, and
what it reads; of a write: all arguments; of a model: its context; of an agent: its context and all that it has seen."""


@attrs.frozen
class Returned:
    value: Value


@attrs.frozen
class Failed:
    error: str = "failed"


Outcome: TypeAlias = Returned | Failed


@attrs.frozen
class Handle:
    """The result of an earlier call of a hidden tool in the same agent region: `call` is the step that made it."""

    call: int


@attrs.frozen
class CallTool:
    tool: str
    arguments: Mapping[str, Value | Handle] = attrs.field(hash=False)


@attrs.frozen
class SayText:
    value: Value | Handle


@attrs.frozen
class AskUser:
    """`type`: of the answer."""

    value: Value | Handle
    type: Type = types.TEXT


@attrs.frozen
class SendTo:
    value: Value | Handle
    principal: str


@attrs.frozen
class RememberIn:
    value: Value | Handle
    store: str


@attrs.frozen
class RecallFrom:
    store: str


@attrs.frozen
class Finish:
    value: Value | Handle


Act: TypeAlias = CallTool | SayText | AskUser | SendTo | RememberIn | RecallFrom | Finish


class Oracle(Protocol):
    """Answers outside the declared types are not runs of the model: the interpreter raises NotARunError."""

    def parameter(self, name: str, type_: Type) -> Value:
        """The argument that a root workflow is started with."""
        ...

    def store(self, name: str, key: Value, type_: Type) -> Value:
        """What a store (of a partitioned one, the partition of that key) holds before the first run."""
        ...

    def tool(
        self,
        site: NodeId,
        instance: int,
        tool: core.Tool,
        arguments: Mapping[str, Value],
        admissible: Admissible,
    ) -> Outcome:
        """What a call of the workflow returns, or that it fails."""
        ...

    def written(self, site: NodeId, instance: int, store: str, before: Value) -> Value:
        """What a store holds after a call that writes it."""
        ...

    def llm(self, site: NodeId, instance: int, type_: Type, admissible: Admissible) -> Value:
        """The answer of a model."""
        ...

    def agent(
        self, site: NodeId, instance: int, step: int, region: core.Agent, admissible: Admissible
    ) -> Act:
        """What an agent does next."""
        ...

    def agent_tool(
        self,
        site: NodeId,
        instance: int,
        step: int,
        tool: core.Tool,
        arguments: Mapping[str, Value],
        admissible: Admissible,
    ) -> Outcome:
        """What a call of an agent returns, or that it fails."""
        ...

    def agent_answer(self, site: NodeId, instance: int, step: int, type_: Type) -> Value:
        """What the user answers to an agent's question."""
        ...

    def approve(self, site: NodeId, instance: int) -> bool:
        """Whether the principal approves."""
        ...

    def release(self, site: NodeId, instance: int, type_: Type) -> Value:
        """What a release gives out."""
        ...

    def ask(self, site: NodeId, instance: int, type_: Type) -> Value:
        """What a principal answers."""
        ...

    def receive(self, site: NodeId, instance: int, type_: Type, pending: tuple[Value, ...]) -> Value:
        """The message that is received; `pending` were sent by runs of the program and not received yet."""
        ...

    def schedule(self, site: NodeId, instance: int, step: int, live: tuple[int, ...]) -> int:
        """Which of the live parallel branches runs next, up to its next event."""
        ...

    def moment(self, index: int) -> datetime | None:
        """The clock at the event of that index (and for `now` just before it)."""
        ...


@runtime_checkable
class Attentive(Protocol):
    """An oracle whose answers depend on inputs: it is told them right before each question of a tool, a write, a model or an
    agent."""

    def given(self, inputs: Inputs) -> None:
        """The inputs of the next answer."""
        ...


def tell(oracle: Oracle, inputs: Inputs) -> None:
    """Tell an oracle that wants to know it what the next answer may depend on."""
    if isinstance(oracle, Attentive):
        oracle.given(inputs)


S = TypeVar("S")


@attrs.frozen
class ScriptedOracle:
    """Answers from a script, and where it is silent the plainest answer of the type.

    Keys: `(site, instance)`; in an agent region `(site, instance, step)` for the act, `(site, instance, step, "result")` for what
    its call returns or the user answers; `("parameter", name)`; `("store", name, key)` (key None where not partitioned);
    `(site, instance, "written", store)`;
    `(site, instance, "schedule", step)`. Answers: a Value; for calls a Value, Returned or Failed; for approvals a bool; for
    acts an Act. The clock starts at `start` and ticks at each event; None: there is no clock."""

    answers: Mapping[tuple[Any, ...], Any] = attrs.field(factory=dict, hash=False)
    start: datetime | None = datetime(2024, 1, 1, tzinfo=UTC)
    tick: timedelta = timedelta(seconds=1)

    def _answer(self, key: tuple[Any, ...], default: Callable[[], S]) -> S:
        answer: S = self.answers[key] if key in self.answers else default()
        return answer

    def parameter(self, name: str, type_: Type) -> Value:
        """As scripted, else minimal."""
        return self._answer(("parameter", name), lambda: minimal.minimal(type_))

    def store(self, name: str, key: Value, type_: Type) -> Value:
        """As scripted, else minimal."""
        return self._answer(("store", name, key), lambda: minimal.minimal(type_))

    def tool(
        self,
        site: NodeId,
        instance: int,
        tool: core.Tool,
        arguments: Mapping[str, Value],
        admissible: Admissible,
    ) -> Outcome:
        """As scripted, else the plainest result that the tool's `ensures` admit."""
        return _outcome(self._answer((site, instance), lambda: plainest_result(tool, arguments, admissible)))

    def written(self, site: NodeId, instance: int, store: str, before: Value) -> Value:
        """As scripted, else unchanged."""
        return self._answer((site, instance, "written", store), lambda: before)

    def llm(self, site: NodeId, instance: int, type_: Type, admissible: Admissible) -> Value:
        """As scripted, else the plainest answer that the `ensures` admit."""
        return self._answer((site, instance), lambda: plainest(minimal.candidates(type_), type_, admissible))

    def agent(
        self, site: NodeId, instance: int, step: int, region: core.Agent, admissible: Admissible
    ) -> Act:
        """As scripted, else the agent finishes with the plainest value."""
        return self._answer((site, instance, step), lambda: self._finish(region, admissible))

    def _finish(self, region: core.Agent, admissible: Admissible) -> Act:
        return Finish(plainest(minimal.candidates(region.type), region.type, admissible))

    def agent_tool(
        self,
        site: NodeId,
        instance: int,
        step: int,
        tool: core.Tool,
        arguments: Mapping[str, Value],
        admissible: Admissible,
    ) -> Outcome:
        """As scripted, else the plainest result that the tool's `ensures` admit."""
        key = (site, instance, step, "result")
        return _outcome(self._answer(key, lambda: plainest_result(tool, arguments, admissible)))

    def agent_answer(self, site: NodeId, instance: int, step: int, type_: Type) -> Value:
        """As scripted, else minimal."""
        return self._answer((site, instance, step, "result"), lambda: minimal.minimal(type_))

    def approve(self, site: NodeId, instance: int) -> bool:
        """As scripted, else yes."""
        return self._answer((site, instance), lambda: True)

    def release(self, site: NodeId, instance: int, type_: Type) -> Value:
        """As scripted, else minimal."""
        return self._answer((site, instance), lambda: minimal.minimal(type_))

    def ask(self, site: NodeId, instance: int, type_: Type) -> Value:
        """As scripted, else minimal."""
        return self._answer((site, instance), lambda: minimal.minimal(type_))

    def receive(self, site: NodeId, instance: int, type_: Type, pending: tuple[Value, ...]) -> Value:
        """As scripted, else the first pending message, else minimal."""
        fitting = [value for value in pending if minimal.conforms(value, type_)]
        return self._answer((site, instance), lambda: fitting[0] if fitting else minimal.minimal(type_))

    def schedule(self, site: NodeId, instance: int, step: int, live: tuple[int, ...]) -> int:
        """As scripted, else the first branch that is not done."""
        return self._answer((site, instance, "schedule", step), lambda: live[0])

    def moment(self, index: int) -> datetime | None:
        """The start and so many ticks."""
        return None if self.start is None else self.start + index * self.tick


def _outcome(answer: Value | Outcome) -> Outcome:
    return answer if isinstance(answer, Returned | Failed) else Returned(answer)


def plainest(pool: Iterator[Value], type_: Type, admissible: Admissible) -> Value:
    """The first admissible candidate, else the minimal value."""
    for value in islice(pool, 2000):
        if admissible(value):
            return value
    return minimal.minimal(type_)


def plainest_result(tool: core.Tool, arguments: Mapping[str, Value], admissible: Admissible) -> Value:
    """The plainest admissible result of a tool; one that repeats its arguments in fields of the same names is tried first."""
    return plainest(_results(tool, arguments), tool.result, admissible)


def _results(tool: core.Tool, arguments: Mapping[str, Value]) -> Iterator[Value]:
    least = minimal.minimal(tool.result)
    yield least
    if isinstance(least, dict):
        echo = {name: arguments.get(name, value) for name, value in least.items()}
        if minimal.conforms(echo, tool.result):
            yield echo
    yield from (value for value in arguments.values() if minimal.conforms(value, tool.result))
    yield from minimal.candidates(tool.result)
