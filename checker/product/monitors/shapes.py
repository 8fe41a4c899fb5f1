"""Values as tuples of terms: symbols in the shape of a type, and the leaves of a value that has the shape."""

from __future__ import annotations

from wfcheck.checker.encoding.encoded import Notes, coerce
from wfcheck.checker.symbolic.value import (
    Leaf,
    Opaque,
    Option,
    Record,
    Sequence,
    SymbolicValue,
    build_shape,
    covers,
    default,
    equal,
    to_opaque,
)
from wfcheck.dsl import types
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Symbol, Term

OWN = "~"
"""Ends the names of all symbols of monitors: names of executions end with a number or a place."""


def symbols_of(type_: types.Type, name: str) -> tuple[SymbolicValue, tuple[Symbol, ...]]:
    """A value of the shape of the type, every leaf of which is a symbol, and the symbols in the order of `leaves`."""
    made: list[Symbol] = []

    def make(path: str, sort: Sort) -> Term:
        symbol = b.symbol(f"{name}{path}{OWN}", sort)
        assert isinstance(symbol, Symbol)
        made.append(symbol)
        return symbol

    return build_shape(type_, make), tuple(made)


def filled(type_: types.Type, terms: tuple[Term, ...]) -> SymbolicValue:
    """The value of the shape of the type with these leaves."""
    left = iter(terms)
    return build_shape(type_, lambda _path, _sort: next(left))


def anything(type_: types.Type, name: str, notes: Notes) -> tuple[Term, ...]:
    """Leaves of which nothing is known."""
    made: list[Term] = []

    def make(path: str, sort: Sort) -> Term:
        made.append(notes.fresh(f"{name}{path}", sort))
        return made[-1]

    build_shape(type_, make)
    return tuple(made)


def leaves(value: SymbolicValue, type_: types.Type) -> tuple[tuple[Term, ...], Term] | None:
    """The leaves of the value in the shape of the type, and the condition that it is of that kind; None if it has not the shape."""
    fitted, fits = coerce(value, type_)
    found: list[Term] = []
    if fits is b.FALSE or not _flatten(fitted, type_, found):
        return None
    return tuple(found), fits


def _flatten(value: SymbolicValue, type_: types.Type, found: list[Term]) -> bool:
    shape = build_shape(type_, lambda _path, sort: b.symbol("shape", sort))
    match shape, value:
        case Record(), Record(fields=have):
            bare = types.base(type_)
            assert isinstance(bare, types.RecordType)
            return all(n in have and _flatten(have[n], t, found) for n, t in bare.fields)
        case Option(), _:
            return _option(value, type_, found)
        case Leaf(term=wanted), Leaf(term=term) if wanted.sort is term.sort:
            found.append(term)
            return True
        case Opaque(), _:
            found.append(to_opaque(value, type_))
            return True
        case _:
            return False


def _option(value: SymbolicValue, type_: types.Type, found: list[Term]) -> bool:
    bare = types.base(type_)
    inner = bare.base if isinstance(bare, types.OptionType) else bare
    present, part = (value.present, value.value) if isinstance(value, Option) else (b.TRUE, value)
    found.append(present)
    return _flatten(default(inner) if present is b.FALSE else part, inner, found)


def pinned(rigid: SymbolicValue, value: SymbolicValue) -> Term:
    """The rigid value is this one. Where it cannot take it, nothing is said: it then stands for any value."""
    return equal(rigid, value) if covers(rigid, value) else b.TRUE


def one_of(rigid: SymbolicValue, whole: SymbolicValue) -> Term | None:
    """The rigid value is one of the elements; None of a list whose elements are not known one by one."""
    if not isinstance(whole, Sequence):
        return None
    found = [b.and_(b.lt(b.integer(i), whole.length), pinned(rigid, v)) for i, v in enumerate(whole.items)]
    return b.or_(*found)
