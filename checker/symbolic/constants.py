"""Constants of the language as symbolic values, and values of a model in terms of the language."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any, assert_never

from wfcheck.checker.symbolic.value import (
    NAIVE,
    NONE,
    Leaf,
    Opaque,
    Option,
    Record,
    Sequence,
    SymbolicValue,
    default,
)
from wfcheck.dsl import core, types
from wfcheck.solver import build as b
from wfcheck.solver.evaluate import Model, evaluate
from wfcheck.solver.term import Const, Term

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMES = (
    (datetime(1, 1, 2, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1),
    (datetime(9999, 12, 30, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1),
)


def encode_scalar(value: core.Value) -> Const:
    """A scalar of the language as a constant."""
    match value:
        case bool():
            return b.boolean(value)
        case int():
            return b.integer(value)
        case Fraction():
            return b.rational(value)
        case str():
            return b.text(value)
        case datetime():
            return b.integer(_moment(value))
        case date():
            return b.integer(value.toordinal())
        case timedelta():
            return b.integer(value // timedelta(microseconds=1))
        case _:
            raise TypeError("not a scalar")


def _moment(value: datetime) -> int:
    if value.tzinfo is None:
        return NAIVE + (value.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
    return (value - _EPOCH) // timedelta(microseconds=1)


def lift(value: core.Value, type_: types.Type) -> SymbolicValue:
    """A constant as a symbolic value of the type."""
    match value, types.base(type_):
        case None, types.OptionType(base=inner):
            return Option(b.FALSE, default(inner))
        case _, types.OptionType(base=inner):
            return Option(b.TRUE, lift(value, inner))
        case None, _:
            return NONE
        case dict(), types.RecordType(fields=fields):
            return Record({name: lift(value.get(name), t) for name, t in fields})
        case tuple(), types.ListType(item=item) | types.SetType(item=item):
            return Sequence(b.integer(len(value)), tuple(lift(v, item) for v in value))
        case ((dict() | tuple()), _):
            return Opaque(b.opaque(frozen(value)))
        case _, types.AnyType():
            return Opaque(b.opaque(frozen(value)))
        case int(), types.Scalar(name="decimal"):
            return Leaf(b.rational(value))
        case _:
            return Leaf(encode_scalar(value))


def frozen(value: core.Value) -> tuple[str, Any]:
    """The value as a hashable constant; two are equal iff the values are (of one kind)."""
    match value:
        case None:
            return ("none", None)
        case bool():
            return ("bool", value)
        case int() | Fraction():
            return ("number", Fraction(value))
        case str():
            return ("text", value)
        case datetime():
            return ("time", _moment(value))
        case date():
            return ("date", value.toordinal())
        case timedelta():
            return ("duration", value // timedelta(microseconds=1))
        case tuple():
            return ("list", tuple(map(frozen, value)))
        case dict():
            return ("map", tuple(sorted((k, frozen(v)) for k, v in value.items())))
        case _:
            assert_never(value)


# ---------------------------------------------------------------- back to values


def decode(value: SymbolicValue, type_: types.Type, model: Model) -> core.Value:
    """The concrete value under a model, in the language's terms."""
    bare = types.base(type_)
    match value:
        case Leaf(term=term):
            return decode_scalar(evaluate(term, model, guess=True), bare)
        case Option(present=present, value=inner):
            of = bare.base if isinstance(bare, types.OptionType) else bare
            return decode(inner, of, model) if evaluate(present, model, guess=True) else None
        case Record(fields=fields):
            known = dict(bare.fields) if isinstance(bare, types.RecordType) else {}
            return {n: decode(v, known.get(n, types.ANY), model) for n, v in fields.items()}
        case Sequence(length=length, items=items):
            item = bare.item if isinstance(bare, types.ListType | types.SetType) else types.ANY
            return tuple(decode(v, item, model) for v in items[: evaluate(length, model, guess=True)])
        case Opaque(term=term):
            return _thaw(evaluate(term, model, guess=True), bare)
        case _:
            assert_never(value)


def decode_scalar(value: Any, type_: types.Type) -> core.Value:
    """The language's value of a leaf."""
    match type_:
        case types.Scalar(name="date"):
            return date.fromordinal(max(1, min(value, 3_652_059)))
        case types.Scalar(name="duration"):
            return timedelta(microseconds=value)
        case types.Scalar(name="time"):
            return _time(value)
        case _:
            return value  # type: ignore[no-any-return]


def _time(value: int) -> datetime:
    naive = value > NAIVE // 2
    ticks = min(max(value - NAIVE if naive else value, _TIMES[0]), _TIMES[1])
    moment = _EPOCH + timedelta(microseconds=ticks)
    return moment.replace(tzinfo=None) if naive else moment


def _thaw(value: Any, type_: types.Type) -> core.Value:
    match value:
        case ("number", Fraction() as number):
            return int(number) if number.denominator == 1 else number
        case ("text" | "bool" | "none", plain):
            return plain  # type: ignore[no-any-return]
        case ("element", name):
            word = f"value {name.rsplit('!', 1)[-1]}"
        case _:
            word = ""
    match type_:
        case types.ListType() | types.SetType():
            return ()
        case types.MapType():
            return {}
        case _:
            return word


def within_time(term: Term) -> Term:
    """True iff the INT is a time that exists, with a zone or without."""
    low, high = map(b.integer, _TIMES)
    shifted = b.add(term, b.integer(-NAIVE))
    return b.or_(b.and_(b.le(low, term), b.le(term, high)), b.and_(b.le(low, shifted), b.le(shifted, high)))


def zoned(term: Term) -> Term:
    """True iff the time has a zone."""
    return b.lt(term, b.integer(NAIVE // 2))


def within_date(term: Term) -> Term:
    """True iff the INT is a date that exists."""
    return b.and_(b.le(b.integer(1), term), b.le(term, b.integer(date.max.toordinal())))
