"""Literals: from the text of a token to its node, with a diagnostic where the text says nothing sensible."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

from wfcheck.dsl.diagnostic import Diagnostic
from wfcheck.dsl.source import Span
from wfcheck.dsl.syntax import DateLit, DecimalLit, DurationLit, IntLit, RegexLit, TextLit, TimeLit

Note: TypeAlias = Callable[[Diagnostic], None]
MAX_NUMBER = 400
MAX_TEXT = 100_000
MAX_PATTERN = 10_000
_UNITS = {
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3600),
    "d": Fraction(86400),
}


def _fits(text: str, limit: int, what: str, span: Span, note: Note) -> bool:
    if len(text) <= limit:
        return True
    help_ = "shorten it"
    note(Diagnostic("WF110", f"this {what} is longer than {limit} characters", span, help=help_))
    return False


def integer(text: str, span: Span, note: Note) -> IntLit:
    """`10_000`"""
    fits = _fits(text, MAX_NUMBER, "number", span, note)
    return IntLit(int(text.replace("_", "")) if fits else 0, span=span)


def decimal(text: str, span: Span, note: Note) -> DecimalLit:
    """`0.5`, exact."""
    fits = _fits(text, MAX_NUMBER, "number", span, note)
    return DecimalLit(Fraction(text.replace("_", "")) if fits else Fraction(0), text, span=span)


def duration(text: str, span: Span, note: Note) -> DurationLit:
    """`500ms 60s 5m 24h 7d`"""
    unit = "ms" if text.endswith("ms") else text[-1]
    number = text[: -len(unit)].replace("_", "")
    fits = _fits(number, MAX_NUMBER, "number", span, note)
    return DurationLit((Fraction(number) if fits else Fraction(0)) * _UNITS[unit], text, span=span)


def date(text: str, span: Span, note: Note) -> DateLit:
    """`2024-05-15`"""
    if not _is_date(text):
        note(_no_such("date", text, span, "write year-month-day, such as `2024-05-15`"))
    return DateLit(text, span=span)


def time(text: str, span: Span, note: Note) -> TimeLit:
    """`2024-05-15T15:00-05:00`, or a clock `12:00:05`."""
    day, _, clock = text.rpartition("T")
    if (day and not _is_date(day)) or not _is_clock(clock):
        note(_no_such("time", text, span, "write `2024-05-15T15:00-05:00`, or a clock such as `12:00:05`"))
    return TimeLit(text, span=span)


def text(raw: str, span: Span, note: Note) -> TextLit:
    """A text in double quotes, with the escapes of JSON."""
    if not _fits(raw, MAX_TEXT, "text", span, note):
        return TextLit("", span=span)
    value = raw[1:-1] if "\\" not in raw else str(json.loads(raw))
    if any("\ud800" <= char <= "\udfff" for char in value):
        help_ = "write both halves of the pair, such as `\\ud83d\\ude00`"
        note(Diagnostic("WF106", "this text holds half of a surrogate pair", span, help=help_))
        value = value.encode("utf-8", "replace").decode()
    return TextLit(value, span=span)


def regex(raw: str, span: Span, note: Note) -> RegexLit:
    """A pattern between slashes."""
    fits = _fits(raw, MAX_PATTERN, "regular expression", span, note)
    return RegexLit(raw[1:-1] if fits else "", span=span)


def _no_such(what: str, text: str, span: Span, help_: str) -> Diagnostic:
    return Diagnostic("WF112", f"there is no {what} `{text}`", span, help=help_)


def _is_date(text: str) -> bool:
    year, month, day = (int(part) for part in text.split("-"))
    if not (year >= 1 and 1 <= month <= 12):
        return False
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return 1 <= day <= days[month - 1]


def _is_clock(text: str) -> bool:
    zone = ""
    for sign in "+-":
        text, _, found = text.partition(sign) if sign in text else (text, "", "")
        zone = zone or found
    parts = text.rstrip("Z").split(":")
    hour, minute, second = int(parts[0]), int(parts[1]), float(parts[2]) if len(parts) > 2 else 0.0
    good_zone = not zone or (int(zone[:2]) <= 23 and int(zone[3:]) <= 59)
    return hour <= 23 and minute <= 59 and second < 60 and good_zone
