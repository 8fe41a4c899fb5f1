"""A few plain values of a type, and words of a pattern."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import islice

from wfcheck.checker.reference import minimal
from wfcheck.dsl import types
from wfcheck.dsl.core import Value
from wfcheck.dsl.types import Type
from wfcheck.dsl.values import regular
from wfcheck.dsl.values.regular import Regular, RegularError

MOST = 5
_LONGEST = 200
_DEEPEST = 8
_PLAIN: Mapping[str, tuple[Value, ...]] = {
    "bool": (True, False),
    "int": (1, 2, 0),
    "decimal": (Fraction(1), Fraction(1, 100), Fraction(2), Fraction(0)),
    "text": ("a", "b", "yes"),
    "time": (datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)),
    "date": (date(2024, 1, 1), date(2025, 1, 1)),
    "duration": (timedelta(seconds=1), timedelta(days=1)),
    "address": ("a@one.example", "b@two.example"),
    "url": ("https://one.example/", "https://two.example/"),
    "path": ("a", "b"),
}


def values(type_: Type, constants: Iterable[Value] = (), most: int = MOST) -> list[Value]:
    """Values of the type: the plainest, then the constants that fit, then other plain ones."""
    first, *rest = [*islice(_candidates(type_, tuple(constants), 0), most), None]
    fitting = [value for value in constants if minimal.conforms(value, type_)]
    found: list[Value] = []
    for value in (first, *fitting, *rest):
        if value not in found and minimal.conforms(value, type_):
            found.append(value)
    return found[:most]


def _candidates(type_: Type, constants: tuple[Value, ...], depth: int) -> Iterator[Value]:
    if depth == _DEEPEST:
        yield from islice(minimal.candidates(type_), 1)
        return
    match type_:
        case types.Scalar(name=name):
            yield from _PLAIN[name]
        case types.AnyType():
            yield from _PLAIN["text"]
        case types.RecordType(fields=fields):
            yield from _records(fields, constants, depth)
        case types.ListType(item=item) | types.SetType(item=item):
            items = list(islice(_candidates(item, constants, depth + 1), 2))
            yield from ((value,) for value in items)
            yield ()
        case types.OptionType(base=base):
            yield from islice(_candidates(base, constants, depth + 1), 2)
            yield None
        case types.RefinedType(base=base):
            yield from (v for v in _candidates(base, constants, depth + 1) if minimal.conforms(v, type_))
            yield from islice((v for v in constants if minimal.conforms(v, type_)), 2)
            yield from islice(minimal.candidates(type_), 3)
        case _:
            yield from islice(minimal.candidates(type_), 3)


def _records(
    fields: tuple[tuple[str, Type], ...], constants: tuple[Value, ...], depth: int
) -> Iterator[Value]:
    """The plainest, then one field after another changed to a constant or another value."""
    options = {name: _options(type_, constants, depth + 1) for name, type_ in fields}
    if not all(options.values()):
        return
    plainest = {name: found[0] for name, found in options.items()}
    yield plainest
    for name, found in options.items():
        yield from ({**plainest, name: value} for value in found[1:])


def _options(type_: Type, constants: tuple[Value, ...], depth: int) -> list[Value]:
    plain = list(islice(_candidates(type_, constants, depth), 2))
    fitting = [value for value in constants if minimal.conforms(value, type_)][:3]
    return [*plain[:1], *fitting, *plain[1:]]


def example(op: str, pattern: str) -> tuple[str, ...]:
    """A short word of a glob (`like`) or regular expression (`matches`); none where that is not easily found."""
    try:
        tree = regular.parse_glob(pattern) if op == "like" else regular.parse_regular(pattern)
    except RegularError:
        return ()
    found = _word(tree)
    return () if found is None or len(found) > _LONGEST else (found,)


def _word(tree: Regular) -> str | None:
    match tree:
        case regular.Chars():
            letters = (*map(chr, range(97, 123)), *"0A @./-_", *(low for low, _ in tree.ranges))
            return next((c for c in letters if c in tree), None)
        case regular.Sequence(parts=parts):
            words = [_word(part) for part in parts]
            return None if None in words else "".join(word for word in words if word)[: _LONGEST + 1]
        case regular.Choice(options=options):
            return next((w for w in map(_word, options) if w is not None), None)
        case regular.Repeat(body=body, minimum=minimum):
            word = _word(body) if minimum else ""
            return None if word is None else (word * min(minimum, _LONGEST + 1))[: _LONGEST + 1]
