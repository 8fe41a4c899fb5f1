"""Values at places: one symbol per leaf, and the leaves of a value in the shape that a place gives a variable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import assert_never

from wfcheck.checker.symbolic.value import (
    Leaf,
    Opaque,
    Option,
    Record,
    Sequence,
    SymbolicValue,
    build_shape,
    covers,
    to_opaque,
)
from wfcheck.dsl import types
from wfcheck.solver import build as b
from wfcheck.solver.sort import DEFAULTS, Sort
from wfcheck.solver.term import Term


def shape(
    name: str, type_: types.Type, value: SymbolicValue | None, make: Callable[[str, Sort], Term]
) -> SymbolicValue:
    """A value of the type, each leaf made by name and sort; of another type than that where the known value is."""
    made = build_shape(type_, lambda path, sort: make(f"{name}{path}", sort))
    if value is None or covers(made, value):
        return made
    return build_shape(types.ANY, lambda path, sort: make(f"{name}{path}", sort))


def leaves(value: SymbolicValue) -> Iterator[Term]:
    """The terms of a value that holds no list of known elements, in a fixed order."""
    match value:
        case Leaf(term=term) | Opaque(term=term):
            yield term
        case Record(fields=fields):
            for part in fields.values():
                yield from leaves(part)
        case Option(present=present, value=inner):
            yield present
            yield from leaves(inner)
        case Sequence():
            raise AssertionError("a place has no list of known elements")
        case _:
            assert_never(value)


def fitted(into: SymbolicValue, value: SymbolicValue, type_: types.Type) -> list[Term] | None:
    """The leaves of the value in the given shape; None where it does not fit."""
    match into, value:
        case Opaque(), _:
            return [to_opaque(value, type_)]
        case Leaf(term=one), Leaf(term=other):
            return [other] if one.sort is other.sort else None
        case Record(fields=wanted), Record(fields=have) if wanted.keys() == have.keys():
            return _joined([fitted(part, have[name], _field(type_, name)) for name, part in wanted.items()])
        case Option(value=inner), Option(present=present, value=part):
            return _option(inner, present, part, _inner(type_))
        case Option(value=inner), Leaf() | Record() | Sequence():
            return _option(inner, b.TRUE, value, _inner(type_))
        case _:
            return None


def _joined(parts: list[list[Term] | None]) -> list[Term] | None:
    found: list[Term] = []
    for part in parts:
        if part is None:
            return None
        found += part
    return found


def _option(
    inner: SymbolicValue, present: Term, value: SymbolicValue, type_: types.Type
) -> list[Term] | None:
    if present is b.FALSE:
        return [b.FALSE, *(b.const(leaf.sort, DEFAULTS[leaf.sort]) for leaf in leaves(inner))]
    return _joined([[present], fitted(inner, value, type_)])


def _field(type_: types.Type, name: str) -> types.Type:
    match types.base(type_):
        case types.RecordType(fields=fields):
            return dict(fields).get(name, types.ANY)
        case _:
            return types.ANY


def _inner(type_: types.Type) -> types.Type:
    match types.base(type_):
        case types.OptionType(base=inner):
            return inner
        case _:
            return type_
