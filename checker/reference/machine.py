"""The state of one run, and the few things that every statement does to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import attrs

from wfcheck.checker.reference import marks, minimal, sides
from wfcheck.checker.reference.codec import encode
from wfcheck.checker.reference.evaluate import Environment, Truth, evaluate, judged
from wfcheck.checker.reference.memory import Memory, Stored
from wfcheck.checker.reference.oracle import Oracle
from wfcheck.checker.reference.syntactic import effects
from wfcheck.checker.reference.values import NOTHING, Label, Labelled, build, joined, plain, raised, total
from wfcheck.checker.traces.event import Event, EventSource
from wfcheck.dsl import core
from wfcheck.dsl.core import Value
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import Type


class StopRunError(Exception):
    """`stop`, or a refusal without `else`: a normal end."""

    def __init__(self, reason: str | None) -> None:
        super().__init__(reason)
        self.reason = reason


class ReturnError(Exception):
    """`return`: ends the workflow, or the inlined one."""

    def __init__(self, value: Labelled) -> None:
        super().__init__()
        self.value = value


class ToolFailureError(Exception):
    """A failed call on its way to the next `retry`."""


class AbnormalError(Exception):
    """An unhandled failure, an error in an expression, a loop or region over its maximum."""


class OutOfFuelError(Exception):
    """The step budget is used up."""


class NotARunError(ValueError):
    """The oracle answered what the model does not admit: a value of another type, an act that is not granted."""


@attrs.define
class Cell:
    """A label that control flow raises for the rest of a block: by early returns, or by calls that may have failed."""

    label: Label = NOTHING


@attrs.frozen
class At:
    """Where a statement runs. `pc`: of the enclosing branches. `scope`: of the inlined workflow, raised by conditional
    returns. `retry`: of the innermost `retry` that goes on after a failure, if any."""

    pc: Label
    actor: str
    scope: Cell
    retry: Cell | None = None
    agent: str | None = None
    parent: str | None = None

    def under(self, label: Label) -> At:
        """The same under more control decisions."""
        return attrs.evolve(self, pc=self.pc | label)


@attrs.frozen
class Breach:
    """A contract that the run broke at the event of that index (or just before it). `rule`: `assumption`, or the built-in
    rule (`builtin.requires`, ...); `name`: of the contract, tool, channel or principal it is about."""

    rule: str
    name: str
    index: int
    span: Span


@attrs.define
class Machine:
    """One run. With `explicit`, control decisions leave no label: what is left is the data flow."""

    program: core.Program
    workflow: core.Workflow
    oracle: Oracle
    memory: Memory
    run: str
    session: str | None
    trace: str
    fuel: int
    explicit: bool
    marks: marks.Marks
    first: int
    env: dict[str, Labelled] = attrs.field(factory=dict)
    events: list[Event] = attrs.field(factory=list)
    instances: dict[str, int] = attrs.field(factory=dict)
    stopped: Label = NOTHING
    breaches: list[Breach] = attrs.field(factory=list)
    trees: dict[int, dict[str, Labelled]] = attrs.field(factory=dict)

    # ------------------------------------------------------------ labels

    def pc(self, at: At) -> Label:
        """The label of the control decisions that led here."""
        if self.explicit:
            return NOTHING
        failed = NOTHING if at.retry is None else at.retry.label
        return at.pc | self.stopped | at.scope.label | failed

    def control(self, at: At, label: Label) -> Label:
        """The pc of what depends on a decision over values of that label."""
        return NOTHING if self.explicit else self.pc(at) | label

    def leave_open(self, at: At, label: Label, *blocks: core.Block) -> None:
        """stop, return, a refusal without `else`: everything after them in the workflow under pc + G(cond). A failure
        likewise, as far as the `retry` around it goes."""
        exits = effects(self.program, *blocks).exits
        if "stop" in exits:
            self.stopped |= label
        if "return" in exits:
            at.scope.label |= label
        if "fail" in exits and at.retry is not None:
            at.retry.label |= label

    def untaken(self, label: Label, *blocks: core.Block) -> None:
        """The arm not taken counts: variables that it assigns and places that it writes get the label."""
        self.rejoin(label, *blocks)
        for place in effects(self.program, *blocks).places:
            if place[0] == "store":
                self.ensure(place[1])
            self.memory.grow(place, label)

    def rejoin(self, label: Label, *blocks: core.Block) -> None:
        """What the blocks assigned, or might have, carries the label of the decision between them."""
        for name in effects(self.program, *blocks).variables & self.env.keys():
            self.env[name] = raised(self.env[name], label)

    # ------------------------------------------------------------ values

    def environment(self, names: Mapping[tuple[str, str], Labelled] | None = None) -> Environment:
        """Locals, tables, the clock, and more names."""
        known: dict[tuple[str, str], Labelled] = {("local", k): v for k, v in self.env.items()}
        moment = self.oracle.moment(self.first + len(self.events))
        if moment is not None:
            known["now", "now"] = build(moment)
        return Environment({**known, **(names or {})}, self.program.tables)

    def value(self, expr: core.Expr) -> Labelled:
        """G(e). A constant or a field of a local needs no more than that: what is looked up need not grow with the run."""
        root = expr
        while isinstance(root, core.Field):
            root = root.base
        match root:
            case core.Literal():
                return evaluate(expr, Environment())
            case core.Variable(name=name, kind="local") if name in self.env:
                return evaluate(expr, Environment({("local", name): self.env[name]}))
            case _:
                return evaluate(expr, self.environment())

    def value_of(self, expr: core.Expr, names: Mapping[tuple[str, str], Labelled]) -> Labelled:
        """G(e) with more names than the locals."""
        return evaluate(expr, self.environment(names))

    def assign(self, at: At, target: str | None, value: Labelled) -> None:
        """G[x] := the value's label + pc."""
        if target is not None:
            self.env[target] = raised(value, self.pc(at))

    def answer(self, value: Value, type_: Type, label: Label) -> Labelled:
        """What an oracle said, under one label; it must be of its type."""
        if not minimal.conforms(value, type_):
            raise NotARunError(f"an oracle's answer is not of its type: {value!r}")
        return build(minimal.completed(value, type_), label)

    def ensure(self, name: str) -> Stored:
        """The store, with what it held at the start when it is touched for the first time."""
        declared = self.program.stores[name]
        if name not in self.memory.stores:
            oracle = self.oracle

            def initial(key: Value) -> Value:
                return oracle.store(name, key, declared.type)

            self.memory.stores[name] = Stored(declared, initial, declared.holds)
        return self.memory.stores[name]

    def instance(self, site: str) -> int:
        """How many times the site ran before in this run; counts this one."""
        count = self.instances.get(site, 0)
        self.instances[site] = count + 1
        return count

    # ------------------------------------------------------------ events and contracts

    def spend(self) -> None:
        """One unit of the step budget."""
        if self.fuel <= 0:
            raise OutOfFuelError
        self.fuel -= 1

    def emit(self, kind: Any, at: At, span: Span, label: Label, **fields: Any) -> Event:
        """The next event. `argument_labels` always has the decision to act under the empty name."""
        arguments = {**fields.pop("argument_labels", {}), "": fields.pop("decision_label", self.pc(at))}
        index = self.first + len(self.events)
        moment = self.oracle.moment(index)
        fields.setdefault("actor", at.actor)
        event = Event(
            kind=kind,
            seq=index,
            id=f"{self.run}.{index}",
            trace=self.trace,
            session=self.session,
            run=self.run,
            agent=at.agent,
            parent=at.parent,
            time=None if moment is None else moment.isoformat(),
            labels=sides.plain_tags(label),
            argument_labels={name: sides.plain_tags(tags) for name, tags in arguments.items()},
            source=EventSource(span.file, span.line),
            **fields,
        )
        self.events.append(event)
        return event

    def breach(self, rule: str, name: str, span: Span) -> None:
        """A contract is broken by the event that comes next, or by the one just made."""
        self.breaches.append(Breach(rule, name, self.first + len(self.events), span))

    def undefined(self, reason: str, span: Span) -> None:
        """An expression had no value: said once, where it stands."""
        if not any(breach.rule == "builtin.defined" for breach in self.breaches):
            self.breach("builtin.defined", reason, span)

    def demand(
        self,
        rule: str,
        conditions: Iterable[core.Condition],
        names: Mapping[tuple[str, str], Labelled],
    ) -> None:
        """Contracts that must be true; one that errs is not."""
        contracts = tuple(conditions)
        env = self.environment(names) if contracts else Environment()
        for contract in contracts:
            if judged(contract.condition, env) is not True:
                self.breach(rule, contract.name, contract.span)

    def holds(self, condition: core.Expr | None, names: Mapping[tuple[str, str], Labelled]) -> Truth:
        """The truth of a clause over arguments and result; absent is true, an error is unknown."""
        return True if condition is None else judged(condition, self.environment(names))

    def admits(
        self, conditions: tuple[core.Condition, ...], names: Mapping[tuple[str, str], Labelled]
    ) -> Any:
        """The test of a result by `ensures` clauses, for oracles that look for a plain answer."""

        def admissible(value: Value) -> bool:
            if not conditions:
                return True
            env = self.environment({**names, ("result", "result"): build(value)})
            return all(judged(contract.condition, env) is True for contract in conditions)

        return admissible


def text_of(tree: Labelled) -> str | None:
    """The text of an event whose value is a text."""
    value = plain(tree)
    return value if isinstance(value, str) else None


def json_of(values: Mapping[str, Labelled]) -> dict[str, Any]:
    """Arguments as an event has them."""
    return {name: encode(plain(value)) for name, value in values.items()}


def labels_of(values: Mapping[str, Labelled]) -> dict[str, Label]:
    """The label of each argument."""
    return {name: total(value) for name, value in values.items()}


def arguments_in(values: Mapping[str, Labelled]) -> dict[tuple[str, str], Labelled]:
    """Arguments as clauses name them."""
    return {("argument", name): value for name, value in values.items()}


def everything(values: Mapping[str, Labelled]) -> Label:
    """All tags of all arguments."""
    return joined(*values.values())


Outcome = Literal["completed", "stopped", "out-of-fuel", "abnormal"]
