"""The phases of an agent: how many steps it has made, which rules of a guard are armed, which of its acts exclude others.

The label of what an agent has seen grows from phase to phase, so that what it does before it reads something does not carry the
label of that. All runs that are in one phase share one label: that keeps phases few, and the least fixpoint over them finite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from wfcheck.dsl import core
from wfcheck.dsl.walk import subexpressions

STEPS = 4
"""Up to so many steps of an agent are told apart."""
EXCLUSIVE = 6
"""Up to so many acts that exclude others are told apart."""


@attrs.frozen
class Phase:
    """`steps`: those made, where they are counted. `armed`: rules of the guard. `taken`: acts (from 1) that exclude others."""

    steps: int = 0
    armed: frozenset[int] = frozenset()
    taken: frozenset[int] = frozenset()


@attrs.frozen
class Seen:
    """What the agent may have seen in a phase: the label of its context, and of the hidden results that it has handles for."""

    context: int
    handles: Mapping[str, int]

    def within(self, other: Seen) -> bool:
        """Whether the other has all of it."""
        return self.context | other.context == other.context and all(
            mask | other.handles[tool] == other.handles[tool] for tool, mask in self.handles.items()
        )

    def joined(self, other: Seen) -> Seen:
        """Both."""
        handles = {tool: mask | other.handles[tool] for tool, mask in self.handles.items()}
        return Seen(self.context | other.context, handles)


@attrs.frozen
class Plan:
    """Which acts are possible in which phase. `excluded`: by act, those that cannot be in the same run of the region."""

    limit: int | None
    excluded: Mapping[int, frozenset[int]]

    def admits(self, phase: Phase, choice: int) -> bool:
        """Whether the act may come next, as far as steps and conditions go."""
        left = self.limit is None or phase.steps < self.limit
        return left and self.excluded.get(choice, frozenset()).isdisjoint(phase.taken)

    def after(self, phase: Phase, choice: int, armed: frozenset[int]) -> Phase:
        """The phase that the act leads to."""
        steps = 0 if self.limit is None else phase.steps + 1
        taken = phase.taken | {choice} if choice in self.excluded else phase.taken
        return Phase(steps, phase.armed | armed, taken)


def plan(statement: core.Agent, *, bounded: bool) -> Plan:
    """`bounded`: whether the number of steps is relied on."""
    limit = statement.maximum if bounded and statement.maximum <= STEPS else None
    facts = {
        i: frozenset(_facts(m.condition)) for i, m in enumerate(statement.may, 1) if m.condition is not None
    }
    excluded = {i: frozenset(j for j in facts if _contradict(facts[i], facts[j])) for i in facts}
    told = {i: others for i, others in excluded.items() if others}
    return Plan(limit, told if len(told) <= EXCLUSIVE else {})


Fact = tuple[core.Expr, object]
"""An expression over the workflow's variables, and the value that it has."""


def _facts(condition: core.Expr) -> Iterator[Fact]:
    """What the condition says of variables of the workflow, which no act of the agent changes."""
    if isinstance(condition, core.Apply) and condition.op == "and":
        for part in condition.args:
            yield from _facts(part)
    elif isinstance(condition, core.Apply) and condition.op == "not":
        yield from _fixed(condition.args[0], False)
    elif isinstance(condition, core.Apply) and condition.op == "==":
        first, second = condition.args
        if isinstance(second, core.Literal):
            yield from _fixed(first, second.value)
        elif isinstance(first, core.Literal):
            yield from _fixed(second, first.value)
    else:
        yield from _fixed(condition, True)


def _fixed(expression: core.Expr, value: object) -> Iterator[Fact]:
    parts = tuple(subexpressions(expression))
    known = all(not isinstance(e, core.Variable) or e.kind == "local" for e in parts)
    plain = all(isinstance(e, core.Variable | core.Field | core.Literal | core.Apply) for e in parts)
    if known and plain and isinstance(value, str | bool | int):
        yield expression, value


def _contradict(one: frozenset[Fact], other: frozenset[Fact]) -> bool:
    return any(a == b and type(v) is type(w) and v != w for a, v in one for b, w in other)
