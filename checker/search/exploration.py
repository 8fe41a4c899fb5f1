"""An oracle that follows a script and writes down what else it might have answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, TypeAlias

import attrs

from wfcheck.checker.reference import minimal
from wfcheck.checker.reference.machine import NotARunError
from wfcheck.checker.reference.oracle import (
    Act,
    Admissible,
    AskUser,
    CallTool,
    Failed,
    Handle,
    Outcome,
    RecallFrom,
    RememberIn,
    Returned,
    SayText,
    ScriptedOracle,
    SendTo,
)
from wfcheck.checker.search.candidates import Pool
from wfcheck.dsl import core
from wfcheck.dsl.core import NodeId, Value
from wfcheck.dsl.types import Type

Key: TypeAlias = tuple[Any, ...]
Script: TypeAlias = Mapping[Key, Any]

ACTS = 24
TURNS = (1, 2, 3)
"""How long a branch goes on when branches take turns."""


@attrs.define
class Explorer:
    """Answers as `ScriptedOracle`; `asked` holds, for every key in the order of the run, what else could be answered."""

    script: Script
    pool: Pool
    program: core.Program
    run: int = 0
    fails: bool = False
    asked: dict[Key, list[Any]] = attrs.field(factory=dict)
    hidden: dict[tuple[NodeId, int], list[int]] = attrs.field(factory=dict)
    scripted: ScriptedOracle = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        own = {key[1:]: answer for key, answer in self.script.items() if key[0] == self.run}
        self.scripted = ScriptedOracle(own)

    def _ask(self, key: Key, alternatives: Callable[[], list[Any]]) -> None:
        full = (self.run, *key)
        if full not in self.script and full not in self.asked:
            self.asked[full] = alternatives()

    def _plain(self, type_: Type, scripted: Callable[[], Value]) -> Value:
        """What the script says; where no plain value is known, one that the pool knows."""
        try:
            return scripted()
        except minimal.NoValueError:
            return self._known(type_)

    def _outcome(self, tool: core.Tool, scripted: Callable[[], Outcome]) -> Outcome:
        try:
            return scripted()
        except minimal.NoValueError:
            return Returned(self._known(tool.result))

    def _known(self, type_: Type) -> Value:
        found = self.pool.candidates(type_, 1)
        if not found:
            raise NotARunError("no value of the type is known")
        return found[0]

    def parameter(self, name: str, type_: Type) -> Value:
        """See `Oracle`."""
        self._ask(("parameter", name), lambda: list(self.pool.candidates(type_)))
        return self._plain(type_, lambda: self.scripted.parameter(name, type_))

    def store(self, name: str, key: Value, type_: Type) -> Value:
        """See `Oracle`."""
        self._ask(("store", name, key), lambda: list(self.pool.candidates(type_)))
        return self._plain(type_, lambda: self.scripted.store(name, key, type_))

    def tool(
        self,
        site: NodeId,
        instance: int,
        tool: core.Tool,
        arguments: Mapping[str, Value],
        admissible: Admissible,
    ) -> Outcome:
        """See `Oracle`."""
        self._ask((site, instance), lambda: self._results(tool.result, admissible))
        return self._outcome(tool, lambda: self.scripted.tool(site, instance, tool, arguments, admissible))

    def _results(self, type_: Type, admissible: Admissible) -> list[Any]:
        values: list[Any] = [v for v in self.pool.candidates(type_) if admissible(v)]
        return [*values, Failed()] if self.fails else values

    def written(self, site: NodeId, instance: int, store: str, before: Value) -> Value:
        """See `Oracle`."""
        return self.scripted.written(site, instance, store, before)

    def llm(self, site: NodeId, instance: int, type_: Type, admissible: Admissible) -> Value:
        """See `Oracle`."""
        self._ask((site, instance), lambda: [v for v in self.pool.candidates(type_) if admissible(v)])
        return self._plain(type_, lambda: self.scripted.llm(site, instance, type_, admissible))

    def agent(
        self, site: NodeId, instance: int, step: int, region: core.Agent, admissible: Admissible
    ) -> Act:
        """See `Oracle`."""
        self._ask((site, instance, step), lambda: self._acts(region, site, instance, step))
        act = self.scripted.agent(site, instance, step, region, admissible)
        if isinstance(act, CallTool) and act.tool in region.hides:
            self.hidden.setdefault((site, instance), []).append(step)
        return act

    def _acts(self, region: core.Agent, site: NodeId, instance: int, step: int) -> list[Any]:
        if step >= region.maximum:
            return []
        hidden = self.hidden.get((site, instance), [])
        found: list[Any] = []
        for may in region.may:
            found += islice(self._act(may, hidden), ACTS)
        return found

    def _act(self, may: core.May, hidden: list[int]) -> Iterator[Act]:
        values: list[Value | Handle] = [*map(Handle, hidden[-1:]), ""]
        match may.act:
            case "tool":
                yield from self._calls(self.program.tools[may.tool or ""], hidden)
            case "say":
                yield from map(SayText, values)
            case "ask":
                yield from map(AskUser, values)
            case "send":
                yield from (SendTo(v, p) for p in self.program.principals for v in values)
            case "remember":
                yield from (RememberIn(v, s) for s in self.program.stores for v in values)
            case "recall":
                yield from map(RecallFrom, self.program.stores)

    def _calls(self, tool: core.Tool, hidden: list[int]) -> Iterator[Act]:
        pools = {p.name: self.pool.candidates(p.type) for p in tool.parameters}
        plain: dict[str, Value | Handle] = {n: v[0] for n, v in pools.items() if v}
        yield CallTool(tool.symbol, plain)
        for name in plain:
            yield from (CallTool(tool.symbol, {**plain, name: Handle(h)}) for h in hidden[-1:])
        for name, values in pools.items():
            yield from (CallTool(tool.symbol, {**plain, name: v}) for v in values[1:])

    def agent_tool(
        self,
        site: NodeId,
        instance: int,
        step: int,
        tool: core.Tool,
        arguments: Mapping[str, Value],
        admissible: Admissible,
    ) -> Outcome:
        """See `Oracle`."""
        self._ask((site, instance, step, "result"), lambda: self._results(tool.result, admissible))
        return self._outcome(
            tool, lambda: self.scripted.agent_tool(site, instance, step, tool, arguments, admissible)
        )

    def agent_answer(self, site: NodeId, instance: int, step: int, type_: Type) -> Value:
        """See `Oracle`."""
        return self.scripted.agent_answer(site, instance, step, type_)

    def approve(self, site: NodeId, instance: int) -> bool:
        """See `Oracle`."""
        self._ask((site, instance), lambda: [False])
        return self.scripted.approve(site, instance)

    def release(self, site: NodeId, instance: int, type_: Type) -> Value:
        """See `Oracle`."""
        self._ask((site, instance), lambda: list(self.pool.candidates(type_)))
        return self._plain(type_, lambda: self.scripted.release(site, instance, type_))

    def ask(self, site: NodeId, instance: int, type_: Type) -> Value:
        """See `Oracle`."""
        self._ask((site, instance), lambda: list(self.pool.candidates(type_)))
        return self._plain(type_, lambda: self.scripted.ask(site, instance, type_))

    def receive(self, site: NodeId, instance: int, type_: Type, pending: tuple[Value, ...]) -> Value:
        """See `Oracle`."""
        self._ask((site, instance), lambda: list(self.pool.candidates(type_)))
        return self._plain(type_, lambda: self.scripted.receive(site, instance, type_, pending))

    def schedule(self, site: NodeId, instance: int, step: int, live: tuple[int, ...]) -> int:
        """See `Oracle`. Whole orders of the branches are tried, and branches in turns, as well as single choices."""
        key = (site, instance, "order")
        self._ask(key, lambda: [tuple(reversed(live))] if step == 0 else [])
        order = self.script.get((self.run, *key))
        if order is not None:
            return next((branch for branch in order if branch in live), live[0])
        turns = (site, instance, "turns")
        self._ask(turns, lambda: list(TURNS) if step == 0 else [])
        stride: int | None = self.script.get((self.run, *turns))
        if stride is not None:
            return live[step // stride % len(live)]
        self._ask((site, instance, "schedule", step), lambda: list(live[1:]))
        return self.scripted.schedule(site, instance, step, live)

    def moment(self, index: int) -> datetime | None:
        """See `Oracle`."""
        return self.scripted.moment(index)
