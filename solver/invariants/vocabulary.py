"""What a place can be described with: Boolean atoms, numeric columns, constants. Taken from the system's own formulas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction

import attrs

from wfcheck.solver import build as b
from wfcheck.solver.sort import NUMERIC, Sort
from wfcheck.solver.term import App, Const, Symbol, Term, post_order
from wfcheck.solver.transition import System

_MOST_ATOMS = 24
_MOST_COLUMNS = 40
_MOST_CONSTANTS = 12
_ODD = frozenset({"fn", "member", "length", "floor", "div"})


@attrs.frozen
class Vocabulary:
    """Over the variables of a place and the rigid symbols. `orders`: comparisons of numbers that occur in the system. `watched`: the
    atoms and columns whose value does not follow from the values of symbols. `fixed`: rigid numbers."""

    atoms: tuple[Term, ...]
    columns: tuple[Term, ...]
    orders: tuple[Term, ...]
    watched: tuple[Term, ...]
    fixed: tuple[Symbol, ...] = ()


def vocabularies(system: System) -> dict[str, Vocabulary]:
    """One per place."""
    terms = tuple(post_order(_roots(system)))
    scope = _scopes(terms)
    return {place: _vocabulary(system, place, terms, scope) for place in system.segments}


def constants(system: System) -> tuple[Fraction, ...]:
    """The numbers that occur in the system, the most frequent first; 0 and 1 always."""
    found: Counter[Fraction] = Counter()
    for term in post_order(_roots(system)):
        for arg in term.args if isinstance(term, App) else ():
            if isinstance(arg, Const) and arg.sort in NUMERIC:
                found[Fraction(arg.value)] += 1
    ranked = sorted(found, key=lambda c: (-found[c], abs(c), c))
    return tuple(dict.fromkeys((Fraction(0), Fraction(1), *ranked)))[:_MOST_CONSTANTS]


def _roots(system: System) -> Iterable[Term]:
    for segment in system.segments.values():
        yield from (bad.formula for bad in segment.bad)
        for move in segment.moves:
            yield from (move.guard, *move.values)
        yield from (term for _, term in segment.assumptions)
    for hints in system.hints.values():
        yield from hints


def _scopes(terms: tuple[Term, ...]) -> dict[Term, frozenset[Symbol]]:
    found: dict[Term, frozenset[Symbol]] = {}
    for term in terms:
        match term:
            case Symbol():
                found[term] = frozenset({term})
            case App(args=args):
                found[term] = frozenset[Symbol]().union(*(found[a] for a in args))
            case _:
                found[term] = frozenset()
    return found


def _vocabulary(
    system: System, place: str, terms: tuple[Term, ...], scope: dict[Term, frozenset[Symbol]]
) -> Vocabulary:
    variables = system.variables[place]
    visible = frozenset((*variables, *system.rigid))
    here = [t for t in terms if isinstance(t, App) and scope[t] and scope[t] <= visible]
    names = [*variables, *system.rigid]
    atoms = [s for s in names if s.sort is Sort.BOOL]
    atoms += [t for t in here if _is_atom(t)]  # type: ignore[misc]
    atoms += _meetings(variables, system.rigid)  # type: ignore[arg-type]
    columns = [s for s in names if s.sort in NUMERIC]
    columns += [t for t in here if t.sort in NUMERIC and t.op in _ODD]  # type: ignore[misc]
    orders = [t for t in here if _is_order(t)]
    kept_atoms = tuple(dict.fromkeys(atoms))[:_MOST_ATOMS]
    kept_columns = tuple(dict.fromkeys(columns))[:_MOST_COLUMNS]
    odd = {t for t in here if t.op in _ODD or not odd_free(t)}
    watched = tuple(t for t in (*kept_atoms, *kept_columns, *orders) if t in odd)
    fixed = tuple(r for r in system.rigid if r.sort in NUMERIC)
    return Vocabulary(
        kept_atoms, kept_columns, tuple(dict.fromkeys(orders)), tuple(dict.fromkeys(watched)), fixed
    )


def odd_free(term: Term) -> bool:
    """Whether the values of its symbols decide the term."""
    return not any(isinstance(t, App) and t.op in _ODD for t in post_order((term,)))


def _is_atom(term: App) -> bool:
    if term.sort is not Sort.BOOL:
        return False
    return term.op in ("member", "fn") or (term.op == "eq" and term.args[0].sort in (Sort.TEXT, Sort.OPAQUE))


def _is_order(term: App) -> bool:
    return term.op in ("lt", "le") or (term.op == "eq" and term.args[0].sort in NUMERIC)


def _meetings(variables: tuple[Symbol, ...], rigid: tuple[Symbol, ...]) -> list[Term]:
    """Whether a text that is carried along is the one the question is about."""
    sorts = (Sort.TEXT, Sort.OPAQUE)
    return [b.eq(v, r) for v in variables for r in rigid if v.sort is r.sort and v.sort in sorts]
