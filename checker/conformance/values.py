"""Recorded values beside those that the workflow computes: whether they agree, and whether they are of their type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction

from wfcheck.checker.conditions.coercion import coerce
from wfcheck.checker.conditions.compiled import UNKNOWN, Known, Truth, conjunction, has_unknown
from wfcheck.checker.conformance.model import Model
from wfcheck.checker.traces.event import Json
from wfcheck.dsl import types
from wfcheck.dsl.types import Type


def agree(wanted: Known, recorded: Known) -> Truth:
    """Whether a recorded value is the computed one. A value recorded without a type is read as what was computed."""
    if wanted is UNKNOWN or recorded is UNKNOWN:
        return UNKNOWN
    if isinstance(recorded, str) and not isinstance(wanted, str):
        recorded = _read(recorded, wanted)
    match wanted, recorded:
        case (tuple(), tuple()):
            return agree_all(wanted, recorded)
        case (dict(), dict()):
            if any(recorded.get(name) is not None for name in recorded.keys() - wanted.keys()):
                return False
            return agree_all(tuple(wanted.values()), tuple(recorded.get(name) for name in wanted))
        case (bool(), _) | (_, bool()):
            return wanted is recorded
        case _:
            return bool(wanted == recorded)


def agree_all(wanted: Sequence[Known], recorded: Sequence[Known]) -> Truth:
    """The same of values side by side."""
    if len(wanted) != len(recorded):
        return False
    truth: Truth = True
    for one, other in zip(wanted, recorded, strict=True):
        truth = conjunction(truth, agree(one, other))
    return truth


_SCALARS: tuple[tuple[type, Type], ...] = (
    (datetime, types.TIME), (date, types.DATE), (timedelta, types.DURATION), (int, types.DECIMAL), (Fraction, types.DECIMAL),
)  # fmt: skip


def _read(recorded: str, wanted: Known) -> Known:
    """Text as the value that it spells, if a value of that kind is wanted."""
    if isinstance(wanted, bool):
        return recorded
    for kind, type_ in _SCALARS:
        if isinstance(wanted, kind):
            found = coerce(recorded, type_)
            return recorded if found is UNKNOWN else found
    return recorded


def typed(model: Model, json: Json, type_: Type) -> tuple[Known, Truth]:
    """A recorded value under its type, and whether it is of the type."""
    value = coerce(json, type_)
    if value is UNKNOWN or has_unknown(value):
        return value, False
    return value, fits(model, value, type_)


def fits(model: Model, value: Known, type_: Type) -> Truth:
    """Whether a value is of a type, refinements included. Depth is that of the type."""
    if value is UNKNOWN:
        return UNKNOWN
    match type_:
        case types.RefinedType(base=base, condition=condition):
            return conjunction(fits(model, value, base), model.holds(condition, {"it": value}, {}))
        case types.OptionType(base=base):
            return True if value is None else fits(model, value, base)
        case types.EnumType(members=members):
            return value in members if isinstance(value, str) else False
        case types.ListType(item=item) | types.SetType(item=item):
            return _every(model, value, item) if isinstance(value, tuple) else False
        case types.MapType(value=item):
            return _every(model, tuple(value.values()), item) if isinstance(value, dict) else False
        case types.RecordType(fields=fields):
            return _record(model, value, fields) if isinstance(value, dict) else False
        case types.Scalar(name=name):
            return _scalar(value, name)
        case types.AnyType():
            return True


def _every(model: Model, values: Sequence[Known], item: Type) -> Truth:
    if isinstance(item, types.AnyType):
        return True
    truth: Truth = True
    for value in values:
        truth = conjunction(truth, fits(model, value, item))
    return truth


def _record(model: Model, value: Mapping[str, Known], fields: tuple[tuple[str, Type], ...]) -> Truth:
    truth: Truth = True
    for name, type_ in fields:
        if name in value:
            truth = conjunction(truth, fits(model, value[name], type_))
        elif not isinstance(types.base(type_), types.OptionType):
            return False
    return truth


def _scalar(value: Known, name: str) -> bool:
    match name:
        case "bool":
            return isinstance(value, bool)
        case "int" | "decimal":
            return isinstance(value, int | Fraction) and not isinstance(value, bool)
        case "time":
            return isinstance(value, datetime)
        case "date":
            return isinstance(value, date) and not isinstance(value, datetime)
        case "duration":
            return isinstance(value, timedelta)
        case _:
            return isinstance(value, str)
