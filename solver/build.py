"""Folding constructors of terms. Each docstring says what the term means; each result means the same, only smaller."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from math import floor as _floor

from wfcheck.solver.automata import accepts
from wfcheck.solver.language import Language, of_length
from wfcheck.solver.sort import NUMERIC, Sort
from wfcheck.solver.term import FALSE, REAL_ZERO, TRUE, ZERO, App, Const, Term, app, const, symbol

__all__ = [
    "FALSE", "REAL_ZERO", "TRUE", "ZERO", "add", "and_", "boolean", "const", "distinct", "div", "eq", "floor", "fn", "ge", "gt", "iff",
    "implies", "integer", "ite", "le", "length", "lt", "member", "mul", "neg", "not_", "opaque", "or_", "rational", "real", "rebuild",
    "sub", "symbol", "text",
]  # fmt: skip


def boolean(value: bool) -> Const:
    """The truth value."""
    return TRUE if value else FALSE


def integer(value: int) -> Const:
    """The int."""
    return const(Sort.INT, value)


def rational(value: int | Fraction) -> Const:
    """The exact decimal."""
    return const(Sort.REAL, Fraction(value))


def text(value: str) -> Const:
    """The text."""
    return const(Sort.TEXT, value)


def opaque(value: object) -> Const:
    """A hashable value of which only equality is known."""
    return const(Sort.OPAQUE, value)


# ---------------------------------------------------------------- Booleans


def not_(a: Term) -> Term:
    """True iff a is false."""
    if isinstance(a, Const):
        return boolean(not a.value)
    if isinstance(a, App) and a.op == "not":
        return a.args[0]
    return app(Sort.BOOL, "not", (a,))


def and_(*parts: Term) -> Term:
    """True iff every part is."""
    return _junction("and", parts, TRUE, FALSE)


def or_(*parts: Term) -> Term:
    """True iff some part is."""
    return _junction("or", parts, FALSE, TRUE)


def _junction(op: str, parts: Iterable[Term], unit: Term, zero: Term) -> Term:
    kept: dict[Term, None] = {}
    for part in parts:
        flat = part.args if isinstance(part, App) and part.op == op and len(part.args) <= 8 else (part,)
        kept.update((p, None) for p in flat if p is not unit)
    if zero in kept or any(isinstance(p, App) and p.op == "not" and p.args[0] in kept for p in kept):
        return zero
    if len(kept) <= 1:
        return next(iter(kept), unit)
    return app(Sort.BOOL, "and" if op == "and" else "or", tuple(kept))


def implies(a: Term, b: Term) -> Term:
    """True iff a is false or b is true."""
    return or_(not_(a), b)


def iff(a: Term, b: Term) -> Term:
    """True iff both have the same truth value."""
    return eq(a, b)


def ite(condition: Term, then: Term, otherwise: Term) -> Term:
    """`then` if the condition is true, else `otherwise`."""
    if condition is TRUE or then is otherwise:
        return then
    if condition is FALSE:
        return otherwise
    if isinstance(condition, App) and condition.op == "not":
        return ite(condition.args[0], otherwise, then)
    if then.sort is Sort.BOOL and (isinstance(then, Const) or isinstance(otherwise, Const)):
        return _boolean_ite(condition, then, otherwise)
    return app(then.sort, "ite", (condition, then, otherwise))


def _boolean_ite(condition: Term, then: Term, otherwise: Term) -> Term:
    if then is TRUE:
        return or_(condition, otherwise)
    if then is FALSE:
        return and_(not_(condition), otherwise)
    return or_(not_(condition), then) if otherwise is TRUE else and_(condition, then)


def eq(a: Term, b: Term) -> Term:
    """True iff both, of one sort, have the same value."""
    assert a.sort is b.sort, "terms of two sorts are never compared"
    if a is b:
        return TRUE
    if isinstance(a, Const) and isinstance(b, Const):
        return boolean(a.value == b.value)
    if a.sort is Sort.BOOL:
        for one, other in ((a, b), (b, a)):
            if isinstance(one, Const):
                return other if one.value else not_(other)
    if isinstance(a, Const):
        a, b = b, a
    if isinstance(a, App) and a.op == "length" and isinstance(b, Const):
        return member(a.args[0], of_length(b.value, b.value)) if b.value >= 0 else FALSE
    return app(Sort.BOOL, "eq", (a, b))


def distinct(a: Term, b: Term) -> Term:
    """True iff the values differ."""
    return not_(eq(a, b))


# ---------------------------------------------------------------- numbers


def lt(a: Term, b: Term) -> Term:
    """True iff a < b (two INT or two REAL)."""
    return _order("lt", a, b)


def le(a: Term, b: Term) -> Term:
    """True iff a <= b."""
    return _order("le", a, b)


def _order(op: str, a: Term, b: Term) -> Term:
    assert a.sort is b.sort, "numbers of two sorts are never compared"
    if a is b:
        return boolean(op == "le")
    if isinstance(a, Const) and isinstance(b, Const):
        return boolean(a.value < b.value if op == "lt" else a.value <= b.value)
    if isinstance(a, App) and a.op == "length" and isinstance(b, Const):
        most = b.value - (op == "lt")
        return member(a.args[0], of_length(0, most)) if most >= 0 else FALSE
    if isinstance(b, App) and b.op == "length" and isinstance(a, Const):
        return member(b.args[0], of_length(a.value + (op == "lt"), None))
    return app(Sort.BOOL, "lt" if op == "lt" else "le", (a, b))


def gt(a: Term, b: Term) -> Term:
    """True iff a > b."""
    return lt(b, a)


def ge(a: Term, b: Term) -> Term:
    """True iff a >= b."""
    return le(b, a)


def add(*parts: Term) -> Term:
    """The sum (of INTs or of REALs)."""
    sort = parts[0].sort
    assert sort in NUMERIC
    assert all(p.sort is sort for p in parts)
    total: int | Fraction = 0
    rest: list[Term] = []
    for part in parts:
        if isinstance(part, Const):
            total += part.value
        else:
            rest.append(part)
    if total or not rest:
        rest.append(_number(sort, total))
    return rest[0] if len(rest) == 1 else app(sort, "add", tuple(rest))


def _number(sort: Sort, value: int | Fraction) -> Const:
    return integer(int(value)) if sort is Sort.INT else rational(value)


def neg(a: Term) -> Term:
    """-a"""
    return mul(_number(a.sort, -1), a)


def sub(a: Term, b: Term) -> Term:
    """a - b"""
    return _number(a.sort, 0) if a is b else add(a, neg(b))


def mul(a: Term, b: Term) -> Term:
    """a * b"""
    assert a.sort is b.sort
    if isinstance(b, Const):
        a, b = b, a
    if isinstance(a, Const):
        if isinstance(b, Const):
            return _number(a.sort, a.value * b.value)
        if a.value == 1:
            return b
        if a.value == 0:
            return a
        if isinstance(b, App) and b.op == "mul" and isinstance(inner := b.args[0], Const):
            return mul(_number(a.sort, a.value * inner.value), b.args[1])
    return app(a.sort, "mul", (a, b))


def div(a: Term, b: Term) -> Term:
    """a / b of two REALs; 0 where b is 0 (say with a condition that it is not)."""
    assert a.sort is b.sort is Sort.REAL
    if isinstance(b, Const):
        return REAL_ZERO if b.value == 0 else mul(rational(1 / b.value), a)
    return app(Sort.REAL, "div", (a, b))


def real(a: Term) -> Term:
    """The INT as a REAL."""
    assert a.sort is Sort.INT
    return rational(a.value) if isinstance(a, Const) else app(Sort.REAL, "real", (a,))


def floor(a: Term) -> Term:
    """The greatest INT that is not above the REAL."""
    assert a.sort is Sort.REAL
    if isinstance(a, Const):
        return integer(_floor(a.value))
    if isinstance(a, App) and a.op == "real":
        return a.args[0]
    return app(Sort.INT, "floor", (a,))


# ---------------------------------------------------------------- texts and functions


def member(a: Term, language: Language) -> Term:
    """True iff the whole text is in the language."""
    assert a.sort is Sort.TEXT
    if isinstance(a, Const):
        return boolean(accepts(language, a.value))
    return app(Sort.BOOL, "member", (a,), language)


def length(a: Term) -> Term:
    """The number of characters of the text."""
    assert a.sort is Sort.TEXT
    return integer(len(a.value)) if isinstance(a, Const) else app(Sort.INT, "length", (a,))


def fn(name: str, sort: Sort, *args: Term) -> Term:
    """The value of a function of which only its name is known: equal operands, equal results."""
    return app(sort, "fn", args, name) if args else symbol(name, sort)


def rebuild(term: App, args: tuple[Term, ...]) -> Term:
    """The same operator over other operands of the same sorts, folded."""
    match term.op:
        case "and":
            return and_(*args)
        case "or":
            return or_(*args)
        case "add":
            return add(*args)
        case "member":
            assert isinstance(term.detail, Language)
            return member(args[0], term.detail)
        case "fn":
            assert isinstance(term.detail, str)
            return fn(term.detail, term.sort, *args)
        case _:
            return _FOLDS[term.op](*args)


_FOLDS: dict[str, Callable[..., Term]] = {
    "not": not_, "ite": ite, "eq": eq, "lt": lt, "le": le, "mul": mul, "div": div, "real": real, "floor": floor, "length": length,
}  # fmt: skip
