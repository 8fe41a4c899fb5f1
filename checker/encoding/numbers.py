"""Numbers, dates, times and durations as operands. A result of None: not in terms of the solver."""

from __future__ import annotations

from fractions import Fraction

from wfcheck.checker.encoding.encoded import Encoded, coerce
from wfcheck.checker.encoding.lists import appended
from wfcheck.checker.symbolic.constants import within_date, within_time, zoned
from wfcheck.checker.symbolic.value import DAY, Leaf, Opaque, Sequence, sort_of
from wfcheck.dsl import core, types
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Const, Term

_ORDERS = {"<": b.lt, "<=": b.le, ">": b.gt, ">=": b.ge}


def _leaves(args: tuple[Encoded, ...], sorts: tuple[Sort, ...]) -> list[Term] | None:
    terms = [a.value.term for a in args if isinstance(a.value, Leaf) and a.value.term.sort in sorts]
    return terms if len(terms) == len(args) and len({t.sort for t in terms}) == 1 else None


def _kinds(expression: core.Apply) -> tuple[str, ...]:
    bare = (types.base(a.type) for a in expression.args)
    return tuple(t.name if isinstance(t, types.Scalar) else "" for t in bare)


def _typed(
    expression: core.Apply, args: tuple[Encoded, ...]
) -> tuple[core.Apply, tuple[Encoded, ...]] | None:
    """Operands of `any` as the scalar type that the others have."""
    known = [e.type for e, a in zip(expression.args, args, strict=True) if isinstance(a.value, Leaf)]
    if not known or sort_of(known[0]) is None:
        return None
    fitted = []
    for argument in args:
        value, fits = coerce(argument.value, known[0])
        fitted.append(Encoded(value, b.and_(argument.defined, fits)))
    return expression, tuple(fitted)


def order(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    """`< <= > >=`; of times, only with or only without a zone."""
    extra: Term = b.TRUE
    if any(isinstance(a.value, Opaque) for a in args):
        fitted = _typed(expression, args)
        if fitted is None:
            return None
        args = fitted[1]
        extra = b.and_(*(a.defined for a in args))
    terms = _leaves(args, (Sort.INT, Sort.REAL))
    if terms is None:
        return None
    if "time" in _kinds(expression):
        extra = b.and_(extra, b.eq(zoned(terms[0]), zoned(terms[1])))
    return Encoded(Leaf(_ORDERS[expression.op](terms[0], terms[1])), extra)


def plus(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    """`+`"""
    kinds = _kinds(expression)
    if isinstance(args[0].value, Sequence) and isinstance(args[1].value, Sequence):
        return appended(args[0].value, args[1].value)
    terms = _leaves(args, (Sort.INT, Sort.REAL))
    if terms is None or "" in kinds:
        return None
    if set(kinds) & {"date", "time"}:
        moment, by = (0, 1) if kinds[0] != "duration" else (1, 0)
        return _shift(terms[moment], kinds[moment], terms[by])
    return Encoded(Leaf(b.add(*terms)))


def _shift(moment: Term, kind: str, by: Term) -> Encoded:
    if kind == "time":
        later = b.add(moment, by)
        return Encoded(Leaf(later), b.and_(within_time(later), b.eq(zoned(later), zoned(moment))))
    days = b.floor(b.mul(b.rational(Fraction(1, DAY)), b.real(by)))
    moved = b.add(moment, days)
    whole = b.eq(b.mul(b.integer(DAY), days), by)
    return Encoded(Leaf(moved), b.and_(whole, within_date(moved)))


def minus(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    """`-`"""
    terms = _leaves(args, (Sort.INT, Sort.REAL))
    match _kinds(expression):
        case _ if terms is None:
            return None
        case ("date", "date"):
            return Encoded(Leaf(b.mul(b.integer(DAY), b.sub(*terms))))
        case ("time", "time"):
            return Encoded(Leaf(b.sub(*terms)), b.eq(zoned(terms[0]), zoned(terms[1])))
        case ("date" | "time" as kind, "duration"):
            return _shift(terms[0], kind, b.neg(terms[1]))
        case (left, right) if left == right and left:
            return Encoded(Leaf(b.sub(*terms)))
        case _:
            return None


def times(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    """`*`"""
    del expression
    terms = _leaves(args, (Sort.INT, Sort.REAL))
    return None if terms is None else Encoded(Leaf(b.mul(*terms)))


def _as_real(term: Term) -> Term:
    return b.real(term) if term.sort is Sort.INT else term


def over(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    """`/`"""
    del expression
    terms = [
        a.value.term for a in args if isinstance(a.value, Leaf) and a.value.term.sort in (Sort.INT, Sort.REAL)
    ]
    if len(terms) < 2:
        return None
    top, bottom = map(_as_real, terms)
    return Encoded(Leaf(b.div(top, bottom)), b.distinct(bottom, b.REAL_ZERO))


def negative(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    """prefix `-`"""
    del expression
    terms = _leaves(args, (Sort.INT, Sort.REAL))
    return None if terms is None else Encoded(Leaf(b.neg(terms[0])))


def negation(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    """`not`"""
    del expression
    value, fits = coerce(args[0].value, types.BOOL)
    if not isinstance(value, Leaf):
        return None
    return Encoded(Leaf(b.not_(value.term)), fits)


def rounded(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    """`round`, halves to the even digit."""
    del expression
    value = args[0].value
    places = args[1].value.term if len(args) > 1 and isinstance(args[1].value, Leaf) else b.ZERO
    if not isinstance(value, Leaf) or not isinstance(places, Const) or not -30 <= places.value <= 30:
        return None
    if value.term.sort not in (Sort.INT, Sort.REAL):
        return None
    scale = Fraction(10) ** places.value
    shifted = b.add(b.mul(b.rational(scale), _as_real(value.term)), b.rational(Fraction(1, 2)))
    up = b.floor(shifted)
    half = b.floor(b.mul(b.rational(Fraction(1, 2)), b.real(up)))
    tie_to_odd = b.and_(b.eq(shifted, b.real(up)), b.distinct(b.mul(b.integer(2), half), up))
    nearest = b.ite(tie_to_odd, b.add(up, b.integer(-1)), up)
    return Encoded(Leaf(b.mul(b.rational(1 / scale), b.real(nearest))))


def decimal(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    """`decimal` of a number."""
    del expression
    terms = _leaves(args, (Sort.INT, Sort.REAL))
    return None if terms is None else Encoded(Leaf(_as_real(terms[0])))


def whole(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    """`int` of a number."""
    del expression
    terms = _leaves(args, (Sort.INT, Sort.REAL))
    if terms is None:
        return None
    if terms[0].sort is Sort.INT:
        return Encoded(Leaf(terms[0]))
    whole = b.floor(terms[0])
    return Encoded(Leaf(whole), b.eq(b.real(whole), terms[0]))
