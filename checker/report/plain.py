"""Values as JSON has them, whatever a run may hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from wfcheck.checker.traces.event import Event
from wfcheck.dsl.source import Span

_DEEPEST = 100
_LONGEST_INT = 1 << 4096


def plain(value: object, depth: int = 0) -> Any:
    """The value from null, booleans, finite numbers, texts without lone surrogates, lists and maps with text keys.

    Exact decimals become text; what is nested deeper than 100 levels becomes an ellipsis."""
    if depth > _DEEPEST:
        return "…"
    match value:
        case None | bool():
            return value
        case int():
            return value if abs(value) < _LONGEST_INT else hex(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case str():
            return clean(value)
        case Mapping():
            return {clean(str(key)): plain(item, depth + 1) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            items = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
            return [plain(item, depth + 1) for item in items]
        case _:
            return _scalar(value)


def _scalar(value: object) -> str:
    match value:
        case Fraction():
            return decimal_text(value)
        case date():
            return value.isoformat()
        case timedelta():
            return f"{value.total_seconds():g}s"
        case Decimal():
            return format(value, "f")
        case _:
            return clean(str(value))


def decimal_text(value: Fraction) -> str:
    """The exact decimal expansion where there is one, else `p/q`."""
    denominator, places = value.denominator, 0
    for prime in (2, 5):
        count = 0
        while denominator % prime == 0:
            denominator, count = denominator // prime, count + 1
        places = max(places, count)
    if denominator != 1 or places > 30:
        return str(value)
    if places == 0:
        return str(value.numerator)
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def clean(text: str) -> str:
    """The text with lone surrogates, which no encoding has, written as escapes."""
    if text.isascii():
        return text
    return "".join(f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in text)


def event_json(event: Event) -> dict[str, Any]:
    """A canonical event as a JSON object, fields with their default left out."""
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    kept = {n: v for n, v in fields.items() if v is not None and (n, v) != ("trace", "")}
    if event.source is not None:
        kept["source"] = msgspec.structs.asdict(event.source)
    made: dict[str, Any] = plain(kept)
    return made


def span_json(span: Span) -> dict[str, int]:
    """Lines and columns of a span, counted from 1; the end is exclusive."""
    return {
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }
