"""Whether two records mean the same value."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from wfcheck.checker.traces.event import Json
from wfcheck.checker.traces.messages import opened

_DEEPEST = 100


def same(one: Json, other: Json, depth: int = 0) -> bool:
    """Equal, or equal but for how they were printed: a number as text, a list or object as JSON text, nothing as empty text. Two texts
    are compared as they are: `007` is not `7`."""
    if depth > _DEEPEST:
        return False
    if isinstance(one, str) and isinstance(other, str) and one == other:
        return True
    one, other = opened(one), opened(other)
    match one, other:
        case (dict(), dict()):
            return one.keys() == other.keys() and all(same(one[k], other[k], depth + 1) for k in one)
        case (list(), list()):
            return len(one) == len(other) and all(
                same(x, y, depth + 1) for x, y in zip(one, other, strict=True)
            )
        case (str(), str()):
            return one.strip() == other.strip()
        case _:
            return _scalar(one, other)


def comparable(one: Json, other: Json) -> bool:
    """Whether it means anything that two results differ: a text about a record is no other record."""
    one, other = opened(one), opened(other)
    return isinstance(one, dict | list) == isinstance(other, dict | list)


def _scalar(one: Json, other: Json) -> bool:
    if isinstance(one, dict | list) or isinstance(other, dict | list):
        return False
    if one in (None, "") or other in (None, ""):
        return one in (None, "") and other in (None, "")
    if isinstance(one, bool) or isinstance(other, bool):
        return _word(one) == _word(other)
    x, y = _number(one), _number(other)
    return x is not None and x == y


def _word(value: Json) -> str:
    return str(value).strip().lower()


def _number(value: Json) -> Decimal | None:
    try:
        found = Decimal(str(value).strip()) if len(str(value)) < 400 else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None
