"""What makes a model plain: small whole numbers, few things that happen."""

from __future__ import annotations

from collections.abc import Iterable

from wfcheck.solver.build import and_, eq, floor, integer, le, rational, real
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Symbol, Term

_MOST = 12


def wishes_for(symbols: Iterable[Symbol]) -> tuple[Term, ...]:
    """Wishes about the first few numeric symbols: zero or one, else between 0 and 10, else between 0 and 1000; and whole."""
    numbers = [s for s in symbols if s.sort in (Sort.INT, Sort.REAL)][:_MOST]
    found: list[Term] = []
    for bound in (0, 1, 10, 1000):
        found += [_between(symbol, bound) for symbol in numbers]
    return tuple(found + [_whole(s) for s in numbers if s.sort is Sort.REAL])


def _between(symbol: Symbol, bound: int) -> Term:
    make = integer if symbol.sort is Sort.INT else rational
    return and_(le(make(0), symbol), le(symbol, make(bound)))


def _whole(symbol: Symbol) -> Term:
    return eq(symbol, real(floor(symbol)))
