"""JSON values of a trace as typed core values. What does not fit the declared type is UNKNOWN, piece by piece."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import assert_never, cast

from wfcheck.checker.conditions.compiled import UNKNOWN, Known, Moment
from wfcheck.checker.traces.dumped import Unstructured, parse_dumped
from wfcheck.checker.traces.event import Json
from wfcheck.dsl.types import (
    TEXTUAL,
    AnyType,
    EnumType,
    ListType,
    MapType,
    OptionType,
    RecordType,
    RefinedType,
    Scalar,
    SetType,
    Type,
    base,
)

DIGITS = 400
_DURATION = re.compile(r"(?:\d+(?:ms|s|m|h|d))+")
_SECONDS = re.compile(r"PT(-?\d+(?:\.\d+)?)S", re.ASCII)
_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def coerce(value: Json, type_: Type) -> Known:
    """The core value of a JSON value under a declared type. Text where structure is declared is read as a printed value."""
    bare = base(type_)
    if type(value) is PLAINLY.get(bare):
        return cast("Known", value)
    if isinstance(value, str) and not _textual(bare):
        parsed = parse_dumped(value)
        if not isinstance(parsed, Unstructured) and (not isinstance(bare, AnyType) or _container(parsed)):
            value = parsed
    return _typed(value, bare)


PLAINLY: Mapping[Type, type] = {Scalar("text"): str, Scalar("int"): int, Scalar("bool"): bool}
"""Values of these kinds are of these types as they are."""


def _textual(type_: Type) -> bool:
    if isinstance(type_, OptionType):
        return _textual(base(type_.base))
    return type_ in TEXTUAL or isinstance(type_, EnumType)


def _container(value: Json) -> bool:
    return isinstance(value, dict | list)


def _typed(value: Json, type_: Type) -> Known:
    match type_:
        case AnyType():
            return plain(value)
        case RefinedType(base=inner):
            return _typed(value, inner)
        case OptionType(base=inner):
            return None if _absent(value, inner) else _typed(value, inner)
        case EnumType(members=members):
            return value if isinstance(value, str) and value in members else UNKNOWN
        case ListType(item=item) | SetType(item=item):
            return tuple(_typed(v, item) for v in value) if isinstance(value, list | tuple) else UNKNOWN  # type: ignore[misc]
        case MapType(value=item):
            return {str(k): _typed(v, item) for k, v in value.items()} if isinstance(value, dict) else UNKNOWN  # type: ignore[misc]
        case RecordType():
            return _record(value, type_) if isinstance(value, dict) else UNKNOWN
        case Scalar(name=name):
            return _scalar(value, name)
        case _:
            assert_never(type_)


def _absent(value: Json, inner: Type) -> bool:
    return value is None or (value == "None" and base(inner) not in (Scalar("text"),))


def _record(value: dict[str, Json], type_: RecordType) -> Known:
    """Declared fields typed, further ones plain; an optional field that is missing is absent, any other is left out."""
    fields: dict[str, Known] = {k: plain(v) for k, v in value.items() if type_.field(k) is None}
    for name, field in type_.fields:
        if name in value:
            fields[name] = _typed(value[name], field)
        elif isinstance(base(field), OptionType):
            fields[name] = None
    return fields  # type: ignore[return-value]


def plain(value: Json) -> Known:
    """A JSON value without a declared type."""
    match value:
        case None | bool() | str() | Fraction() | date() | timedelta():
            return value
        case int():
            return value
        case float() | Decimal():
            return _exact(value)
        case list() | tuple():
            return tuple(plain(v) for v in value)  # type: ignore[misc]
        case dict():
            return {str(k): plain(v) for k, v in value.items()}  # type: ignore[misc]
        case _:
            return UNKNOWN


def _exact(value: Json) -> Known:
    """The exact number that a float, a decimal or a numeral prints."""
    try:
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except (ArithmeticError, ValueError, TypeError):
        return UNKNOWN
    if not number.is_finite() or abs(number.adjusted()) > DIGITS or len(number.as_tuple().digits) > DIGITS:
        return UNKNOWN
    return Fraction(number)


def _scalar(value: Json, name: str) -> Known:
    match name:
        case "bool":
            return value if isinstance(value, bool) else UNKNOWN
        case "int" | "decimal":
            return _number(value, name)
        case "date":
            return _date(value)
        case "time":
            return parse_time(value)
        case "duration":
            return _duration(value)
        case _:
            return value if isinstance(value, str) else UNKNOWN


def _number(value: Json, name: str) -> Known:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | Fraction | str):
        return UNKNOWN
    if isinstance(value, str) and not re.fullmatch(r"-?\d{1,400}(\.\d{1,400})?", value.strip(), re.ASCII):
        return UNKNOWN
    exact = value if isinstance(value, int | Fraction) else _exact(value)
    if exact is UNKNOWN or not isinstance(exact, int | Fraction):
        return UNKNOWN
    if name == "decimal":
        return Fraction(exact)
    return int(exact) if exact.denominator == 1 else UNKNOWN


def _date(value: Json) -> Known:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value.strip()) if isinstance(value, str) else UNKNOWN
    except ValueError:
        return UNKNOWN


def parse_time(value: Json) -> Moment:
    """A moment in ISO form, or UNKNOWN."""
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(value.strip()) if isinstance(value, str) else UNKNOWN
    except ValueError:
        return UNKNOWN


def _duration(value: Json) -> Known:
    """`90s`, `1h30m`, or seconds in ISO form (`PT90S`)."""
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or len(value) > 40:
        return UNKNOWN
    iso = _SECONDS.fullmatch(value)
    try:
        if iso:
            return timedelta(microseconds=int(Fraction(iso[1]) * 1_000_000))
        pieces = re.findall(r"(\d+)(ms|s|m|h|d)", value) if _DURATION.fullmatch(value) else []
        total = sum((timedelta(**{_UNITS[unit]: int(amount)}) for amount, unit in pieces), timedelta())
    except OverflowError:
        return UNKNOWN
    return total if pieces else UNKNOWN
