"""Core values as JSON in events, and back by declared type."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import assert_never

from wfcheck.checker.reference.values import NOTHING, Atom, Items, Labelled, Record, Unknown
from wfcheck.checker.traces.event import Json
from wfcheck.dsl import types
from wfcheck.dsl.core import Value
from wfcheck.dsl.types import Type

_DURATION = re.compile(r"(?:PT)?(-?\d+(?:\.\d+)?)(?:s|S)")


def encode(value: Value) -> Json:
    """JSON: decimals as a number when whole, else as exact text; dates and times as ISO text, durations as `PT5S`."""
    match value:
        case None | bool() | int() | str():
            return value
        case Fraction():
            return decimal_text(value) if value.denominator != 1 else value.numerator
        case date():
            return value.isoformat()
        case timedelta():
            return f"PT{decimal_text(Fraction(value // timedelta(microseconds=1), 1_000_000))}S"
        case tuple():
            return [encode(v) for v in value]
        case dict():
            return {str(k): encode(v) for k, v in value.items()}
        case _:
            assert_never(value)


def decimal_text(value: Fraction) -> str:
    """Exact decimal text where there is one, else `n/d`."""
    rest, digits = value.denominator, 0
    for prime in (2, 5):
        count = 0
        while rest % prime == 0:
            rest, count = rest // prime, count + 1
        digits = max(digits, count)
    if rest != 1:
        return f"{value.numerator}/{value.denominator}"
    scaled = abs(value.numerator) * 10**digits // value.denominator
    text = str(scaled).rjust(digits + 1, "0")
    sign = "-" if value < 0 else ""
    return sign + (f"{text[:-digits]}.{text[-digits:]}" if digits else text)


def decode(json: Json, type_: Type) -> Labelled:
    """The unlabelled value of a type; a missing field is absent where its type allows, else unknown. JSON that does not fit
    the type is taken as it stands."""
    match types.base(type_):
        case types.OptionType(base=base):
            return Atom(None, NOTHING) if json is None else decode(json, base)
        case types.RecordType(fields=fields) if isinstance(json, dict):
            declared = {name: _part(json, name, part) for name, part in fields}
            others = {k: decode(v, types.ANY) for k, v in json.items() if k not in declared}
            return Record({**declared, **others}, NOTHING)
        case types.MapType(value=entry) if isinstance(json, dict):
            return Record({k: decode(v, entry) for k, v in json.items()}, NOTHING)
        case types.ListType(item=item) | types.SetType(item=item) if isinstance(json, list | tuple):
            return Items(tuple(decode(v, item) for v in json), NOTHING)
        case types.Scalar(name=name) if (scalar := _scalar(json, name)) is not None:
            return Atom(scalar, NOTHING)
        case _:
            return _untyped(json)


def _part(json: Mapping[str, Json], name: str, type_: Type) -> Labelled:
    if name in json:
        return decode(json[name], type_)
    if isinstance(types.base(type_), types.OptionType):
        return Atom(None, NOTHING)
    return Atom(Unknown(f"the field `{name}` was not recorded"), NOTHING)


def _untyped(json: Json) -> Labelled:
    match json:
        case dict():
            return Record({str(k): _untyped(v) for k, v in json.items()}, NOTHING)
        case list() | tuple():
            return Items(tuple(map(_untyped, json)), NOTHING)
        case float() | Decimal():
            return Atom(_number(str(json)), NOTHING)
        case None | bool() | int() | str() | Fraction() | date() | timedelta():
            return Atom(json, NOTHING)
        case _:
            return Atom(Unknown("a value of no known kind"), NOTHING)


def _scalar(json: Json, name: str) -> Value:
    """The value of a scalar type that text or a number stands for, or None."""
    match name:
        case "decimal" if isinstance(json, int | float | Decimal | str) and not isinstance(json, bool):
            return _number(str(json))
        case "date" if isinstance(json, str):
            return _iso(date.fromisoformat, json)
        case "time" if isinstance(json, str):
            return _iso(datetime.fromisoformat, json)
        case "duration" if isinstance(json, str) and (found := _DURATION.fullmatch(json)):
            return timedelta(microseconds=int(Fraction(found[1]) * 1_000_000))
        case _:
            return None


def _iso(parse: Callable[[str], Value], text: str) -> Value:
    try:
        return parse(text)
    except ValueError:
        return None


def _number(text: str) -> Value:
    try:
        return Fraction(Decimal(text)) if "/" not in text else Fraction(text)
    except (InvalidOperation, ValueError, OverflowError, ZeroDivisionError):
        return None
