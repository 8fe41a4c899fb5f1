"""What is worth answering: constants that the program speaks of, their neighbours, and plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from itertools import islice
from typing import Any, TypeAlias

import attrs

from wfcheck.checker.encoding.encoded import Notes
from wfcheck.checker.reference import minimal
from wfcheck.checker.symbolic.constants import decode
from wfcheck.checker.symbolic.types import conforms, fresh
from wfcheck.dsl import core, types
from wfcheck.dsl.core import Value
from wfcheck.dsl.types import Type
from wfcheck.dsl.walk import expressions, statements, subexpressions
from wfcheck.solver.backend import solve
from wfcheck.solver.verdict import Sat

Constants: TypeAlias = Mapping[str, tuple[Value, ...]]

ANSWERS = 8
LENGTHS = (2, 6)
INVENTED: Mapping[str, Value] = {
    "text": "mallory",
    "address": "mallory@elsewhere.example",
    "url": "https://elsewhere.example/",
    "path": "mallory",
    "int": 4711,
    "decimal": Fraction(4711),
}
"""Values that stand in no other text, to be recognised in a report."""


@attrs.frozen
class Pool:
    """Constants that conditions of the program speak of, by scalar type: what is worth answering."""

    constants: Constants
    program: core.Program

    def candidates(self, type_: Type, most: int = ANSWERS) -> list[Value]:
        """Values of the type: constants of the program first, then plain ones."""
        found: list[Value] = []
        for value in (*islice(self._fitting(type_), 2 * most), *islice(minimal.candidates(type_), most)):
            if value not in found and minimal.conforms(value, type_):
                found.append(value)
        return found or self._solved(type_)

    def _solved(self, type_: Type) -> list[Value]:
        """A value of a type of which no plain one is known."""
        notes = Notes(self.program)
        value = fresh(type_, "value", notes, items=1)
        answer = solve(conforms(value, type_, notes))
        found = [decode(value, type_, answer.model)] if isinstance(answer, Sat) else []
        return [v for v in found if minimal.conforms(v, type_)]

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
    constants = {
        **merged,
        "int": tuple(dict.fromkeys(numbers)),
        "decimal": tuple(dict.fromkeys(decimals)),
        **dict.fromkeys(("text", "address", "url", "path"), texts),
    }
    return Pool(_with_inventions(rule, constants), program)


def _with_inventions(rule: core.Rule | None, constants: Constants) -> Constants:
    """Where a rule asks who brought a value, first what nobody did."""
    if rule is None or not isinstance(rule.body, core.FromOnly):
        return constants
    return {**constants, **{name: (new, *constants.get(name, ())) for name, new in INVENTED.items()}}


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
