"""Which values of one subject each of several conditions takes: decided on one value of every kind that they can tell apart."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import attrs

from wfcheck.dsl import core, types
from wfcheck.dsl.core import Value
from wfcheck.dsl.phrase import phrase

_WIDTH = 10_000
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
        "==": operator.eq,
        "!=": operator.ne,
    }
)


@attrs.frozen
class Cover:
    """`taken[i]`: the samples that condition i takes. `samples` are in order where the subject is a number."""

    subject: core.Expr
    samples: tuple[Value, ...]
    taken: tuple[frozenset[int], ...]

    @property
    def ordered(self) -> bool:
        """The subject is a number."""
        return not isinstance(types.base(self.subject.type), types.EnumType)

    def gap(self) -> Iterator[Value]:
        """Values that no condition takes: numbers between such as are taken; members of an enum of which several are taken."""
        taken = frozenset().union(*self.taken)
        for place, value in enumerate(self.samples):
            if place not in taken and self._amid(place, taken):
                yield value

    def _amid(self, place: int, taken: frozenset[int]) -> bool:
        if not self.ordered:
            return len(taken) > 1
        return any(p < place for p in taken) and any(p > place for p in taken)

    def shared(self, first: int, second: int) -> Value | None:
        """A value that both conditions take although they seem to part there: of numbers the one at which they meet."""
        both = self.taken[first] & self.taken[second]
        apart = self.taken[first] - both and self.taken[second] - both
        if not both or not apart or (self.ordered and len(both) > 1):
            return None
        return self.samples[min(both)]


def cover(conditions: Sequence[core.Expr]) -> Cover | None:
    """None where the conditions are not all about one subject and constants."""
    found = [_atoms(c) for c in conditions]
    atoms = [a for part in found if part is not None for a in part]
    if not atoms or any(not part for part in found):
        return None
    subject = atoms[0].subject
    if any(phrase(a.subject, _WIDTH) != phrase(subject, _WIDTH) for a in atoms):
        return None
    samples = _samples(subject.type, [v for a in atoms for v in a.values])
    taken = tuple(frozenset(i for i, v in enumerate(samples) if _holds(c, v)) for c in conditions)
    return Cover(subject, samples, taken) if samples else None


@attrs.frozen
class _Atom:
    """`subject op value`, or `subject in values`."""

    subject: core.Expr
    op: str
    values: tuple[Value, ...]

    def holds(self, value: Value) -> bool:
        """Of a subject of this value."""
        if self.op == "in":
            return value in self.values
        return _COMPARE[self.op](value, self.values[0])


def _atoms(condition: core.Expr) -> list[_Atom] | None:
    """None where a part is something else than a comparison with a constant."""
    match condition:
        case core.Apply(op="and" | "or" | "implies" | "not", args=args):
            parts = [_atoms(a) for a in args]
            return None if any(p is None for p in parts) else [a for p in parts for a in p or ()]
        case _:
            atom = _atom(condition)
            return None if atom is None else [atom]


def _atom(condition: core.Expr) -> _Atom | None:
    match condition:
        case core.Apply(op="in", args=(subject, core.Literal(value=tuple() as values))):
            return _Atom(subject, "in", values)
        case core.Apply(op="in", args=(subject, core.MakeList(items=items))):
            known = tuple(i.value for i in items if isinstance(i, core.Literal))
            return _Atom(subject, "in", known) if len(known) == len(items) else None
        case core.Apply(op=op, args=(subject, core.Literal(value=value))) if op in _COMPARE:
            return _Atom(subject, op, (value,))
        case core.Apply(op=op, args=(core.Literal(value=value), subject)) if op in _COMPARE:
            return _Atom(subject, _FLIPPED[op], (value,))
        case _:
            return None


def _holds(condition: core.Expr, value: Value) -> bool:
    match condition:
        case core.Apply(op="not", args=(inner,)):
            return not _holds(inner, value)
        case core.Apply(op="and", args=(left, right)):
            return _holds(left, value) and _holds(right, value)
        case core.Apply(op="or", args=(left, right)):
            return _holds(left, value) or _holds(right, value)
        case core.Apply(op="implies", args=(left, right)):
            return not _holds(left, value) or _holds(right, value)
        case _:
            atom = _atom(condition)
            return atom is not None and atom.holds(value)


def _samples(type_: types.Type, constants: Sequence[Value]) -> tuple[Value, ...]:
    base = types.base(type_)
    if isinstance(base, types.EnumType):
        return tuple(base.members)
    numbers = sorted(
        {Fraction(v) for v in constants if isinstance(v, int | Fraction) and not isinstance(v, bool)}
    )
    if base not in (types.INT, types.DECIMAL) or not numbers or len(numbers) != len(set(constants)):
        return ()
    around = {n + d for n in numbers for d in (-1, 0, 1)}
    around |= {(low + high) / 2 for low, high in pairwise(numbers)}
    if base == types.INT:
        return tuple(sorted({int(n) for n in around if n.denominator == 1}))
    return tuple(sorted(around))
