"""The exact meaning of every operator and built-in function, as plain functions on core values.

What has no value raises `EvaluationError`: an absent operand, a value of another kind (possible under `any`), a division by zero,
text that is no address. No meaning is ever guessed: an error is neither true nor false."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction

from wfcheck.dsl.core import Value

MAX_TEXT = 10_000_000


class EvaluationError(Exception):
    """An expression that has no value on these operands; the text says why, in one lower-case sentence."""


def kind_of(value: Value) -> str:
    """The kind of a value: bool, number, text, date, time, duration, list, map or none."""
    match value:
        case None:
            return "none"
        case bool():
            return "bool"
        case int() | Fraction():
            return "number"
        case str():
            return "text"
        case datetime():
            return "time"
        case date():
            return "date"
        case timedelta():
            return "duration"
        case tuple():
            return "list"
        case dict():
            return "map"


def number(value: Value) -> int | Fraction:
    """The value, if it is an int or a decimal."""
    if isinstance(value, int | Fraction) and not isinstance(value, bool):
        return value
    raise EvaluationError(f"a number is wanted, not {_a(value)}")


def text(value: Value) -> str:
    """The value, if it is a text (also an address, a url, a path or an enum member)."""
    if isinstance(value, str):
        return value
    raise EvaluationError(f"a text is wanted, not {_a(value)}")


def truth(value: Value) -> bool:
    """The value, if it is a bool."""
    if isinstance(value, bool):
        return value
    raise EvaluationError(f"a bool is wanted, not {_a(value)}")


def items(value: Value) -> Sequence[Value]:
    """The elements of a list or set; of a map, its keys."""
    if isinstance(value, tuple):
        return value
    if isinstance(value, dict):
        return tuple(value)
    raise EvaluationError(f"a list is wanted, not {_a(value)}")


def _a(value: Value) -> str:
    return "an absent value" if value is None else f"a {kind_of(value)}"


# ---------------------------------------------------------------- equality, order, membership


def equal(left: Value, right: Value) -> bool:
    """Equality by value. `none` equals only itself; other values of different kinds cannot be compared."""
    if left is None or right is None:
        return left is right
    if kind_of(left) != kind_of(right):
        raise EvaluationError(f"{_a(left)} and {_a(right)} cannot be compared")
    match left, right:
        case tuple(), tuple():
            return len(left) == len(right) and all(equal(a, b) for a, b in zip(left, right, strict=True))
        case dict(), dict():
            return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
        case _:
            return bool(left == right)


def unequal(left: Value, right: Value) -> bool:
    """The negation of `equal`."""
    return not equal(left, right)


def order(left: Value, right: Value) -> int:
    """-1, 0 or 1: the order of two numbers, dates, times or durations."""
    kind = kind_of(left)
    if kind != kind_of(right) or kind not in {"number", "date", "time", "duration"}:
        raise EvaluationError(f"{_a(left)} and {_a(right)} have no order")
    try:
        if left < right:  # type: ignore[operator]
            return -1
        return 0 if left == right else 1
    except TypeError:
        raise EvaluationError("a time with a zone and one without have no order") from None


def less(left: Value, right: Value) -> bool:
    """`<`"""
    return order(left, right) < 0


def less_equal(left: Value, right: Value) -> bool:
    """`<=`"""
    return order(left, right) <= 0


def greater(left: Value, right: Value) -> bool:
    """`>`"""
    return order(left, right) > 0


def greater_equal(left: Value, right: Value) -> bool:
    """`>=`"""
    return order(left, right) >= 0


def member(item: Value, collection: Value) -> bool:
    """Whether an element of the list or set (a key of the map) equals the item."""
    failure: EvaluationError | None = None
    for candidate in items(collection):
        try:
            if equal(item, candidate):
                return True
        except EvaluationError as error:
            failure = error
    if failure is not None:
        raise failure
    return False


# ---------------------------------------------------------------- arithmetic


def add(left: Value, right: Value) -> Value:
    """Numbers, durations, a date or time and a duration, two texts, two lists."""
    match left, right:
        case str(), str() if len(left) + len(right) <= MAX_TEXT:
            return left + right
        case tuple(), tuple():
            return left + right
        case timedelta(), timedelta():
            return _in_range(lambda: left + right)
        case date(), timedelta():
            return shift(left, right)
        case timedelta(), date():
            return shift(right, left)
        case _:
            return number(left) + number(right)


def subtract(left: Value, right: Value) -> Value:
    """Numbers, durations, a date or time less a duration, two dates, two times."""
    match left, right:
        case timedelta(), timedelta():
            return _in_range(lambda: left - right)
        case datetime(), datetime():
            if (left.tzinfo is None) != (right.tzinfo is None):
                raise EvaluationError("a time with a zone and one without have no difference")
            return left - right
        case date(), date() if not isinstance(left, datetime) and not isinstance(right, datetime):
            return left - right
        case date(), timedelta():
            return shift(left, -right)
        case _:
            return number(left) - number(right)


def shift(moment: date, by: timedelta) -> date:
    """The moment that lies `by` later; a date moves by whole days only."""
    if not isinstance(moment, datetime) and by % timedelta(days=1):
        raise EvaluationError("a date moves by whole days only")
    moved = _in_range(lambda: moment + by)
    assert isinstance(moved, date)
    return moved


def _in_range(compute: Callable[[], Value]) -> Value:
    try:
        return compute()
    except OverflowError:
        raise EvaluationError("the time is out of range") from None


def multiply(left: Value, right: Value) -> Value:
    """Two numbers."""
    return number(left) * number(right)


def divide(left: Value, right: Value) -> Value:
    """The exact quotient of two numbers."""
    divisor = number(right)
    if divisor == 0:
        raise EvaluationError("division by zero")
    return Fraction(number(left)) / divisor


def negate(value: Value) -> Value:
    """The negative of a number or duration."""
    return -value if isinstance(value, timedelta) else -number(value)


def round_to(value: Value, digits: Value = 0) -> Value:
    """The decimal nearest to the number with so many digits after the point; halves go to the even digit."""
    places = number(digits)
    if places.denominator != 1 or not -1_000 <= places <= 1_000:
        raise EvaluationError("the number of digits is out of range")
    return Fraction(round(Fraction(number(value)), int(places)))


# ---------------------------------------------------------------- Booleans


def negation(value: Value) -> bool:
    """`not`"""
    return not truth(value)


def both(left: Value, right: Value) -> bool:
    """`and`, once both sides have a value."""
    return truth(left) and truth(right)


def either(left: Value, right: Value) -> bool:
    """`or`, once both sides have a value."""
    return truth(left) or truth(right)


def implication(left: Value, right: Value) -> bool:
    """`implies`, once both sides have a value."""
    return not truth(left) or truth(right)


def choose(condition: Value, then: Value, otherwise: Value) -> Value:
    """`if c then a else b`, once all three have a value."""
    return then if truth(condition) else otherwise


# ---------------------------------------------------------------- collections


def length(value: Value) -> int:
    """Characters (code points) of a text, elements of a list, set or map."""
    return len(value) if isinstance(value, str) else len(items(value))


def total(value: Value) -> Value:
    """The sum of a list of numbers or durations; of an empty list, 0."""
    result: Value = 0
    for index, element in enumerate(items(value)):
        result = add(result, element) if index else _summand(element)
    return result


def _summand(value: Value) -> Value:
    return value if isinstance(value, timedelta) else number(value)


def smallest(*values: Value) -> Value:
    """The least of a list, or of two or more operands."""
    return _extreme(values, -1)


def largest(*values: Value) -> Value:
    """The greatest of a list, or of two or more operands."""
    return _extreme(values, 1)


def _extreme(values: tuple[Value, ...], sign: int) -> Value:
    pool = items(values[0]) if len(values) == 1 else values
    if not pool:
        raise EvaluationError("an empty list has no least and no greatest element")
    best = pool[0]
    order(best, best)
    for candidate in pool[1:]:
        best = candidate if order(candidate, best) == sign else best
    return best
