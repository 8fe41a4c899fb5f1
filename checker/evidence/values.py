"""Whether two records mean the same value."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Final

from wfcheck.checker.traces.event import Json
from wfcheck.checker.traces.messages import opened

_DEEPEST: Final = 100
_LONGEST: Final = 400
_PRINTED: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,9})?")


def same(one: Json, other: Json, depth: int = 0) -> bool:
    """Equal, or equal but for how they were printed: a number as text, a list or object as JSON text, nothing as empty text. Two texts
    are compared as they are, and a number has no zeros in front: `007` is not `7`."""
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
    return x == y if x is not None and y is not None else type(one) is type(other) and one == other


def _word(value: Json) -> str:
    return str(value).strip().lower()


def _number(value: Json) -> Decimal | None:
    if isinstance(value, str) and (len(value) > _LONGEST or not _PRINTED.fullmatch(value.strip())):
        return None
    try:
        found = Decimal(str(value).strip())
    except (InvalidOperation, ValueError):
        return None
    return found if found.is_finite() else None
