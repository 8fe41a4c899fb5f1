"""Formulas as people write them: `sent <= approved`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import assert_never

from wfcheck.solver.sort import Sort
from wfcheck.solver.term import App, Const, Symbol, Term, post_order

_MOST = 4_000
_INFIX = {
    "eq": " = ",
    "lt": " < ",
    "le": " <= ",
    "add": " + ",
    "mul": " * ",
    "div": " / ",
    "and": " and ",
    "or": " or ",
}
_TIGHT = {"or": 1, "and": 2, "not": 3, "eq": 4, "lt": 4, "le": 4, "add": 5, "mul": 6, "div": 6}
_NEGATED = {"eq": " != ", "lt": " >= ", "le": " > "}
Name = Callable[[Symbol], str]


def show(formula: Term, name: Name | None = None) -> str:
    """The formula in infix; `name` gives what a symbol is called. Long ones are cut and end in `...`; texts are quoted."""
    call = name or (lambda s: s.name)
    parts: dict[Term, tuple[str, int]] = {}
    for term in post_order((formula,)):
        text, tight = _shown(term, parts, call)
        parts[term] = (text if len(text) <= _MOST else text[:_MOST] + "...", tight)
    return parts[formula][0]


def show_invariant(invariant: Mapping[str, Term], name: Name | None = None) -> dict[str, str]:
    """By place, in the order given."""
    return {place: show(formula, name) for place, formula in invariant.items()}


def _shown(term: Term, parts: Mapping[Term, tuple[str, int]], name: Name) -> tuple[str, int]:
    match term:
        case Symbol():
            return name(term), 9
        case Const():
            return _constant(term), 9
        case App():
            return _application(term, parts)
        case _:
            assert_never(term)


def _constant(term: Const) -> str:
    match term.sort, term.value:
        case Sort.BOOL, value:
            return "true" if value else "false"
        case Sort.TEXT, value:
            return json.dumps(value)
        case Sort.REAL, Fraction() as value:
            return _decimal(value)
        case _, value:
            return str(value)


def _decimal(value: Fraction) -> str:
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return str(value) if rest != 1 or value.denominator == 1 else f"{float(value):.12g}"


def _application(term: App, parts: Mapping[Term, tuple[str, int]]) -> tuple[str, int]:
    shown = [parts[a] for a in term.args]
    texts = [text for text, _ in shown]
    match term.op:
        case "not":
            return _negation(term.args[0], parts)
        case "or" if implied := _implication(term, parts):
            return implied, 0
        case "ite":
            return f"(if {texts[0]} then {texts[1]} else {texts[2]})", 9
        case "real":
            return shown[0]
        case "add" | "mul" | "div" | "eq" | "lt" | "le" | "and" | "or":
            tight = _TIGHT[term.op]
            inner = [f"({t})" if i <= tight and i != 9 else t for t, i in shown]
            return _INFIX[term.op].join(inner).replace(" + -", " - "), tight
        case "fn":
            return f"{term.detail}({', '.join(texts)})", 9
        case "member":
            return f"{texts[0]} matches", 9
        case _:
            return f"{term.op}({', '.join(texts)})", 9


def _negation(inner: Term, parts: Mapping[Term, tuple[str, int]]) -> tuple[str, int]:
    if isinstance(inner, App) and inner.op in _NEGATED:
        sides = [parts[a][0] if parts[a][1] > 4 else f"({parts[a][0]})" for a in inner.args]
        return _NEGATED[inner.op].join(sides), 4
    text, tight = parts[inner]
    return f"not {text}" if tight > 3 else f"not ({text})", 3


def _implication(term: App, parts: Mapping[Term, tuple[str, int]]) -> str | None:
    """`a and b implies c` for a clause with negative literals and one that is not."""
    negative = [a for a in term.args if isinstance(a, App) and a.op == "not" and not _is_order(a.args[0])]
    rest = [a for a in term.args if a not in negative]
    if not negative or len(rest) != 1:
        return None
    premises = [_wrapped(parts[a.args[0]]) for a in negative]
    return f"{' and '.join(premises)} implies {_wrapped(parts[rest[0]])}"


def _is_order(term: Term) -> bool:
    return isinstance(term, App) and term.op in ("lt", "le")


def _wrapped(part: tuple[str, int]) -> str:
    text, tight = part
    return text if tight > 2 else f"({text})"
