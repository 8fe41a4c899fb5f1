"""Times as traces print them: ISO text, or seconds, milliseconds, nanoseconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from wfcheck.checker.traces.event import Json

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = 253_402_300_799 * 10**9
_UNITS: dict[str, int] = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def nanoseconds(value: Json, unit: str = "s") -> int | None:
    """Nanoseconds since 1970 of a number (or printed number) in `unit`, or of ISO text; None if it is neither."""
    if isinstance(value, str):
        return _of_text(value.strip(), unit)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    number = Decimal(value)
    return _within(int(number * _UNITS[unit])) if abs(number) < 10**20 else None


def _of_text(text: str, unit: str) -> int | None:
    if text.isascii() and text.isdigit() and len(text) < 22:
        return nanoseconds(int(text), unit)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _within((moment - _EPOCH) // timedelta(microseconds=1) * 1000)


def _within(moment: int) -> int | None:
    return moment if 0 <= moment <= _LAST else None


def iso(moment: int | None) -> str | None:
    """The ISO text of nanoseconds since 1970, in UTC."""
    if moment is None:
        return None
    return (_EPOCH + timedelta(microseconds=moment // 1000)).isoformat().replace("+00:00", "Z")
