"""Regular languages over Unicode texts, as trees. A language is always matched against the whole text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import attrs

LAST = 0x10FFFF


@attrs.frozen(cache_hash=True)
class Chars:
    """One character with a code point in the sorted, disjoint, inclusive ranges."""

    ranges: tuple[tuple[int, int], ...]


@attrs.frozen(cache_hash=True)
class Concat:
    parts: tuple[Language, ...]


@attrs.frozen(cache_hash=True)
class Union:
    options: tuple[Language, ...]


@attrs.frozen(cache_hash=True)
class Repeat:
    """`maximum` None: without end."""

    body: Language
    minimum: int
    maximum: int | None


Language: TypeAlias = Chars | Concat | Union | Repeat


def chars(ranges: Iterable[tuple[int, int]], *, negated: bool = False) -> Chars:
    """Characters in (or outside) inclusive ranges of code points, in any order."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return Chars(_complement(merged) if negated else tuple(merged))


def _complement(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    found, start = [], 0
    for low, high in ranges:
        if start < low:
            found.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        found.append((start, LAST))
    return tuple(found)


ANY_CHAR = Chars(((0, LAST),))
ANY_TEXT = Repeat(ANY_CHAR, 0, None)


def word(text: str) -> Language:
    """The language of one text."""
    return Concat(tuple(Chars(((ord(c), ord(c)),)) for c in text))


def concat(*parts: Language) -> Language:
    """One after the other."""
    return Concat(parts)


def of_length(minimum: int, maximum: int | None) -> Language:
    """All texts with so many characters."""
    return Repeat(ANY_CHAR, max(minimum, 0), maximum)
