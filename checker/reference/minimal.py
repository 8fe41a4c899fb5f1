"""Whether a value is of a type, and the plainest value of a type."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import islice, product

from wfcheck.checker.reference.evaluate import Environment, truth
from wfcheck.checker.reference.values import build
from wfcheck.dsl import core, types
from wfcheck.dsl.core import Value
from wfcheck.dsl.types import Type
from wfcheck.dsl.values.operators import EvaluationError

_INTS: tuple[int, ...] = (0, 1, -1, 2, 3, 5, 10, 12, 100, 1000)
_TEXTS = ("", "a", "b", "x", "a@b.example", "https://a.example/", "1", "abc", "2024-01-01")
_SCALARS: dict[str, tuple[Value, ...]] = {
    "bool": (False, True),
    "int": _INTS,
    "decimal": (*map(Fraction, _INTS), Fraction(1, 2), Fraction(1, 100)),
    "text": _TEXTS,
    "time": (datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)),
    "date": (date(2024, 1, 1), date(2025, 1, 1)),
    "duration": (timedelta(0), timedelta(seconds=1), timedelta(days=1)),
    "address": ("a@b.example", "c@d.example"),
    "url": ("https://a.example/", "https://b.example/"),
    "path": ("a", "/a"),
}
_TRIES = 2000


class NoValueError(ValueError):
    """No value of the type was found among the candidates."""


def minimal(type_: Type) -> Value:
    """The plainest value of a type that satisfies its refinements, by trying candidates; NoValueError when none does."""
    found = next(islice(candidates(type_), 1), _Missing)
    if found is _Missing:
        raise NoValueError(f"no value of {types.show(type_)} among the candidates")
    return found  # type: ignore[return-value]


class _Missing:
    pass


def candidates(type_: Type) -> Iterator[Value]:
    """Values of a type, plainest first; a finite selection unless the type itself is finite."""
    match type_:
        case types.Scalar(name=name):
            yield from _SCALARS[name]
        case types.AnyType():
            yield from (None, "", 0)
        case types.EnumType(members=members):
            yield from members
        case types.RecordType(fields=fields):
            yield from _records(fields)
        case types.ListType(item=item) | types.SetType(item=item):
            yield ()
            yield from ((value,) for value in islice(candidates(item), 5))
        case types.MapType():
            yield {}
        case types.OptionType(base=base):
            yield None
            yield from candidates(base)
        case types.RefinedType(base=base, condition=condition):
            pool = (*islice(candidates(base), _TRIES), *_constants(condition, base))
            yield from (value for value in pool if satisfies(value, condition))


def _records(fields: tuple[tuple[str, Type], ...]) -> Iterator[Value]:
    pools = [tuple(islice(candidates(type_), 12)) for _, type_ in fields]
    for values in islice(product(*pools), _TRIES):
        yield {name: value for (name, _), value in zip(fields, values, strict=True)}


def _constants(condition: core.Expr, base: Type) -> Iterator[Value]:
    """Constants that stand in a condition, and their neighbours."""
    for literal in _literals(condition):
        for value in literal if isinstance(literal, tuple) else (literal,):
            near: tuple[Value, ...] = (value,)
            if isinstance(value, int | Fraction) and not isinstance(value, bool):
                near = (value, value + 1, value - 1)
            elif isinstance(value, str):
                near = (*_around(value, base), value)
            yield from (v for v in near if conforms(v, base))


def _around(name: str, type_: Type) -> tuple[str, ...]:
    """Where a domain or a host may be meant: an address or a link there."""
    match types.base(type_):
        case types.Scalar(name="address") if "@" not in name:
            return (f"a@{name}",)
        case types.Scalar(name="url") if "://" not in name:
            return (f"https://{name}/",)
        case _:
            return ()


def _literals(expr: core.Expr) -> Iterator[Value]:
    match expr:
        case core.Literal(value=value):
            yield value
        case core.Apply(args=args) | core.MakeList(items=args):
            for arg in args:
                yield from _literals(arg)
        case core.Quantified(sources=sources, body=body):
            for part in (*sources, body):
                yield from _literals(part)
        case _:
            return


def satisfies(value: Value, condition: core.Expr) -> bool:
    """Whether `condition` over `it` is true of the value; one that errs is not."""
    try:
        return truth(condition, Environment({("it", "it"): build(value)})) is True
    except EvaluationError:
        return False


def conforms(value: Value, type_: Type) -> bool:
    """Whether a value is of a type. A record has exactly its fields; fields of an option type may be missing."""
    match type_:
        case types.AnyType():
            return True
        case types.Scalar(name=name):
            return _is_scalar(value, name)
        case types.EnumType(members=members):
            return isinstance(value, str) and value in members
        case types.RecordType(fields=fields):
            return isinstance(value, dict) and set(value) <= {n for n, _ in fields} and _fields(value, fields)
        case types.ListType(item=item) | types.SetType(item=item):
            return isinstance(value, tuple) and all(conforms(v, item) for v in value)
        case types.MapType(key=key, value=entry):
            return isinstance(value, dict) and all(
                conforms(k, key) and conforms(v, entry) for k, v in value.items()
            )
        case types.OptionType(base=base):
            return value is None or conforms(value, base)
        case types.RefinedType(base=base, condition=condition):
            return conforms(value, base) and satisfies(value, condition)


def _fields(value: dict[str, Value], fields: tuple[tuple[str, Type], ...]) -> bool:
    return all(conforms(value.get(name), type_) for name, type_ in fields)


def completed(value: Value, type_: Type) -> Value:
    """The value with absent fields of option types written out."""
    match types.base(type_), value:
        case types.RecordType(fields=fields), dict():
            return {name: completed(value.get(name), part) for name, part in fields}
        case ((types.ListType(item=item) | types.SetType(item=item)), tuple()):
            return tuple(completed(v, item) for v in value)
        case types.MapType(value=entry), dict():
            return {k: completed(v, entry) for k, v in value.items()}
        case types.OptionType(base=base), _ if value is not None:
            return completed(value, base)
        case _:
            return value


def _is_scalar(value: Value, name: str) -> bool:
    match name:
        case "bool":
            return isinstance(value, bool)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "decimal":
            return isinstance(value, int | Fraction) and not isinstance(value, bool)
        case "time":
            return isinstance(value, datetime)
        case "date":
            return isinstance(value, date) and not isinstance(value, datetime)
        case "duration":
            return isinstance(value, timedelta)
        case _:
            return isinstance(value, str)
