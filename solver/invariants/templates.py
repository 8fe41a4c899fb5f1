"""Candidates for invariants: inequalities of a few shapes over a place's columns, and implications. Only what holds in all sampled
states is offered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, permutations
from typing import Any, Literal, TypeAlias

from wfcheck.solver import build as b
from wfcheck.solver.evaluate import Model, evaluate_all
from wfcheck.solver.invariants.desk import State
from wfcheck.solver.invariants.vocabulary import Vocabulary
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Symbol, Term

Reach: TypeAlias = Literal["own", "pairs", "wide"]
"""own: comparisons that occur in the system, and bounds of single columns. pairs: also of two and three columns. wide: also
implications whose conclusion holds in every sampled state by itself."""
_MOST_IMPLICATIONS = 1_500
_MOST_TRIPLES = 9
_MOST_FREE = 12
_MOST_LIMITS = 8
_FAR = 1_000_000


def values(terms: Sequence[Term], state: State) -> list[Any]:
    """The terms' values in a state; what it is silent about has any value."""
    model = Model({s.name: v for s, v in state.items() if isinstance(s, Symbol)})
    known = evaluate_all(terms, model, guess=True, values=dict(state))
    return [known[t] for t in terms]


def candidates(
    words: Vocabulary,
    states: Sequence[State],
    constants: Sequence[Fraction],
    hints: Sequence[Term],
    reach: Reach,
) -> tuple[Term, ...]:
    """Formulas that hold in every state."""
    bounds = tuple(dict.fromkeys(_inequalities(words, states, constants, reach)))
    firm, weak = _split(bounds, states)
    literals = [literal for atom in words.atoms for literal in (atom, b.not_(atom))]
    rest = [*hints, *literals, *(b.or_(x, y) for x, y in combinations(literals[:24], 2))]
    kept, _ = _split(tuple(dict.fromkeys(rest)), states)
    premises = [*literals, *(b.and_(x, y) for x in literals[:16] for y in _positions(words))]
    own = {order for o in words.orders for order in (o, b.not_(o))}
    weak = [t for t in weak if t in own] if reach == "own" else weak
    implied = _implications(premises, [*weak, *(firm if reach == "wide" else ())], states)
    return tuple(dict.fromkeys((*kept, *firm, *implied)))


def _split(terms: Sequence[Term], states: Sequence[State]) -> tuple[list[Term], list[Term]]:
    """Those that hold in every state, and the others."""
    alive = dict.fromkeys(range(len(terms)))
    for state in states:
        found = values([terms[i] for i in alive], state)
        for number, value in zip(tuple(alive), found, strict=True):
            if value is not True:
                del alive[number]
    return [terms[i] for i in alive], [t for i, t in enumerate(terms) if i not in alive]


def _implications(literals: Sequence[Term], bounds: Sequence[Term], states: Sequence[State]) -> list[Term]:
    """Literal by literal: the bounds that hold wherever it does, if it does somewhere."""
    found: list[Term] = []
    truths = [dict(zip(literals, values(literals, s), strict=True)) for s in states]
    for literal in literals:
        where = [s for s, truth in zip(states, truths, strict=True) if truth[literal] is True]
        if where and len(where) < len(states):
            found += [b.implies(literal, bound) for bound in _split(bounds, where)[0]]
    return found[:_MOST_IMPLICATIONS]


def _positions(words: Vocabulary) -> list[Term]:
    """Fixed numbers may be positions in a list, from 0 or 1 on."""
    return [b.le(number(Fraction(n), r.sort), r) for r in words.fixed[:2] for n in (0, 1)]


def _inequalities(
    words: Vocabulary, states: Sequence[State], constants: Sequence[Fraction], reach: Reach
) -> Iterator[Term]:
    yield from (f for order in words.orders for f in (order, b.not_(order)))
    limits = dict.fromkeys(c + n for n in (0, -1, 1) for c in constants[:_MOST_LIMITS])
    yield from (f for column in words.columns for constant in limits for f in _bounds(column, constant))
    if reach == "own":
        return
    table: dict[Term, list[Any]] = {column: [] for column in words.columns}
    for state in states:
        for column, value in zip(words.columns, values(words.columns, state), strict=True):
            table[column].append(value)
    few = constants if len(words.columns) <= _MOST_FREE else ()
    for x, y in permutations(words.columns, 2):
        most = max((p - q for p, q in zip(table[x], table[y], strict=True)), default=0)
        yield from _pairs(x, y, Fraction(most), few)
    if len(words.columns) <= _MOST_TRIPLES:
        yield from _triples(words.columns, constants)


def _bounds(column: Term, constant: Fraction) -> Iterable[Term]:
    if abs(constant) > _FAR or (column.sort is Sort.INT and constant.denominator != 1):
        return ()
    limit = number(constant, column.sort)
    return (b.le(column, limit), b.le(limit, column))


def _pairs(x: Term, y: Term, most: Fraction, constants: Sequence[Fraction]) -> Iterator[Term]:
    """`most`: the greatest difference in the data. Without constants, as where there are many columns, only what holds there."""
    for constant in dict.fromkeys((most, Fraction(-1), Fraction(0), Fraction(1))):
        if abs(constant) < 100 and (constants or constant == most or most <= constant == 0):
            yield at_most(((1, x), (-1, y)), constant)
    for factor in constants:
        if factor > 1:
            yield at_most(((1, x), (-factor, y)), Fraction(0))


def _triples(columns: Sequence[Term], constants: Sequence[Fraction]) -> Iterator[Term]:
    for (i, x), (j, y), (k, z) in permutations(enumerate(columns), 3):
        if j < k:
            yield at_most(((1, x), (-1, y), (-1, z)), Fraction(0))
        if i < j:
            yield at_most(((1, x), (1, y), (-1, z)), Fraction(0))
    for x, y in combinations(columns, 2):
        for constant in constants:
            yield at_most(((1, x), (1, y)), constant)


def at_most(parts: Sequence[tuple[Fraction | int, Term]], constant: Fraction) -> Term:
    """The sum of factor times term is at most the constant; negative factors stand on the right, so that it reads well."""
    whole = all(t.sort is Sort.INT for _, t in parts) and all(
        Fraction(n).denominator == 1 for n in (*(f for f, _ in parts), constant)
    )
    sort = Sort.INT if whole else Sort.REAL
    left = [_scaled(Fraction(f), t, sort) for f, t in parts if f > 0]
    right = [_scaled(Fraction(-f), t, sort) for f, t in parts if f < 0]
    (right if constant >= 0 else left).append(number(abs(constant), sort))
    zero = number(Fraction(0), sort)
    return b.le(b.add(zero, *left), b.add(zero, *right))


def equal(parts: Sequence[tuple[int, Term]], constant: int) -> Term:
    """The sum of factor times term is the constant."""
    low = at_most(parts, Fraction(constant))
    assert not isinstance(low, Symbol)
    args = getattr(low, "args", None)
    return b.eq(args[0], args[1]) if args else low


def _scaled(factor: Fraction, term: Term, sort: Sort) -> Term:
    same = b.real(term) if sort is Sort.REAL and term.sort is Sort.INT else term
    return b.mul(number(factor, sort), same)


def number(value: Fraction, sort: Sort) -> Term:
    """The constant of that sort."""
    return b.integer(int(value)) if sort is Sort.INT else b.rational(value)
