"""Operators over several values: sums, extremes, quantifiers. A result of None: not in terms of the solver."""

from __future__ import annotations

from wfcheck.checker.encoding.encoded import Encoded, Notes, coerce
from wfcheck.checker.symbolic.value import (
    Leaf,
    Sequence,
    SymbolicValue,
    choose,
    default,
    from_opaque,
    sort_of,
)
from wfcheck.dsl import core, types
from wfcheck.solver import build as b
from wfcheck.solver.sort import DEFAULTS, Sort
from wfcheck.solver.term import Const, Term

MOST_ITEMS = 24


def extreme(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    """`min` and `max` of a list, or of two or more operands."""
    rounds: list[tuple[Term, SymbolicValue]]
    if len(args) == 1:
        if not isinstance(args[0].value, Sequence):
            return None
        rounds = [(b.lt(b.integer(i), args[0].value.length), v) for i, v in enumerate(args[0].value.items)]
    else:
        rounds = [(b.TRUE, a.value) for a in args]
    return _best(expression.op, rounds, expression.type)


def _is_time(type_: types.Type) -> bool:
    return types.base(type_) == types.TIME


def _best(op: str, rounds: list[tuple[Term, SymbolicValue]], type_: types.Type) -> Encoded | None:
    if _is_time(type_):
        return None
    if not rounds:
        return Encoded(default(type_), b.FALSE)
    terms = [
        (there, v.term) for there, v in rounds if isinstance(v, Leaf) and v.term.sort in (Sort.INT, Sort.REAL)
    ]
    if len(terms) < len(rounds) or not terms or len({t.sort for _, t in terms}) > 1:
        return None
    best = terms[0][1]
    for there, term in terms[1:]:
        better = b.lt(term, best) if op == "min" else b.lt(best, term)
        best = b.ite(b.and_(there, better), term, best)
    return Encoded(Leaf(best), terms[0][0])


def summed(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    """`sum`"""
    if not isinstance(args[0].value, Sequence):
        return None
    rounds = [(b.lt(b.integer(i), args[0].value.length), v) for i, v in enumerate(args[0].value.items)]
    return _total(rounds, expression.type)


def _total(rounds: list[tuple[Term, SymbolicValue]], type_: types.Type) -> Encoded | None:
    sort = sort_of(type_)
    if sort not in (Sort.INT, Sort.REAL):
        return None
    zero = b.const(sort, DEFAULTS[sort])
    parts: list[Term] = [zero]
    for there, value in rounds:
        if not isinstance(value, Leaf) or value.term.sort is not sort:
            return None
        parts.append(b.ite(there, value.term, zero))
    return Encoded(Leaf(b.add(*parts)))


def aggregate(expression: core.Quantified, rounds: list[tuple[Term, Encoded]], notes: Notes) -> Encoded:
    """The value of a quantifier, from the condition of each round and its body."""
    if expression.kind in ("any", "all"):
        return _short(expression.kind, rounds)
    defined = b.and_(*(b.implies(there, body.defined) for there, body in rounds))
    values = [(there, body.value) for there, body in rounds]
    result: Encoded | None
    if expression.kind == "count":
        fit = (b.implies(there, coerce(body.value, types.BOOL)[1]) for there, body in rounds)
        defined = b.and_(defined, *fit)
        ones = [b.ite(b.and_(t, _truth(v)), b.integer(1), b.ZERO) for t, v in values]
        result = Encoded(Leaf(b.add(b.ZERO, *ones)))
    elif expression.kind == "sum":
        result = _total(values, expression.type)
    else:
        result = _best(expression.kind, values, expression.type)
    if result is None:
        notes.note("an aggregate over values of `any`")
        result = Encoded(
            from_opaque(notes.fresh("aggregate", Sort.OPAQUE), expression.type),
            notes.fresh("defined", Sort.BOOL),
        )
    return Encoded(result.value, b.and_(defined, result.defined))


def _truth(value: SymbolicValue) -> Term:
    fitted, _ = coerce(value, types.BOOL)
    return fitted.term if isinstance(fitted, Leaf) else b.FALSE


def _short(kind: str, rounds: list[tuple[Term, Encoded]]) -> Encoded:
    """`any` and `all` stop at the first element that decides."""
    open_: Term = b.TRUE
    defined: list[Term] = []
    hits: list[Term] = []
    for there, body in rounds:
        _, fits = coerce(body.value, types.BOOL)
        deciding = _truth(body.value) if kind == "any" else b.not_(_truth(body.value))
        defined.append(b.implies(b.and_(open_, there), b.and_(body.defined, fits)))
        hits.append(b.and_(there, deciding))
        open_ = b.and_(open_, b.not_(hits[-1]))
    hit = b.or_(*hits)
    return Encoded(Leaf(hit if kind == "any" else b.not_(hit)), b.and_(*defined))


def appended(left: Sequence, right: Sequence) -> Encoded | None:
    """One list after the other."""
    least, most = (left.length.value,) * 2 if isinstance(left.length, Const) else (0, len(left.items))
    if most + len(right.items) > MOST_ITEMS:
        return None
    items = []
    for place in range(most + len(right.items)):
        found: SymbolicValue | None = None
        for count in range(least, most + 1):
            item = _at(left, right, place, count)
            if item is not None:
                found = item if found is None else choose(b.eq(left.length, b.integer(count)), item, found)
        if found is not None:
            items.append(found)
    return Encoded(Sequence(b.add(left.length, right.length), tuple(items)))


def _at(left: Sequence, right: Sequence, place: int, count: int) -> SymbolicValue | None:
    """The item at a place if the left list has `count` items."""
    if place < count:
        return left.items[place]
    return right.items[place - count] if place - count < len(right.items) else None
