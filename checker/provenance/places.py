"""The parts of a recorded value: its scalar leaves, the keys of its maps, what lies below a path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import TypeAlias

from wfcheck.checker.conditions.compiled import UNKNOWN, Known
from wfcheck.checker.provenance.values import number_key
from wfcheck.dsl import core
from wfcheck.dsl.types import (
    ANY,
    ListType,
    MapType,
    OptionType,
    RecordType,
    RefinedType,
    SetType,
    Type,
    base,
)

Place: TypeAlias = "tuple[str | int, ...]"


def leaves(value: object) -> list[tuple[Place, str]]:
    """The scalar parts of a value as text, with their places; keys are not among them."""
    found: list[tuple[Place, str]] = []
    _leaves(value, (), found)
    return found


def _leaves(value: object, place: Place, found: list[tuple[Place, str]]) -> None:
    if isinstance(value, str):
        found.append((place, value))
    elif isinstance(value, tuple):
        for number, element in enumerate(value):
            _leaves(element, (*place, number), found)
    elif isinstance(value, Mapping):
        for name, element in value.items():
            _leaves(element, (*place, name), found)
    elif value is None or isinstance(value, bool) or value is UNKNOWN:
        return
    elif isinstance(value, int | Fraction):
        found.append((place, number_key(value)))
    else:
        found.append((place, value.isoformat() if isinstance(value, date) else str(value)))


def below(path: core.FieldPath, place: Place) -> bool:
    """Whether a place lies at or under a field path; `[]` is any element or value."""
    return len(path) <= len(place) and all(
        step == "[]" or step == at for step, at in zip(path, place, strict=False)
    )


def around(path: core.FieldPath, place: Place) -> bool:
    """Whether a field path leads to a part of what lies at a place."""
    return below(path[: len(place)], place) and len(path) > len(place)


def has_maps(type_: Type) -> bool:
    """Whether values of the type may hold maps."""
    match base(type_):
        case MapType():
            return True
        case ListType(item=inner) | SetType(item=inner) | OptionType(base=inner):
            return has_maps(inner)
        case RecordType(fields=fields):
            return any(has_maps(inner) for _, inner in fields)
        case _:
            return False


def map_keys(value: object, type_: Type, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """The keys of the declared maps inside a value, each at the place of its value."""
    match base(type_):
        case OptionType(base=inner):
            yield from map_keys(value, inner, place)
        case ListType(item=inner) | SetType(item=inner) if isinstance(value, tuple):
            for number, element in enumerate(value):
                yield from map_keys(element, inner, (*place, number))
        case RecordType() as record if isinstance(value, Mapping):
            for name, inner in record.fields:
                yield from map_keys(value.get(name), inner, (*place, name))
        case MapType(value=inner) if isinstance(value, Mapping):
            for name, element in value.items():
                yield (*place, name), str(name)
                yield from map_keys(element, inner, (*place, name))
        case _:
            return


def at_path(value: Known, path: core.FieldPath) -> Known:
    """The part of a value at a field path; a list of parts below `[]`."""
    for number, step in enumerate(path):
        if step == "[]":
            parts = (
                value
                if isinstance(value, tuple)
                else tuple(value.values())
                if isinstance(value, dict)
                else ()
            )
            return tuple(at_path(part, path[number + 1 :]) for part in parts)  # type: ignore[misc]
        if not isinstance(value, dict) or step not in value:
            return UNKNOWN
        value = value[step]
    return value


def type_at(type_: Type, place: Place) -> Type:
    """The declared type of a part of a value of the type, with its refinements; `any` where nothing is declared."""
    for step in place:
        bare = _inside(type_)
        match bare:
            case ListType(item=inner) | SetType(item=inner) | MapType(value=inner):
                type_ = inner
            case RecordType():
                type_ = bare.field(str(step)) or ANY
            case _:
                return ANY
    return type_


def declared_part(type_: Type, place: Place) -> Place | None:
    """The record in which a place has no declared field, or None if all of it is declared."""
    for number, step in enumerate(place):
        match _inside(type_):
            case ListType(item=inner) | SetType(item=inner) | MapType(value=inner):
                type_ = inner
            case RecordType() as record:
                field = record.field(str(step))
                if field is None:
                    return place[:number]
                type_ = field
            case _:
                return None
    return None


def _inside(type_: Type) -> Type:
    bare = base(type_)
    return _inside(bare.base) if isinstance(bare, OptionType) else bare


def type_name(type_: Type) -> str | None:
    """The name of a refined type, also if it is optional."""
    if isinstance(type_, OptionType):
        return type_name(type_.base)
    return type_.name if isinstance(type_, RefinedType) else None


def named_types(type_: Type) -> Iterator[str]:
    """The names of the refined types of the scalars inside a type."""
    name, bare = type_name(type_), _inside(type_)
    match bare:
        case ListType(item=inner) | SetType(item=inner) | MapType(value=inner):
            yield from named_types(inner)
        case RecordType(fields=fields):
            for _, inner in fields:
                yield from named_types(inner)
        case _:
            if name is not None:
                yield name
