"""What encoding yields, and what it writes down on the way."""

from __future__ import annotations

import attrs

from wfcheck.checker.symbolic.value import (
    Leaf,
    Opaque,
    Option,
    Record,
    Sequence,
    SymbolicValue,
    as_option,
    default,
    from_opaque,
    kind_of,
    sort_of,
    to_opaque,
)
from wfcheck.dsl import core, types
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import App, Const, Term


@attrs.frozen
class Encoded:
    """A value and the condition under which there is one."""

    value: SymbolicValue
    defined: Term = b.TRUE


@attrs.define
class Notes:
    """Names that were used up, and what was abstracted, in words. `prefix` keeps the names of two notebooks apart. `vouched`: values
    that are of a type where a condition holds."""

    program: core.Program
    prefix: str = ""
    count: int = 0
    abstracted: list[str] = attrs.field(factory=list)
    vouched: list[tuple[SymbolicValue, types.Type, Term]] = attrs.field(factory=list)

    def fresh(self, name: str, sort: Sort) -> Term:
        """A symbol that occurs nowhere else."""
        self.count += 1
        return b.symbol(f"{self.prefix}{name}#{self.count}", sort)

    def note(self, what: str) -> None:
        """Something was abstracted."""
        if what not in self.abstracted:
            self.abstracted.append(what)


def has_any(type_: types.Type) -> bool:
    """Whether some part of the type is `any`."""
    match types.base(type_):
        case types.AnyType():
            return True
        case types.RecordType(fields=fields):
            return any(has_any(t) for _, t in fields)
        case types.ListType(item=item) | types.SetType(item=item):
            return has_any(item)
        case types.MapType(key=key, value=value):
            return has_any(key) or has_any(value)
        case types.OptionType(base=base):
            return has_any(base)
        case _:
            return False


def coerce(value: SymbolicValue, type_: types.Type) -> tuple[SymbolicValue, Term]:
    """The value in the shape of the type, and the condition under which it is of that kind (nothing is converted)."""
    bare = types.base(type_)
    match bare, value:
        case types.OptionType(base=inner), _:
            option = as_option(value)
            if option.present is b.FALSE:
                return Option(b.FALSE, default(inner)), b.TRUE
            part, fits = coerce(option.value, inner)
            return Option(option.present, part), b.implies(option.present, fits)
        case types.AnyType(), _:
            return value, b.TRUE
        case _, Option(present=present, value=inner_value):
            part, fits = coerce(inner_value, type_)
            return part, b.and_(present, fits)
        case types.RecordType(fields=fields), Record(fields=have):
            return _record(dict(fields), dict(have))
        case ((types.ListType() | types.SetType()), Sequence()):
            return value, b.TRUE
        case ((types.ListType() | types.SetType() | types.MapType()), Opaque()):
            return value, b.TRUE
        case _, Opaque(term=term):
            return from_opaque(term, type_), _is(term, type_)
        case _, Leaf(term=term) if sort_of(bare) is term.sort:
            return value, b.TRUE
        case _:
            return from_opaque(to_opaque(value, types.ANY), type_), b.FALSE


def shaped(value: SymbolicValue, type_: types.Type) -> SymbolicValue:
    """The value in the shape of the type if it is surely of that kind, else as it is."""
    found, fits = coerce(value, type_)
    return found if fits is b.TRUE else value


def _record(fields: dict[str, types.Type], have: dict[str, SymbolicValue]) -> tuple[SymbolicValue, Term]:
    parts: dict[str, SymbolicValue] = {}
    fit: list[Term] = []
    for name, type_ in fields.items():
        missing = isinstance(types.base(type_), types.OptionType)
        if name in have:
            parts[name], fits = coerce(have[name], type_)
        else:
            parts[name], fits = (
                (default(type_) if not missing else Option(b.FALSE, default(type_))),
                b.boolean(missing),
            )
        fit.append(fits)
    return Record({**have, **parts}), b.and_(*fit)


def _is(term: Term, type_: types.Type) -> Term:
    sort = sort_of(type_)
    kind = kind_of(type_) if sort is not None else type(types.base(type_)).__name__
    if sort is not None:
        if isinstance(term, App) and term.detail == f"any:{kind}:{sort.value}":
            return b.TRUE
        if isinstance(term, Const):
            return b.boolean(term.value[0] == kind)
    return b.fn(f"is:{kind}", Sort.BOOL, term)


def stripped(argument: Encoded) -> Encoded:
    """The value of an option that must be there."""
    while isinstance(argument.value, Option):
        option = argument.value
        argument = Encoded(option.value, b.and_(argument.defined, option.present))
    return argument
