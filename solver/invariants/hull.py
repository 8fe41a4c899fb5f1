"""Affine hulls of points, in exact fractions (Karr, Affine relationships among variables of a program, 1976)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import TypeAlias

import attrs

Vector: TypeAlias = tuple[Fraction, ...]


@attrs.frozen
class Hull:
    """The smallest affine space that holds some points: an origin, and directions in echelon form with their pivots."""

    origin: Vector
    directions: tuple[tuple[int, Vector], ...] = ()

    def grown(self, point: Sequence[Fraction]) -> Hull:
        """With one more point; the same object if it was inside."""
        if len(self.directions) == len(self.origin):
            return self
        rest = _reduced(tuple(a - o for a, o in zip(point, self.origin, strict=True)), self.directions)
        pivot = next((i for i, value in enumerate(rest) if value), None)
        if pivot is None:
            return self
        unit = tuple(value / rest[pivot] for value in rest)
        others = tuple((p, _minus(d, unit, d[pivot])) for p, d in self.directions)
        return Hull(self.origin, (*others, (pivot, unit)))

    def equations(self) -> tuple[tuple[tuple[int, ...], int], ...]:
        """Integer coefficients and a constant each: the sum of coefficient times coordinate is the constant. Independent, and
        together they are the hull."""
        pivots = dict(self.directions)
        found: list[tuple[tuple[int, ...], int]] = []
        for free in (i for i in range(len(self.origin)) if i not in pivots):
            row = [Fraction(0)] * len(self.origin)
            row[free] = Fraction(1)
            for pivot, direction in pivots.items():
                row[pivot] = -direction[free]
            found.append(
                _whole(row, sum((a * o for a, o in zip(row, self.origin, strict=True)), Fraction(0)))
            )
        return tuple(found)


def _reduced(vector: Vector, directions: Sequence[tuple[int, Vector]]) -> Vector:
    for pivot, direction in directions:
        vector = _minus(vector, direction, vector[pivot])
    return vector


def _minus(vector: Vector, other: Vector, factor: Fraction) -> Vector:
    return tuple(a - factor * c for a, c in zip(vector, other, strict=True)) if factor else vector


def _whole(row: Sequence[Fraction], constant: Fraction) -> tuple[tuple[int, ...], int]:
    scale = lcm(*(value.denominator for value in (*row, constant)))
    numbers = [int(value * scale) for value in (*row, constant)]
    common = gcd(*numbers) or 1
    return tuple(n // common for n in numbers[:-1]), numbers[-1] // common
