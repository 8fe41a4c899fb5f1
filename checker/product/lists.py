"""Lists whose elements no term shows: their length, and the element at an index, as conditions speak of them."""

from __future__ import annotations

from wfcheck.checker.symbolic.value import (
    Leaf,
    Option,
    Sequence,
    SymbolicValue,
    choose,
    from_opaque,
    to_opaque,
)
from wfcheck.dsl import types
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Const, Term


def length_of(value: SymbolicValue, item: types.Type) -> Term:
    """How many elements the list has; the same term as `length(xs)` in a condition."""
    if isinstance(value, Sequence):
        return value.length
    whole = to_opaque(value, types.ListType(item))
    count = b.fn("op:length/1", Sort.OPAQUE, whole)
    found = from_opaque(count, types.INT)
    assert isinstance(found, Leaf)
    return b.ite(b.lt(found.term, b.ZERO), b.ZERO, found.term)


def element_of(value: SymbolicValue, index: Term, item: types.Type) -> tuple[SymbolicValue, Term]:
    """The element at an index (from 0), and the condition under which there is one. A loop over the list binds the same term."""
    while isinstance(value, Option):
        value = value.value
    inside = b.and_(b.le(b.ZERO, index), b.lt(index, length_of(value, item)))
    if isinstance(value, Sequence) and value.items:
        return _shown(value, index), inside
    whole = to_opaque(value, types.ListType(item))
    return from_opaque(b.fn("item at", Sort.OPAQUE, whole, index), item), inside


def _shown(value: Sequence, index: Term) -> SymbolicValue:
    if isinstance(index, Const) and 0 <= index.value < len(value.items):
        place: int = index.value
        return value.items[place]
    found = value.items[-1]
    for i in range(len(value.items) - 2, -1, -1):
        found = choose(b.eq(index, b.integer(i)), value.items[i], found)
    return found
