"""Core expressions written out in full, for prose and for formulas."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from fractions import Fraction
from typing import TypeAlias, assert_never

from wfcheck.checker.report.plain import decimal_text
from wfcheck.dsl import core
from wfcheck.dsl.phrase import INFIX, readable
from wfcheck.dsl.types import EnumType, ListType, MapType, SetType
from wfcheck.dsl.types import base as bare

Naming: TypeAlias = Callable[[core.Variable], str]
Event: TypeAlias = Callable[[core.EventPattern], str]
"""How an event pattern inside an expression is written."""

DEEPEST = 110
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|matches /[^/]*/')
_CHAINED = frozenset({"and", "or", "+", "*"})
_LOGIC = frozenset({"and", "or", "implies", "not"})
_BINDING = {"implies": 1, "or": 2, "and": 3, "not": 4, "+": 6, "-": 6, "*": 7, "/": 7, "neg": 8}
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def plainly(variable: core.Variable) -> str:
    """A variable by its name alone."""
    return readable(variable.name)


def written(expression: core.Expr, naming: Naming = plainly, event: Event | None = None) -> str:
    """The expression in the words of the language; what is nested deeper than 110 levels is `...`."""
    return _Writer(naming, event or _kinds)(expression, DEEPEST)


def alone(expression: core.Expr) -> str:
    """The expression where nothing stands beside it, without outer brackets."""
    text = written(expression)
    return text[1:-1] if enclosed(text) else text


def bare_text(text: str) -> str:
    """The text with everything in quotation marks made even, so that brackets and words in it do not count."""
    return _TEXT.sub(lambda found: "_" * len(found[0]), text)


def enclosed(text: str) -> bool:
    """Whether the first round bracket is closed by the last one."""
    depth = 0
    for place, char in enumerate(bare_text(text)):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return place == len(text) - 1
    return False


def _kinds(pattern: core.EventPattern) -> str:
    return " or ".join(_kind(choice) for choice in pattern.choices) or "nothing"


def _kind(choice: core.EventChoice) -> str:
    inside = [*sorted(choice.subjects), *(f"{name}: {pattern_text(test)}" for name, test in choice.tests)]
    return f"{choice.kind}({', '.join(inside)})" if inside else choice.kind


def pattern_text(test: core.ArgumentTest) -> str:
    """An argument test as it is written in a pattern."""
    match test:
        case core.Compare(op=op, value=value):
            return f"{op} {written(value)}"
        case core.Same():
            return "same"
        case core.SameCall():
            return "args"
        case core.Bind(name=name):
            return name
        case _:
            assert_never(test)


def value_text(value: core.Value) -> str:
    """A constant, exactly."""
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case Fraction():
            return decimal_text(value)
        case date():
            return value.isoformat()
        case timedelta():
            return duration_text(value)
        case tuple():
            return "{" + ", ".join(map(value_text, value)) + "}"
        case dict():
            return "{" + ", ".join(f"{k}: {value_text(v)}" for k, v in value.items()) + "}"
        case _:
            return str(value)


def duration_text(value: timedelta) -> str:
    """`24h`, `90s`, `1500ms`, in the largest unit that is exact."""
    exact = Fraction(value // timedelta(microseconds=1), 1_000_000)
    for seconds, unit in _UNITS:
        if exact and exact % seconds == 0 and (unit != "d" or exact >= 2 * seconds):
            return f"{exact // seconds}{unit}"
    return f"{decimal_text(exact * 1000)}ms"


class _Writer:
    """Writes one expression; a class only so that the two namings need not be handed through every arm."""

    def __init__(self, naming: Naming, event: Event) -> None:
        self._naming = naming
        self._event = event

    def __call__(self, expression: core.Expr, depth: int) -> str:  # noqa: C901 - one flat arm per kind
        if depth == 0:
            return "..."
        deeper = depth - 1
        match expression:
            case core.Literal():
                return _literal(expression)
            case core.Variable():
                return self._naming(expression)
            case core.Field(base=base, name=name):
                return f"{self._operand(base, deeper)}.{name}"
            case core.Index(base=base, index=index):
                return f"{self._operand(base, deeper)}[{self(index, deeper)}]"
            case core.Apply(op=op, args=args):
                return self._apply(op, args, deeper)
            case core.MakeRecord(fields=fields):
                return "{" + ", ".join(f"{n}: {self(v, deeper)}" for n, v in fields) + "}"
            case core.MakeList(items=items, type=type_):
                inside = self._many(items, deeper)
                return f"{{{inside}}}" if isinstance(bare(type_), SetType) else f"[{inside}]"
            case core.Quantified(kind=kind, binders=binders, sources=sources, body=body):
                lists = self._many(sources, deeper)
                lists = f"zip({lists})" if len(sources) > 1 else lists
                return f"({kind} {', '.join(binders)} in {lists}: {self(body, deeper)})"
            case core.Lookup(table=table, key=key):
                return f"{table}[{self(key, deeper)}]"
            case core.Known(register=register, key=key):
                place = "" if key is None else f"[{self(key, deeper)}]"
                return f"known({register}{place})"
            case core.LastEvent(event=event):
                return f"last({self._event(event)})"
            case core.EarlierEvent(event=event, body=body):
                return self._earlier(event, body, deeper)
            case _:
                assert_never(expression)

    def _earlier(self, event: core.EventPattern, body: core.Expr, depth: int) -> str:
        found, inside = self._event(event), self._operand(body, depth)
        if ": " in found:  # as a formula
            return f"(exists {found} and {inside})"
        return f"(any earlier {found}: {inside})"

    def _many(self, items: Iterable[core.Expr], depth: int) -> str:
        return ", ".join(self(item, depth) for item in items)

    def _apply(self, op: str, args: tuple[core.Expr, ...], depth: int) -> str:
        if op in INFIX and len(args) == 2:
            *first, last = _chain(op, args)
            left = f" {op} ".join(self._operand(arg, depth, op) for arg in first)
            return f"{left} {op} {self._right(op, last, depth)}"
        if op in ("not", "neg") and len(args) == 1:
            return ("not " if op == "not" else "-") + self._operand(args[0], depth)
        if op == "ite" and len(args) == 3:
            condition, then, otherwise = (self(a, depth) for a in args)
            return f"(if {condition} then {then} else {otherwise})"
        return f"{op}({self._many(args, depth)})"

    def _right(self, op: str, expression: core.Expr, depth: int) -> str:
        if op == "matches" and isinstance(expression, core.Literal) and isinstance(expression.value, str):
            return f"/{expression.value}/" if "/" not in expression.value else value_text(expression.value)
        return self._operand(expression, depth, op)

    def _operand(self, expression: core.Expr, depth: int, outer: str = "neg") -> str:
        text = self(expression, depth)
        if not isinstance(expression, core.Apply) or expression.op not in INFIX | {"not", "neg"}:
            return text
        looser = _BINDING.get(expression.op, 5) <= _BINDING.get(outer, 5)
        return f"({text})" if looser or {expression.op, outer} <= _LOGIC else text


def _chain(op: str, args: tuple[core.Expr, ...]) -> list[core.Expr]:
    """The operands of a row of one operator, `a and b and c`, which stand to the left of each other in the tree."""
    found = [args[1]]
    left = args[0]
    while op in _CHAINED and isinstance(left, core.Apply) and left.op == op and len(left.args) == 2:
        found.append(left.args[1])
        left = left.args[0]
    return [left, *reversed(found)]


def _literal(literal: core.Literal) -> str:
    type_ = bare(literal.type)
    if isinstance(literal.value, str) and isinstance(type_, EnumType):
        return literal.value
    if isinstance(literal.value, tuple) and isinstance(type_, SetType | ListType):
        items = (core.Literal(v, type_.item, span=literal.span) for v in literal.value)
        inside = ", ".join(map(_literal, items))
        return f"{{{inside}}}" if isinstance(type_, SetType) else f"[{inside}]"
    if isinstance(literal.value, dict) and isinstance(type_, MapType) and not literal.value:
        return "{}"
    return value_text(literal.value)
