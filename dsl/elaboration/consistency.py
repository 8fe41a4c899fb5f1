"""Relations between types. `any` is consistent with everything; nothing is coerced silently."""

from __future__ import annotations

from wfcheck.dsl.types import (
    ANY,
    AnyType,
    EnumType,
    ListType,
    MapType,
    OptionType,
    RecordType,
    Scalar,
    SetType,
    Type,
    base,
)

NUMBERS = frozenset({"int", "decimal"})
ORDERED = frozenset({"int", "decimal", "date", "time", "duration"})
TEXTS = frozenset({"text", "address", "url", "path"})


def scalar(type_: Type) -> str | None:
    """The name of a scalar type (through refinements), or None."""
    bare = base(type_)
    return bare.name if isinstance(bare, Scalar) else None


def is_any(type_: Type) -> bool:
    """Whether nothing is known of the value."""
    return isinstance(base(type_), AnyType)


def is_option(type_: Type) -> bool:
    """Whether the value may be `none`."""
    return isinstance(base(type_), OptionType)


def present(type_: Type) -> Type:
    """The type of the value once it is known not to be `none`."""
    bare = base(type_)
    return bare.base if isinstance(bare, OptionType) else type_


def item_of(type_: Type) -> Type | None:
    """The element type of a list or set (of a map: its keys, as `in` and `for` see them), or None."""
    match base(type_):
        case ListType(item=item) | SetType(item=item):
            return item
        case MapType(key=key):
            return key
        case AnyType():
            return ANY
        case _:
            return None


def consistent(actual: Type, wanted: Type) -> bool:
    """Whether a value of type `actual` may stand where `wanted` is asked for. Refinements are obligations, not types:
    they are compared by their base."""
    actual, wanted = base(actual), base(wanted)
    if isinstance(actual, AnyType) or isinstance(wanted, AnyType):
        return True
    if isinstance(wanted, OptionType):
        return consistent(actual.base if isinstance(actual, OptionType) else actual, wanted.base)
    match actual, wanted:
        case ListType(item=have), ListType(item=want):
            return consistent(have, want)
        case SetType(item=have), SetType(item=want):
            return consistent(have, want)
        case MapType(), MapType():
            return consistent(actual.key, wanted.key) and consistent(actual.value, wanted.value)
        case RecordType(), RecordType():
            return _records(actual, wanted)
        case EnumType(), EnumType():
            return _enums(actual, wanted)
        case _:
            return actual == wanted


def _records(actual: RecordType, wanted: RecordType) -> bool:
    have, want = dict(actual.fields), dict(wanted.fields)
    if not have.keys() <= want.keys():
        return False
    return all(
        consistent(have[name], field) if name in have else is_option(field) for name, field in want.items()
    )


def _enums(actual: EnumType, wanted: EnumType) -> bool:
    if actual.name is not None and wanted.name is not None and actual.name != wanted.name:
        return False
    return set(actual.members) == set(wanted.members)


def comparable(left: Type, right: Type) -> bool:
    """Whether `==` and `in` have a meaning for the two types; `none` compares with every option."""
    left, right = present(left), present(right)
    return consistent(left, right) or consistent(right, left)


def join(left: Type, right: Type) -> Type | None:
    """The one type of a value that is either of the two; None when there is none."""
    if is_any(left) or is_any(right):
        return ANY
    if left == right:
        return left
    if is_option(left) or is_option(right):
        inner = join(present(left), present(right))
        return None if inner is None else OptionType(inner)
    bare_left, bare_right = base(left), base(right)
    if consistent(bare_left, bare_right):
        return bare_right
    return bare_left if consistent(bare_right, bare_left) else None
