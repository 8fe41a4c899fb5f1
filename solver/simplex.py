"""A tiny exact simplex: a solution without negative values of a few linear equations (first phase, Bland's rule)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

_MOST_PIVOTS = 2_000


def solution(rows: Sequence[Sequence[Fraction]], target: Sequence[Fraction]) -> list[Fraction] | None:
    """Values x >= 0 with rows * x = target, or None if there are none (or too many pivots would be needed)."""
    width = len(rows[0]) if rows else 0
    table = [_start(row, goal, i, len(rows)) for i, (row, goal) in enumerate(zip(rows, target, strict=True))]
    basis = [width + i for i in range(len(rows))]
    cost = [-sum((row[j] for row in table), Fraction(0)) for j in range(width)]
    cost += [Fraction(0)] * len(rows) + [-sum((row[-1] for row in table), Fraction(0))]
    for _ in range(_MOST_PIVOTS):
        entering = next((j for j in range(width) if cost[j] < 0), None)
        if entering is None:
            break
        leaving = _leaving(table, basis, entering)
        if leaving is None:
            return None
        _pivot(table, cost, leaving, entering)
        basis[leaving] = entering
    if cost[-1] != 0 or any(c < 0 for c in cost[:width]):
        return None
    found = [Fraction(0)] * width
    for row, column in zip(table, basis, strict=True):
        if column < width:
            found[column] = row[-1]
    return found


def _start(row: Sequence[Fraction], goal: Fraction, place: int, count: int) -> list[Fraction]:
    sign = -1 if goal < 0 else 1
    extra = [Fraction(int(i == place)) for i in range(count)]
    return [*(sign * value for value in row), *extra, sign * goal]


def _leaving(table: Sequence[Sequence[Fraction]], basis: Sequence[int], entering: int) -> int | None:
    ratios = [(row[-1] / row[entering], basis[i], i) for i, row in enumerate(table) if row[entering] > 0]
    return min(ratios)[2] if ratios else None


def _pivot(table: list[list[Fraction]], cost: list[Fraction], leaving: int, entering: int) -> None:
    scale = table[leaving][entering]
    table[leaving] = [value / scale for value in table[leaving]]
    for row in (*(r for i, r in enumerate(table) if i != leaving), cost):
        if factor := row[entering]:
            row[:] = [a - factor * c for a, c in zip(row, table[leaving], strict=True)]
