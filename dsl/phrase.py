"""Core expressions in the words of the language, short enough for a node title or a message."""

from __future__ import annotations

import re
from datetime import date, timedelta
from fractions import Fraction
from typing import assert_never

from wfcheck.dsl import core
from wfcheck.dsl.types import EnumType, ListType, SetType
from wfcheck.dsl.types import base as bare

INFIX = frozenset(
    {"+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">=", "and", "or", "implies"}
    | {"in", "startswith", "endswith", "contains", "like", "matches"}
)
DEPTH = 12
MADE_UP = re.compile(r"~\d+(?=\.)|#n[\dn/]*$")
WIDTH = 60


def phrase(expression: core.Expr, width: int = WIDTH) -> str:
    """The expression as text of at most `width` characters; what does not fit is `...`."""
    return shorten(_phrase(expression, DEPTH), width)


def shorten(text: str, width: int = WIDTH) -> str:
    """The text on one line without control characters, cut at `width`."""
    line = "".join(c if c.isprintable() else " " for c in text)
    return line if len(line) <= width else line[: width - 3] + "..."


def readable(name: str) -> str:
    """A variable as its reader knows it: without what tells inlined copies and temporaries apart."""
    return MADE_UP.sub("", name)


def show_value(value: core.Value) -> str:
    """A constant as it would be written."""
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{shorten(value)}"'
        case Fraction():
            return str(value.numerator) if value.denominator == 1 else f"{float(value):g}"
        case date():
            return value.isoformat()
        case timedelta():
            return f"{value.total_seconds():g}s"
        case tuple():
            return (
                "{" + ", ".join(show_value(v) for v in value[:5]) + (", ..." if len(value) > 5 else "") + "}"
            )
        case dict():
            return "{" + ", ".join(f"{k}: {show_value(v)}" for k, v in list(value.items())[:5]) + "}"
        case _:
            return str(value)


def _many(items: tuple[core.Expr, ...], depth: int) -> str:
    shown = [_phrase(item, depth) for item in items[:6]]
    return ", ".join(shown + ["..."] * (len(items) > 6))


def _apply(op: str, args: tuple[core.Expr, ...], depth: int) -> str:
    if op in INFIX and len(args) == 2:
        return f"{_operand(args[0], depth)} {op} {_operand(args[1], depth)}"
    if op in ("not", "neg", "-") and len(args) == 1:
        return ("not " if op == "not" else "-") + _operand(args[0], depth)
    if op == "ite" and len(args) == 3:
        condition, then, otherwise = (_phrase(a, depth) for a in args)
        return f"if {condition} then {then} else {otherwise}"
    return f"{op}({_many(args, depth)})"


def _operand(expression: core.Expr, depth: int) -> str:
    text = _phrase(expression, depth)
    nested = isinstance(expression, core.Apply) and (expression.op in INFIX or expression.op == "ite")
    return f"({text})" if nested else text


def _literal(literal: core.Literal) -> str:
    type_ = bare(literal.type)
    if isinstance(literal.value, str) and isinstance(type_, EnumType):
        return shorten(literal.value)
    if isinstance(literal.value, tuple) and isinstance(type_, SetType | ListType):
        items = [core.Literal(v, type_.item, span=literal.span) for v in literal.value[:5]]
        return "{" + ", ".join([*map(_literal, items), *["..."] * (len(literal.value) > 5)]) + "}"
    return show_value(literal.value)


def _phrase(expression: core.Expr, depth: int) -> str:  # noqa: C901 - one flat arm per kind
    if depth == 0:
        return "..."
    deeper = depth - 1
    match expression:
        case core.Literal():
            return _literal(expression)
        case core.Variable(name=name):
            return readable(name)
        case core.Field(base=base, name=name):
            return f"{_phrase(base, deeper)}.{name}"
        case core.Index(base=base, index=index):
            return f"{_phrase(base, deeper)}[{_phrase(index, deeper)}]"
        case core.Apply(op=op, args=args):
            return _apply(op, args, deeper)
        case core.MakeRecord(fields=fields):
            return "{" + ", ".join(f"{n}: {_phrase(v, deeper)}" for n, v in fields[:6]) + "}"
        case core.MakeList(items=items):
            return f"[{_many(items, deeper)}]"
        case core.Quantified(kind=kind, binders=binders, sources=sources, body=body):
            return f"{kind} {', '.join(binders)} in {_many(sources, deeper)}: {_phrase(body, deeper)}"
        case core.Lookup(table=table, key=key):
            return f"{table}[{_phrase(key, deeper)}]"
        case core.Known(register=register, key=None):
            return f"known({register})"
        case core.Known(register=register, key=key):
            return f"known({register}[{_phrase(key, deeper) if key is not None else ''}])"
        case core.LastEvent(event=event):
            return f"last({phrase_event(event)})"
        case core.EarlierEvent(event=event, body=body):
            return f"any earlier {phrase_event(event)}: {_phrase(body, deeper)}"
        case _:
            assert_never(expression)


def phrase_event(event: core.EventPattern) -> str:
    """The kinds and subjects of an event pattern."""
    parts = [_choice(choice) for choice in event.choices[:4]]
    return " or ".join(parts + ["..."] * (len(event.choices) > 4)) or "nothing"


def _choice(choice: core.EventChoice) -> str:
    subjects = ", ".join(sorted(choice.subjects)[:4]) + (", ..." if len(choice.subjects) > 4 else "")
    if choice.kind == "call" and subjects:
        return subjects
    return f"{choice.kind}({subjects})" if subjects else choice.kind
