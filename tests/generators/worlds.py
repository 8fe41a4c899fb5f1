"""Pairs of oracles that agree on everything but what carries one tag: for tests of noninterference.

Answers are functions of the site, the instance and the declared inputs. What a tool returns at a place that is declared to carry
the tag also depends on the world, and so does whether the call fails. Decisions of people and answers of releases are the same
in all worlds, as their transcript is given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from random import Random

import attrs
from generators.oracles import value_of

from wfcheck.checker.reference.evaluate import Environment, judged
from wfcheck.checker.reference.minimal import conforms, minimal
from wfcheck.checker.reference.oracle import (
    Act,
    Admissible,
    AskUser,
    CallTool,
    Failed,
    Finish,
    Handle,
    Inputs,
    Outcome,
    Returned,
    SayText,
    SendTo,
)
from wfcheck.checker.reference.sides import every_tag
from wfcheck.checker.reference.values import build
from wfcheck.dsl import core, types
from wfcheck.dsl.core import FieldPath, NodeId, Value
from wfcheck.dsl.types import Type

_TEXTS = ("", "a", "go", "hello")


@attrs.define
class World:
    """An oracle; `world` tells those of one seed and tag apart."""

    seed: int
    program: core.Program
    workflow: core.Workflow
    tag: str
    world: int
    failures: float = 0.04
    inputs: Inputs = ()
    region: core.Agent | None = None
    hidden: dict[tuple[NodeId, int], list[tuple[int, Type]]] = attrs.field(factory=dict)

    def given(self, inputs: Inputs) -> None:
        """The next answer may depend on these."""
        self.inputs = inputs

    def _random(self, *key: object, secret: bool = False) -> Random:
        return Random(f"{self.seed}|{key}|{self.world if secret else ''}")

    def parameter(self, name: str, type_: Type) -> Value:
        """Of the world if the parameter carries the tag."""
        declared = next(p for p in self.workflow.parameters if p.name == name)
        sources = every_tag(self.program) if declared.sources is None else declared.sources
        return value_of(self._random("parameter", name, secret=self.tag in sources), type_)

    def store(self, name: str, key: Value, type_: Type) -> Value:
        """Of the world if the store starts with the tag."""
        secret = self.tag in self.program.stores[name].holds
        return value_of(self._random("store", name, key, secret=secret), type_) if secret else minimal(type_)

    def tool(
        self,
        site: NodeId,
        instance: int,
        tool: core.Tool,
        arguments: Mapping[str, Value],
        _admissible: Admissible,
    ) -> Outcome:
        """A value that differs where the tag is declared."""
        return self._outcome((site, instance), tool, arguments, may_fail=True)

    def _outcome(
        self, key: tuple[object, ...], tool: core.Tool, arguments: Mapping[str, Value], may_fail: bool
    ) -> Outcome:
        place = ("pure", tool.symbol) if tool.pure else key
        env = Environment({("argument", name): build(v) for name, v in arguments.items()})
        tagged = [r for r in tool.returns if self.tag in r.tags and judged(r.condition, env) is not False]
        fails = self._random("fails", place, self.inputs, secret=bool(tagged))
        if may_fail and not tool.pure and fails.random() < self.failures:
            return Failed()
        base = Random(f"{place}|{self.inputs}") if tool.pure else self._random(place, self.inputs)
        value = value_of(base, tool.result)
        for number, returned in enumerate(tagged):
            random = self._random(place, self.inputs, number, secret=True)
            value = _changed(random, value, tool.result, returned.path)
        return Returned(value)

    def written(self, site: NodeId, instance: int, _store: str, before: Value) -> Value:
        """A list grows by something that depends on the arguments."""
        if isinstance(before, tuple):
            return (*before, value_of(self._random(site, instance, self.inputs), types.TEXT))
        return before

    def llm(self, site: NodeId, instance: int, type_: Type, _admissible: Admissible) -> Value:
        """Depends on the context."""
        return value_of(self._random(site, instance, self.inputs), type_)

    def agent(
        self, site: NodeId, instance: int, step: int, region: core.Agent, _admissible: Admissible
    ) -> Act:
        """Depends on all that the agent has seen."""
        self.region = region
        random = self._random(site, instance, step, self.inputs)
        if step >= region.maximum or random.random() < 0.1:
            return Finish(value_of(random, region.type))
        may = random.choice(region.may)
        match may.act:
            case "tool":
                return self._call(random, site, instance, step, may)
            case "say":
                return SayText(random.choice(_TEXTS))
            case "ask":
                return AskUser(random.choice(_TEXTS))
            case "send":
                return SendTo(random.choice(_TEXTS), random.choice(sorted(self.program.principals)))
            case _:
                return Finish(value_of(random, region.type))

    def _call(self, random: Random, site: NodeId, instance: int, step: int, may: core.May) -> CallTool:
        assert may.tool is not None
        assert self.region is not None
        handles = self.hidden.setdefault((site, instance), [])
        tool = self.program.tools[may.tool]
        arguments: dict[str, Value | Handle] = {}
        for parameter in tool.parameters:
            fitting = [call for call, type_ in handles if type_ == parameter.type]
            if fitting and random.random() < 0.7 and may.condition is None:
                arguments[parameter.name] = Handle(random.choice(fitting))
            else:
                arguments[parameter.name] = value_of(random, parameter.type)
        if may.condition is not None:
            arguments["to"] = "a"
        if may.tool in self.region.hides:
            handles.append((step, tool.result))
        return CallTool(may.tool, arguments)

    def agent_tool(
        self,
        site: NodeId,
        instance: int,
        step: int,
        tool: core.Tool,
        arguments: Mapping[str, Value],
        _admissible: Admissible,
    ) -> Outcome:
        """As for calls of the workflow; hidden calls do not fail, so that handles always stand for something."""
        assert self.region is not None
        visible = tool.symbol not in self.region.hides
        return self._outcome((site, instance, step, "result"), tool, arguments, may_fail=visible)

    def agent_answer(self, site: NodeId, instance: int, step: int, type_: Type) -> Value:
        """Given."""
        return value_of(self._random(site, instance, step, "result"), type_)

    def approve(self, site: NodeId, instance: int) -> bool:
        """Given."""
        return self._random(site, instance).random() < 0.7

    def release(self, site: NodeId, instance: int, type_: Type) -> Value:
        """Given."""
        return value_of(self._random(site, instance), type_)

    def ask(self, site: NodeId, instance: int, type_: Type) -> Value:
        """Given."""
        return value_of(self._random(site, instance), type_)

    def receive(self, site: NodeId, instance: int, type_: Type, pending: tuple[Value, ...]) -> Value:
        """The oldest message that fits."""
        fitting = [value for value in pending if conforms(value, type_)]
        return fitting[0] if fitting else value_of(self._random(site, instance), type_)

    def schedule(self, _site: NodeId, _instance: int, _step: int, live: tuple[int, ...]) -> int:
        """One branch after the other."""
        return live[0]

    def moment(self, _index: int) -> datetime | None:
        """There is no clock: it would count events."""
        return None


def _changed(random: Random, value: Value, type_: Type, path: FieldPath) -> Value:
    """The value with another one at the path."""
    if not path:
        return value_of(random, type_)
    head, rest = path[0], path[1:]
    match types.base(type_), value:
        case types.RecordType(fields=fields), dict():
            return {
                name: _changed(random, value[name], part, rest) if name == head else value[name]
                for name, part in fields
            }
        case types.ListType(item=item), tuple():
            return tuple(_changed(random, v, item, rest) for v in value)
        case _:
            return value
