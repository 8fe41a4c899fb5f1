"""Types after name resolution. Structural equality; `any` is gradual: consistent with everything, proves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import attrs

if TYPE_CHECKING:
    from wfcheck.dsl.core import Expr


@attrs.frozen
class Scalar:
    """bool, int, decimal, text, time, date, duration, address, url, path."""

    name: str


@attrs.frozen
class AnyType:
    """The gradual type."""


@attrs.frozen
class EnumType:
    name: str | None
    members: tuple[str, ...]


@attrs.frozen
class RecordType:
    name: str | None
    fields: tuple[tuple[str, Type], ...]

    def field(self, name: str) -> Type | None:
        """The type of a field, or None."""
        return dict(self.fields).get(name)


@attrs.frozen
class ListType:
    item: Type


@attrs.frozen
class SetType:
    """Only inside expressions (`x in {a, b}`); no value of a workflow has it."""

    item: Type


@attrs.frozen
class MapType:
    key: Type
    value: Type


@attrs.frozen
class OptionType:
    base: Type


@attrs.frozen
class RefinedType:
    """`base where condition`; `condition` is over the core variable `it` (kind "it")."""

    name: str | None
    base: Type
    condition: Expr


Type: TypeAlias = (
    Scalar | AnyType | EnumType | RecordType | ListType | SetType | MapType | OptionType | RefinedType
)

BOOL = Scalar("bool")
INT = Scalar("int")
DECIMAL = Scalar("decimal")
TEXT = Scalar("text")
TIME = Scalar("time")
DATE = Scalar("date")
DURATION = Scalar("duration")
ADDRESS = Scalar("address")
URL = Scalar("url")
PATH = Scalar("path")
ANY = AnyType()
SCALARS = {s.name: s for s in (BOOL, INT, DECIMAL, TEXT, TIME, DATE, DURATION, ADDRESS, URL, PATH)}
TEXTUAL = frozenset({TEXT, ADDRESS, URL, PATH})


def base(type_: Type) -> Type:
    """The type without its refinements (outermost level only)."""
    while isinstance(type_, RefinedType):
        type_ = type_.base
    return type_


def members(type_: Type) -> tuple[str, ...] | None:
    """The values of an enum (through refinements), or None."""
    bare = base(type_)
    return bare.members if isinstance(bare, EnumType) else None


def cardinality(type_: Type) -> int | None:
    """The number of values, or None when it is not known to be finite. Refinements count as their base."""
    match base(type_):
        case EnumType(members=names):
            return len(names)
        case Scalar(name="bool"):
            return 2
        case OptionType(base=inner):
            inside = cardinality(inner)
            return None if inside is None else inside + 1
        case RecordType(fields=fields):
            total = 1
            for _, field in fields:
                inside = cardinality(field)
                if inside is None:
                    return None
                total *= inside
            return total
        case _:
            return None


def show(type_: Type) -> str:
    """The type in the words of the language."""
    match type_:
        case Scalar(name=name):
            return name
        case AnyType():
            return "any"
        case EnumType(name=name, members=names):
            return name or "enum {" + ", ".join(names) + "}"
        case RecordType(name=name, fields=fields):
            return name or "{" + ", ".join(f"{n}: {show(t)}" for n, t in fields) + "}"
        case ListType(item=item):
            return f"list<{show(item)}>"
        case SetType(item=item):
            return f"set of {show(item)}"
        case MapType(key=key, value=value):
            return f"map<{show(key)}, {show(value)}>"
        case OptionType(base=inner):
            return f"{show(inner)}?"
        case RefinedType(name=name, base=inner):
            return name or f"{show(inner)} where ..."
