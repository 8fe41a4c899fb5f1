"""What a rule speaks of: its event patterns by role, argument names, constants, registers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from fractions import Fraction
from typing import Any, Literal, TypeAlias, assert_never

import attrs

from wfcheck.checker.explaining.values import example
from wfcheck.dsl import core

Role: TypeAlias = Literal["judged", "evidence", "context"]
"""judged: attempts of calls. evidence: calls that returned. context: what conditions and registers look back at."""
_EVENTS = (core.LastEvent, core.EarlierEvent)


@attrs.frozen
class Vocabulary:
    """`patterns`: in the order of their weight, judged ones first. `names`: arguments that tests and conditions ask about.
    `constants`: values that they compare with. `times`: durations that matter."""

    patterns: tuple[tuple[Role, core.EventPattern], ...]
    names: frozenset[str]
    constants: tuple[core.Value, ...]
    times: tuple[timedelta, ...]
    clock: bool


def nodes(part: Any) -> Iterator[Any]:
    """Everything in a core tree, parents first."""
    stack = [part]
    while stack:
        top = stack.pop()
        if isinstance(top, tuple | list):
            stack.extend(reversed(top))
        elif attrs.has(type(top)) and type(top).__module__ == core.__name__:
            yield top
            stack.extend(getattr(top, a.name) for a in reversed(attrs.fields(type(top))) if a.name != "span")


def registers_in(part: Any) -> set[str]:
    """The registers that are read anywhere in it."""
    found = {n.name for n in nodes(part) if isinstance(n, core.Variable) and n.kind == "register"}
    return found | {n.register for n in nodes(part) if isinstance(n, core.Known)}


def vocabulary(rule: core.Rule, program: core.Program) -> Vocabulary:
    """All of it, with what the registers that the rule reads look at."""
    registers = _reached(rule.body, program)
    parts: list[Any] = [rule.body, *registers]
    found = [*_patterns(rule.body), *_looked_at(parts), *_updates(registers)]
    names = {name for part in parts for name in _names(part)}
    literals = [n.value for part in parts for n in nodes(part) if isinstance(n, core.Literal)]
    durations = times_of(rule.body) | {value for value in literals if isinstance(value, timedelta)}
    clock = any(isinstance(n, core.Variable) and n.kind == "now" for part in parts for n in nodes(part))
    return Vocabulary(
        tuple(dict.fromkeys(found)),
        frozenset(names),
        tuple(_constants(rule.body, parts, program)),
        tuple(sorted(durations)),
        clock or bool(durations),
    )


def times_of(body: core.RuleBody) -> set[timedelta]:
    """The durations of the rule's own clauses."""
    match body:
        case core.Forbid(duration=time) | core.Before(within_time=time) | core.After(within_time=time):
            return set() if time is None else {time}
        case core.Limit(scopes=scopes):
            return {scope.window for scope in scopes if scope.window is not None}
        case _:
            return set()


def _reached(body: core.RuleBody, program: core.Program) -> list[core.Register]:
    seen: dict[str, core.Register] = {}
    todo = sorted(registers_in(body))
    while todo:
        name = todo.pop(0)
        if name in program.registers and name not in seen:
            seen[name] = program.registers[name]
            todo += sorted(registers_in(seen[name]))
    return list(seen.values())


def _as(role: Role, *patterns: core.EventPattern | None) -> Iterator[tuple[Role, core.EventPattern]]:
    for pattern in patterns:
        if pattern is not None:
            yield role, pattern


def _patterns(body: core.RuleBody) -> Iterator[tuple[Role, core.EventPattern]]:
    match body:
        case core.Allow(grants=grants):
            yield from _as("judged", *(grant.event for grant in grants))
        case core.Forbid(event=event, after=after, until=until):
            yield from _as("judged", event)
            yield from _as("evidence", after, until)
        case core.Before(judged=judged, evidence=evidence, since=since):
            yield from _as("judged", judged)
            yield from _as("evidence", evidence, since)
        case core.After(judged=judged, evidence=evidence):
            yield from _as("evidence", judged, evidence)
        case core.Distinct(events=events):
            yield from _as("judged", *events)
        case core.Limit(event=event) | core.Decision(event=event) | core.Always(event=event):
            yield from _as("judged", event)
        case core.Flow() | core.FromOnly() | core.Meta():
            return
        case _:
            assert_never(body)


def _looked_at(parts: Iterable[Any]) -> Iterator[tuple[Role, core.EventPattern]]:
    yield from _as("context", *(n.event for part in parts for n in nodes(part) if isinstance(n, _EVENTS)))


def _updates(registers: Iterable[core.Register]) -> Iterator[tuple[Role, core.EventPattern]]:
    yield from _as("context", *(update.event for register in registers for update in register.updates))


def _names(part: Any) -> Iterator[str]:
    for node in nodes(part):
        if isinstance(node, core.EventChoice):
            yield from (name for name, _ in node.tests)
            yield from () if node.result is None else ("result",)
        if isinstance(node, core.Variable) and node.kind in ("argument", "bound", "result"):
            yield node.name


def _constants(body: core.RuleBody, parts: Iterable[Any], program: core.Program) -> Iterator[core.Value]:
    """Constants as they stand, each with its neighbours."""
    if isinstance(body, core.Limit):
        yield from near(int(body.bound) if body.bound.denominator == 1 else body.bound)
    for part in parts:
        for node in nodes(part):
            if isinstance(node, core.Literal):
                for value in node.value if isinstance(node.value, tuple) else (node.value,):
                    yield from near(value)
            yield from _examples(node)
            if isinstance(node, core.Lookup) and node.table in program.tables:
                for row in program.tables[node.table].rows[:3]:
                    yield from row.values()


def _examples(node: Any) -> Iterator[core.Value]:
    """A word for each glob and regular expression."""
    match node:
        case core.Compare(op="like" | "matches" as op, value=core.Literal(value=str() as text)):
            yield from example(op, text)
        case core.Apply(op="like" | "matches" as op, args=(_, core.Literal(value=str() as text))):
            yield from example(op, text)
        case _:
            return


def near(value: Any) -> tuple[core.Value, ...]:
    """A constant and its neighbours."""
    if isinstance(value, int | Fraction) and not isinstance(value, bool):
        return (value, value + 1, value - 1)
    return () if value is None or isinstance(value, bool) else (value,)
