"""Equality and membership of symbolic values."""

from __future__ import annotations

from wfcheck.checker.encoding.encoded import Encoded, coerce, has_any
from wfcheck.checker.symbolic.value import Leaf, Option, Sequence, SymbolicValue, equal, to_opaque
from wfcheck.dsl import core, types
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Const, Term


def boolean(encoded: Encoded) -> Term:
    """The term of a Boolean."""
    assert isinstance(encoded.value, Leaf)
    return encoded.value.term


def same_value(
    left: SymbolicValue, left_type: types.Type, right: SymbolicValue, right_type: types.Type
) -> Encoded:
    """Whether two values are equal; without a value where their kinds may differ."""
    if left == right and not isinstance(left, Option):
        return Encoded(Leaf(b.TRUE))
    if _is_none(left) or _is_none(right):
        return Encoded(Leaf(equal(left, right)))
    if (
        isinstance(left, Leaf)
        and isinstance(right, Leaf)
        and left.term.sort is right.term.sort is not Sort.INT
    ):
        return Encoded(Leaf(b.eq(left.term, right.term)))
    if not has_any(left_type) and not has_any(right_type):
        fitted, _ = coerce(right, left_type) if not isinstance(right, Option) else (right, b.TRUE)
        return Encoded(Leaf(equal(left, fitted)))
    a, c = to_opaque(left, left_type), to_opaque(right, right_type)
    return Encoded(Leaf(b.eq(a, c)), _comparable(a, c))


def _is_none(value: SymbolicValue) -> bool:
    return isinstance(value, Option) and value.present is b.FALSE


def _comparable(a: Term, c: Term) -> Term:
    if isinstance(a, Const) and isinstance(c, Const):
        kinds = (a.value[0], c.value[0])
        return b.boolean(kinds[0] == kinds[1] or "none" in kinds)
    return b.fn("comparable", Sort.BOOL, a, c)


def membership(item_type: core.Expr, item: Encoded, whole_type: core.Expr, whole: Encoded) -> Encoded | None:
    """Whether an element of a list equals the item; None of a list whose elements are not known."""
    if not isinstance(whole.value, Sequence):
        return None
    base = types.base(whole_type.type)
    element = base.item if isinstance(base, types.ListType | types.SetType) else types.ANY
    found: list[Term] = []
    clear: list[Term] = []
    for i, candidate in enumerate(whole.value.items):
        there = b.lt(b.integer(i), whole.value.length)
        same = same_value(item.value, item_type.type, candidate, element)
        found.append(b.and_(there, same.defined, boolean(same)))
        clear.append(b.implies(there, same.defined))
    hit = b.or_(*found)
    return Encoded(Leaf(hit), b.or_(hit, b.and_(*clear)))
