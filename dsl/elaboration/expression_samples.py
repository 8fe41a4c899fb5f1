"""Texts that a pattern takes, for warnings that show what else passes. Whatever is shown was matched."""

from __future__ import annotations

from typing import assert_never

from wfcheck.dsl.values.matching import Matcher
from wfcheck.dsl.values.regular import (
    ANY_CHAR,
    Chars,
    Choice,
    Regular,
    RegularError,
    Repeat,
    Sequence,
    parse_regular,
)

_LONGEST = 120
_PLAIN = "xz0-_/ .@"


def matches(pattern: str, text: str) -> bool:
    """Whether the regular expression takes the whole text."""
    return Matcher(parse_regular(pattern)).matches(text)


def otherwise(pattern: str, start: int, end: int, read: str, meant: str) -> str | None:
    """A text that the pattern takes, and would not take if `pattern[start:end]` were written as it was `meant`: one in which `read`
    stands there. None where there is no such text, or none is found."""
    try:
        text = _sample(parse_regular(pattern[:start] + read + pattern[end:]))
        if (
            text is None
            or not matches(pattern, text)
            or matches(pattern[:start] + meant + pattern[end:], text)
        ):
            return None
    except RegularError:
        return None
    return text


def plain_text(pattern: str) -> tuple[bool, str, bool] | None:
    """The text of a regular expression that has one, and whether anything may stand before it and behind it."""
    tree = parse_regular(pattern)
    parts = list(tree.parts) if isinstance(tree, Sequence) else [tree]
    before = bool(parts) and _anything(parts[0])
    behind = len(parts) > 1 and _anything(parts[-1])
    chars = [_single(p) for p in parts[before : len(parts) - behind]]
    if not chars or any(c is None for c in chars):
        return None
    return before, "".join(c or "" for c in chars), behind


def _anything(tree: Regular) -> bool:
    return isinstance(tree, Repeat) and tree.body == ANY_CHAR and tree.maximum is None


def _single(tree: Regular) -> str | None:
    match tree:
        case Chars(ranges=((low, high),), negated=False) if low == high:
            return low
        case _:
            return None


def _sample(tree: Regular) -> str | None:
    """A short text of the language."""
    match tree:
        case Chars():
            return _char(tree)
        case Sequence(parts=parts):
            return _joined([_sample(p) for p in parts])
        case Choice(options=options):
            return next((s for s in map(_sample, options) if s is not None), None)
        case Repeat(body=body, minimum=minimum):
            return "" if not minimum else _joined([_sample(body)] * minimum)
        case _:
            assert_never(tree)


def _joined(parts: list[str | None]) -> str | None:
    text = "".join(p for p in parts if p is not None)
    return None if None in parts or len(text) > _LONGEST else text


def _char(tree: Chars) -> str | None:
    lows = [low for low, _ in tree.ranges]
    return next((c for c in (*_PLAIN, *lows) if c in tree and c.isprintable()), None)
