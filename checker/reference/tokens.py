"""What in a value must come from somewhere, and whether it stands in another value: by definition, value by value.

The tokens of a value are its numbers, dates and durations, addresses, urls, paths and members of enums as a whole, and of a text:
the text itself if it is one word, else the addresses, links, dates, numbers with many digits and codes in it. An absent value,
a truth value and empty text have none. Comparison makes letter case, white space and quotation marks even; whatever might be the same
written another way is unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction

import attrs

from wfcheck.checker.reference.codec import decimal_text
from wfcheck.checker.reference.evaluate import Truth
from wfcheck.checker.reference.truths import any_of
from wfcheck.checker.reference.values import Atom, Items, Labelled, Record, Unknown
from wfcheck.dsl import core, types
from wfcheck.dsl.types import Type

_QUOTES = "\"'`“”‘’«»"
_INSIDE = re.compile(r"[^\s,;()<>\[\]{}]+")
_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?")
_LOOSE = Unknown("it may be the same value written in another way")


@attrs.frozen
class Token:
    """`value`: a number, date, time, duration or text. `loose`: words that may name something or may be prose."""

    value: core.Value
    loose: bool = False


def leaves(tree: Labelled, place: core.FieldPath = ()) -> Iterator[tuple[core.FieldPath, Atom]]:
    """The scalars of a value with their places; an element of a list or an entry of a map is at its number or key."""
    match tree:
        case Atom():
            yield place, tree
        case Record(fields=fields):
            for name, part in fields.items():
                yield from leaves(part, (*place, name))
        case Items(items=items):
            for number, part in enumerate(items):
                yield from leaves(part, (*place, f"[{number}]"))


def at(tree: Labelled, path: core.FieldPath) -> Iterator[Labelled]:
    """The parts of a value at a field path."""
    if not path:
        yield tree
        return
    head, rest = path[0], path[1:]
    match tree:
        case Record(fields=fields):
            for name, part in fields.items():
                if head in (name, "[]"):
                    yield from at(part, rest)
        case Items(items=items):
            for part in items if head == "[]" else ():
                yield from at(part, rest)
        case Atom():
            yield tree


def below(path: core.FieldPath, place: core.FieldPath) -> bool:
    """Whether a place is at or under a field path."""
    pairs = zip(path, place, strict=False)
    return len(path) <= len(place) and all(step in ("[]", here) for step, here in pairs)


def tokens(value: core.Value, type_: Type) -> Iterator[Token]:
    """The tokens of a scalar of a declared type."""
    bare = types.base(type_)
    if isinstance(bare, types.OptionType):
        bare = types.base(bare.base)
    match value:
        case None | bool():
            return
        case str():
            whole = isinstance(bare, types.EnumType) or (
                isinstance(bare, types.Scalar) and bare.name in ("address", "url", "path")
            )
            yield from _of_text(value.strip(), whole)
        case _:
            yield Token(value)


def _of_text(text: str, whole: bool) -> Iterator[Token]:
    if not text:
        return
    if whole or len(text.split()) == 1:
        yield Token(text)
        return
    found = [t for t in (part.strip(".:!?" + _QUOTES) for part in _INSIDE.findall(text)) if _identifies(t)]
    yield from map(Token, found)
    if not found:
        yield Token(text, loose=True)


def _identifies(word: str) -> bool:
    """An address, a link, a date, a code."""
    digits = sum(c.isdigit() for c in word)
    mixed = digits >= 2 and len(word) >= 6
    return "@" in word or "://" in word or bool(re.search(r"\w\.\w", word)) or mixed or digits >= 5


def stands_in(token: Token, source: core.Value | Unknown) -> Truth:
    """Whether a token stands in a scalar."""
    if isinstance(source, Unknown):
        return source
    if source is None or isinstance(source, bool):
        return False
    if isinstance(source, str):
        return _in_text(token.value, source)
    if isinstance(token.value, str):
        return _in_text(token.value, _written(source)) or _in_text(_written(source), token.value)
    return (type(source) is type(token.value) and source == token.value) or _number(token.value, source)


def _number(one: core.Value, other: core.Value) -> bool:
    numbers = isinstance(one, int | Fraction) and isinstance(other, int | Fraction)
    return numbers and one == other


def _in_text(value: core.Value, text: str) -> Truth:
    if isinstance(value, int | Fraction):
        found = any(_same_number(part, value) for part in _NUMBER.findall(text))
        return True if found else _perhaps(_written(value), text)
    needle, hay = _folded(_written(value)), f" {_folded(text)} "
    if not needle:
        return True
    edges = (r"(?<!\w)" if needle[0].isalnum() else "", r"(?!\w)" if needle[-1].isalnum() else "")
    if re.search(edges[0] + re.escape(needle) + edges[1], hay):
        return True
    dated = isinstance(value, date | timedelta) and any(c.isdigit() for c in text)
    return _LOOSE if dated else _perhaps(needle, text)


def _same_number(part: str, value: int | Fraction) -> bool:
    return Fraction(part.replace(",", "")) == value


def _perhaps(needle: str, text: str) -> Truth:
    """Letters and digits alone, one within the other; dates in other words."""
    bare, hay = _bare(needle), _bare(text)
    if not bare or bare in hay:
        return _LOOSE
    digits = [c for c in needle if c.isdigit()]
    return _LOOSE if len(digits) >= 5 and all(c in hay for c in digits) else False


def _bare(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _folded(text: str) -> str:
    return " ".join("".join(c for c in text.casefold() if c not in _QUOTES).split())


def _written(value: core.Value) -> str:
    match value:
        case Fraction() | int():
            return decimal_text(Fraction(value))
        case date() | datetime():
            return value.isoformat()
        case _:
            return str(value)


def found_in(token: Token, tree: Labelled) -> Truth:
    """Whether a token stands anywhere in a value."""
    return any_of(stands_in(token, atom.value) for _, atom in leaves(tree))
