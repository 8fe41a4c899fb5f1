"""An oracle that follows a script and writes down what else it might have answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from itertools import islice
from typing import Any, TypeAlias

import attrs

from wfcheck.checker.reference import minimal
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
    SayText,
    ScriptedOracle,
    SendTo,
)
from wfcheck.dsl import core, types
from wfcheck.dsl.core import NodeId, Value
from wfcheck.dsl.types import Type
from wfcheck.dsl.walk import expressions, statements, subexpressions

Key: TypeAlias = tuple[Any, ...]
Script: TypeAlias = Mapping[Key, Any]

ANSWERS = 8
ACTS = 24
LENGTHS = (2, 6)


@attrs.frozen
class Pool:
    """Constants that conditions of the program speak of, by scalar type: what is worth answering."""

    constants: Mapping[str, tuple[Value, ...]]

    def candidates(self, type_: Type, most: int = ANSWERS) -> list[Value]:
        """Values of the type: constants of the program first, then plain ones."""
        found: list[Value] = []
        for value in (*islice(self._fitting(type_), 2 * most), *islice(minimal.candidates(type_), most)):
            if value not in found and minimal.conforms(value, type_):
                found.append(value)
        return found

    def _fitting(self, type_: Type) -> Iterator[Value]:
        match types.base(type_):
            case types.Scalar(name=name):
                yield from self.constants.get(name, ())
            case types.AnyType():
                yield from self.constants.get("text", ())
            case types.OptionType(base=inner):
                yield from self._fitting(inner)
            case types.ListType(item=item):
                items = self.candidates(item, 3)
                yield from ((v,) for v in items)
                yield from ((items[0],) * n for n in LENGTHS if items)
            case types.RecordType(fields=fields):
                plain: dict[str, Value] = {n: next(iter(self.candidates(t, 1)), None) for n, t in fields}
                yield plain
                for name, inner in fields:
                    yield from ({**plain, name: v} for v in self.candidates(inner, 4))
            case _:
                pass


def pool(program: core.Program, rule: core.Rule | None) -> Pool:
    """The constants of all workflows, tools and the rule, and their neighbours."""
    found: dict[str, dict[Value, None]] = {}
    for expression in _expressions(program, rule):
        for part in subexpressions(expression):
            if isinstance(part, core.Literal):
                for value in part.value if isinstance(part.value, tuple) else (part.value,):
                    for near in _neighbours(value):
                        found.setdefault(_scalar(near), {})[near] = None
    merged = {name: tuple(values) for name, values in found.items()}
    numbers = (
        *merged.get("int", ()),
        *(int(v) for v in merged.get("decimal", ()) if isinstance(v, Fraction) and v.denominator == 1),
    )
    decimals = (
        *merged.get("decimal", ()),
        *(Fraction(v) for v in merged.get("int", ()) if isinstance(v, int)),
    )
    texts = merged.get("text", ())
    return Pool(
        {
            **merged,
            "int": tuple(dict.fromkeys(numbers)),
            "decimal": tuple(dict.fromkeys(decimals)),
            **dict.fromkeys(("text", "address", "url", "path"), texts),
        }
    )


def _expressions(program: core.Program, rule: core.Rule | None) -> Iterator[core.Expr]:
    if rule is not None:
        yield from _of_rule(rule.body)
    for workflow in program.workflows.values():
        for statement in statements(workflow.body):
            yield from expressions(statement)
    for tool in program.tools.values():
        yield from (c.condition for c in (*tool.requires, *tool.ensures))
        yield from (e.condition for e in tool.emits if e.condition is not None)


def _of_rule(part: Any) -> Iterator[core.Expr]:
    """Every expression in a rule, by structure."""
    stack = [part]
    while stack:
        top = stack.pop()
        if isinstance(top, core.Literal | core.Apply | core.Quantified | core.MakeList | core.MakeRecord):
            yield top
        elif isinstance(top, tuple | frozenset):
            stack.extend(top)
        elif attrs.has(type(top)) and type(top).__module__ == core.__name__:
            stack.extend(getattr(top, a.name) for a in attrs.fields(type(top)) if a.name != "span")


def _neighbours(value: Any) -> Iterable[Value]:
    if isinstance(value, bool) or value is None:
        return ()
    if isinstance(value, int):
        return (value, value + 1, value - 1)
    if isinstance(value, Fraction):
        return (value, value + 1, value - 1, value + Fraction(1, 100))
    if isinstance(value, str):
        plain = value.replace("*", "a").replace("?", "a")
        return (value, plain, f"a{plain}", f"a{plain}.b")
    return () if isinstance(value, tuple | dict) else (value,)


def _scalar(value: Value) -> str:
    match value:
        case bool():
            return "bool"
        case int():
            return "int"
        case Fraction():
            return "decimal"
        case str():
            return "text"
        case datetime():
            return "time"
        case _:
            return {"date": "date", "timedelta": "duration"}.get(type(value).__name__, "other")


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

    @scripted.default
    def _own_part(self) -> ScriptedOracle:
        return ScriptedOracle({key[1:]: answer for key, answer in self.script.items() if key[0] == self.run})

    def _ask(self, key: Key, alternatives: Callable[[], list[Any]]) -> None:
        full = (self.run, *key)
        if full not in self.script and full not in self.asked:
            self.asked[full] = alternatives()

    def parameter(self, name: str, type_: Type) -> Value:
        """See `Oracle`."""
        self._ask(("parameter", name), lambda: list(self.pool.candidates(type_)))
        return self.scripted.parameter(name, type_)

    def store(self, name: str, key: Value, type_: Type) -> Value:
        """See `Oracle`."""
        self._ask(("store", name, key), lambda: list(self.pool.candidates(type_)))
        return self.scripted.store(name, key, type_)

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
        return self.scripted.tool(site, instance, tool, arguments, admissible)

    def _results(self, type_: Type, admissible: Admissible) -> list[Any]:
        values: list[Any] = [v for v in self.pool.candidates(type_) if admissible(v)]
        return [*values, Failed()] if self.fails else values

    def written(self, site: NodeId, instance: int, store: str, before: Value) -> Value:
        """See `Oracle`."""
        return self.scripted.written(site, instance, store, before)

    def llm(self, site: NodeId, instance: int, type_: Type, admissible: Admissible) -> Value:
        """See `Oracle`."""
        self._ask((site, instance), lambda: [v for v in self.pool.candidates(type_) if admissible(v)])
        return self.scripted.llm(site, instance, type_, admissible)

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
        return self.scripted.agent_tool(site, instance, step, tool, arguments, admissible)

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
        return self.scripted.release(site, instance, type_)

    def ask(self, site: NodeId, instance: int, type_: Type) -> Value:
        """See `Oracle`."""
        self._ask((site, instance), lambda: list(self.pool.candidates(type_)))
        return self.scripted.ask(site, instance, type_)

    def receive(self, site: NodeId, instance: int, type_: Type, pending: tuple[Value, ...]) -> Value:
        """See `Oracle`."""
        self._ask((site, instance), lambda: list(self.pool.candidates(type_)))
        return self.scripted.receive(site, instance, type_, pending)

    def schedule(self, site: NodeId, instance: int, step: int, live: tuple[int, ...]) -> int:
        """See `Oracle`. Whole orders of the branches are tried as well as single turns."""
        key = (site, instance, "order")
        self._ask(key, lambda: [tuple(reversed(live))] if step == 0 else [])
        order = self.script.get((self.run, *key))
        if order is not None:
            return next((branch for branch in order if branch in live), live[0])
        self._ask((site, instance, "schedule", step), lambda: list(live[1:]))
        return self.scripted.schedule(site, instance, step, live)

    def moment(self, index: int) -> datetime | None:
        """See `Oracle`."""
        return self.scripted.moment(index)
