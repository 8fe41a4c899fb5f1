"""Whether a value can be of two types at once: if not, a handle of the one cannot stand where the other is wanted."""

from __future__ import annotations

from wfcheck.dsl import types
from wfcheck.dsl.types import Type


def may_share(first: Type, second: Type) -> bool:
    """False only if no value is of both types. Scalars and enums are not told apart: a host may convert them."""
    match types.base(first), types.base(second):
        case (types.AnyType(), _) | (_, types.AnyType()):
            return True
        case types.OptionType(), types.OptionType():
            return True
        case (types.OptionType(base=inner), other) | (other, types.OptionType(base=inner)):
            return may_share(inner, other)
        case types.RecordType(fields=one), types.RecordType(fields=two):
            return _records(dict(one), dict(two))
        case one_kind, other_kind:
            return _shape(one_kind) == _shape(other_kind)


def _records(one: dict[str, Type], two: dict[str, Type]) -> bool:
    """A record has exactly its fields; those that may be none may be missing."""
    alone = [t for name, t in one.items() if name not in two] + [
        t for name, t in two.items() if name not in one
    ]
    return all(map(_may_be_none, alone)) and all(may_share(one[n], two[n]) for n in one.keys() & two.keys())


def _may_be_none(type_: Type) -> bool:
    return isinstance(types.base(type_), types.OptionType | types.AnyType)


def _shape(type_: Type) -> str:
    match type_:
        case types.RecordType() | types.MapType():
            return "record"
        case types.ListType() | types.SetType():
            return "list"
        case _:
            return "scalar"
