"""Whether a value is of a type, elements of lists included: what no term shows counts as not so."""

from __future__ import annotations

from collections.abc import Iterator

from wfcheck.checker.encoding.encode import condition
from wfcheck.checker.encoding.encoded import Notes
from wfcheck.checker.symbolic.types import conforms
from wfcheck.checker.symbolic.value import Opaque, Option, Record, Sequence, SymbolicValue
from wfcheck.dsl import types
from wfcheck.solver import build as b
from wfcheck.solver.term import Term


def refined(type_: types.Type) -> bool:
    """Whether the type or a part of it has a condition."""
    match type_:
        case types.RefinedType():
            return True
        case types.RecordType(fields=fields):
            return any(refined(t) for _, t in fields)
        case types.MapType(key=key, value=value):
            return refined(key) or refined(value)
        case types.ListType(item=inner) | types.SetType(item=inner) | types.OptionType(base=inner):
            return refined(inner)
        case _:
            return False


def has_elements(type_: types.Type) -> bool:
    """Whether the type or a part of it is a list, a set or a map."""
    match types.base(type_):
        case types.ListType() | types.SetType() | types.MapType():
            return True
        case types.RecordType(fields=fields):
            return any(has_elements(t) for _, t in fields)
        case types.OptionType(base=inner):
            return has_elements(inner)
        case _:
            return False


def typed(value: SymbolicValue, type_: types.Type, notes: Notes) -> Term:
    """True only if the value is within all refinements of the type."""
    return b.and_(*_parts(value, type_, notes))


def _parts(value: SymbolicValue, type_: types.Type, notes: Notes) -> Iterator[Term]:
    while isinstance(type_, types.RefinedType):
        yield condition(type_.condition, {("it", "it"): value}, notes).certain
        type_ = type_.base
    if not refined(type_):
        yield conforms(value, type_, notes)
        return
    match type_, value:
        case types.RecordType(fields=fields), Record(fields=have):
            for name, inner in fields:
                if name in have:
                    yield typed(have[name], inner, notes)
        case types.OptionType(base=inner), Option(present=present, value=part):
            yield b.implies(present, typed(part, inner, notes))
        case types.OptionType(base=inner), _:
            yield typed(value, inner, notes)
        case types.ListType(item=item) | types.SetType(item=item), Sequence(length=length, items=items):
            for place, each in enumerate(items):
                yield b.implies(b.lt(b.integer(place), length), typed(each, item, notes))
        case types.ListType(item=item) | types.SetType(item=item), Opaque(item=vouched) if vouched == item:
            yield b.TRUE
        case _:
            yield b.FALSE
