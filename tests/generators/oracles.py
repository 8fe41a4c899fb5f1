"""A random oracle: every answer is a function of its seed, the site, the instance and the step, and of nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random

import attrs

from wfcheck.checker.reference.minimal import candidates, conforms, minimal
from wfcheck.checker.reference.oracle import (
    Act,
    Admissible,
    AskUser,
    CallTool,
    Failed,
    Finish,
    Handle,
    Outcome,
    Returned,
    SayText,
)
from wfcheck.dsl import core, types
from wfcheck.dsl.core import NodeId, Value
from wfcheck.dsl.types import Type

_TEXTS = ("", "a", "go", "hello", "x@y.example")


@attrs.frozen
class RandomOracle:
    """`failures`: how often a call fails; `refusals`: how often a principal refuses."""

    seed: int
    program: core.Program
    failures: float = 0.15
    refusals: float = 0.3

    def _random(self, *key: object) -> Random:
        return Random(f"{self.seed}|{key}")

    def parameter(self, name: str, type_: Type) -> Value:
        """A random value."""
        return value_of(self._random("parameter", name), type_)

    def store(self, name: str, key: Value, type_: Type) -> Value:
        """Mostly empty."""
        random = self._random("store", name, key)
        return value_of(random, type_) if random.random() < 0.3 else minimal(type_)

    def tool(
        self,
        site: NodeId,
        instance: int,
        tool: core.Tool,
        _arguments: Mapping[str, Value],
        _admissible: Admissible,
    ) -> Outcome:
        """A random result, or a failure."""
        return self._result(self._random(site, instance), tool)

    def _result(self, random: Random, tool: core.Tool) -> Outcome:
        return Failed() if random.random() < self.failures else Returned(value_of(random, tool.result))

    def written(self, _site: NodeId, _instance: int, _store: str, before: Value) -> Value:
        """Unchanged."""
        return before

    def llm(self, site: NodeId, instance: int, type_: Type, _admissible: Admissible) -> Value:
        """A random answer."""
        return value_of(self._random(site, instance), type_)

    def agent(
        self,
        site: NodeId,
        instance: int,
        step: int,
        region: core.Agent,
        _admissible: Admissible,
    ) -> Act:
        """A random act that is surely allowed."""
        random = self._random(site, instance, step)
        if step >= region.maximum or random.random() < 0.2:
            return Finish(value_of(random, region.type))
        may = random.choice(region.may)
        match may.act:
            case "tool":
                return self._call(random, region, may, self._handles(site, instance, step, region))
            case "say":
                return SayText(random.choice(_TEXTS))
            case "ask":
                return AskUser(random.choice(_TEXTS))
            case _:
                return Finish(value_of(random, region.type))

    def _handles(self, site: NodeId, instance: int, step: int, region: core.Agent) -> list[tuple[int, Type]]:
        """Earlier steps that called a hidden tool and did not fail."""
        found: list[tuple[int, Type]] = []
        for earlier in range(step):
            act = self.agent(site, instance, earlier, region, lambda _: True)
            if isinstance(act, CallTool) and act.tool in region.hides:
                tool = self.program.tools[act.tool]
                outcome = self._result(self._random(site, instance, earlier, "result"), tool)
                if isinstance(outcome, Returned) and not tool.pure:
                    found.append((earlier, tool.result))
        return found

    def _call(
        self, random: Random, region: core.Agent, may: core.May, handles: list[tuple[int, Type]]
    ) -> CallTool:
        assert may.tool is not None
        arguments: dict[str, Value | Handle] = {}
        for parameter in self.program.tools[may.tool].parameters:
            fitting = [call for call, type_ in handles if type_ == parameter.type]
            if fitting and random.random() < 0.6 and may.condition is None:
                arguments[parameter.name] = Handle(random.choice(fitting))
            else:
                arguments[parameter.name] = value_of(random, parameter.type)
        if may.condition is not None:
            arguments["to"] = "a"
        del region
        return CallTool(may.tool, arguments)

    def agent_tool(
        self,
        site: NodeId,
        instance: int,
        step: int,
        tool: core.Tool,
        _arguments: Mapping[str, Value],
        _admissible: Admissible,
    ) -> Outcome:
        """A random result, or a failure."""
        return self._result(self._random(site, instance, step, "result"), tool)

    def agent_answer(self, site: NodeId, instance: int, step: int, type_: Type) -> Value:
        """A random answer."""
        return value_of(self._random(site, instance, step, "result"), type_)

    def approve(self, site: NodeId, instance: int) -> bool:
        """Mostly yes."""
        return self._random(site, instance).random() >= self.refusals

    def release(self, site: NodeId, instance: int, type_: Type) -> Value:
        """A random value."""
        return value_of(self._random(site, instance), type_)

    def ask(self, site: NodeId, instance: int, type_: Type) -> Value:
        """A random answer."""
        return value_of(self._random(site, instance), type_)

    def receive(self, site: NodeId, instance: int, type_: Type, pending: tuple[Value, ...]) -> Value:
        """The oldest message that fits, else a random one."""
        fitting = [value for value in pending if conforms(value, type_)]
        return fitting[0] if fitting else value_of(self._random(site, instance), type_)

    def schedule(self, site: NodeId, instance: int, step: int, live: tuple[int, ...]) -> int:
        """Any live branch."""
        return self._random(site, instance, "schedule", step).choice(live)

    def moment(self, index: int) -> datetime | None:
        """A clock that ticks once a second."""
        return datetime(2024, 1, 1, tzinfo=UTC) + index * timedelta(seconds=1)


def value_of(random: Random, type_: Type) -> Value:
    """A random value of a type, from small pools so that values meet."""
    match type_:
        case types.Scalar(name="bool"):
            return random.random() < 0.5
        case types.Scalar(name="int"):
            return random.randint(0, 3)
        case types.Scalar(name="text"):
            return random.choice(_TEXTS)
        case types.EnumType(members=members):
            return random.choice(members)
        case types.RecordType(fields=fields):
            return {name: value_of(random, part) for name, part in fields}
        case types.ListType(item=item):
            return tuple(value_of(random, item) for _ in range(random.choice([0, 1, 1, 2, 3])))
        case types.OptionType(base=base):
            return None if random.random() < 0.3 else value_of(random, base)
        case _:
            return random.choice(tuple(candidates(type_))[:6])
