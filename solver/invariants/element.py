"""What is known of one place while the search climbs: candidates not yet refuted, the affine hull of the states seen, and the
combinations of atoms seen. It starts from nothing and holds every state it was shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import combinations, product
from typing import Any

import attrs

from wfcheck.solver import build as b
from wfcheck.solver.invariants.desk import State
from wfcheck.solver.invariants.hull import Hull
from wfcheck.solver.invariants.templates import equal, values
from wfcheck.solver.term import Term

_MOST_ATOMS = 10
_MOST_VALUATIONS = 48


@attrs.frozen
class Element:
    """`valuations`: of the first few atoms; None where there were too many to tell apart."""

    atoms: tuple[Term, ...]
    columns: tuple[Term, ...]
    alive: tuple[Term, ...]
    hull: Hull | None = None
    valuations: frozenset[tuple[bool, ...]] | None = frozenset()

    @property
    def empty(self) -> bool:
        """Whether no state was seen."""
        return self.hull is None

    def joined(self, state: State) -> Element:
        """The least element that also holds the state."""
        point = [Fraction(v) for v in values(self.columns, state)]
        truths = values(self.alive, state)
        alive = tuple(t for t, truth in zip(self.alive, truths, strict=True) if truth is True)
        return attrs.evolve(
            self,
            alive=alive,
            hull=self.hull.grown(point) if self.hull else Hull(tuple(point)),
            valuations=self._seen(values(self.atoms[:_MOST_ATOMS], state)),
        )

    def seeded(self, states: Iterable[State]) -> Element:
        """The least element that also holds these states, in which all that is alive is known to be true."""
        hull, valuations = self.hull, self.valuations
        for state in states:
            point = [Fraction(v) for v in values(self.columns, state)]
            hull = hull.grown(point) if hull else Hull(tuple(point))
            valuations = attrs.evolve(self, valuations=valuations)._seen(
                values(self.atoms[:_MOST_ATOMS], state)
            )
        return attrs.evolve(self, hull=hull, valuations=valuations)

    def _seen(self, truths: Sequence[Any]) -> frozenset[tuple[bool, ...]] | None:
        if self.valuations is None:
            return None
        grown = self.valuations | {tuple(t is True for t in truths)}
        return grown if len(grown) <= _MOST_VALUATIONS else None

    def facts(self) -> tuple[Term, ...]:
        """Formulas that together say what is known; FALSE of an element without states."""
        if self.empty:
            return (b.FALSE,)
        return (*self.alive, *self.equations(), *self._combinations())

    def equations(self) -> tuple[Term, ...]:
        """The affine hull."""
        assert self.hull is not None
        return tuple(
            equal([(f, c) for f, c in zip(row, self.columns, strict=True) if f], constant)
            for row, constant in self.hull.equations()
        )

    def _combinations(self) -> Iterable[Term]:
        if self.valuations is None or len(self.valuations) == 2 ** len(self.atoms[:_MOST_ATOMS]):
            return ()
        return (b.or_(*(self._literals(v) for v in sorted(self.valuations))),)

    def _literals(self, valuation: tuple[bool, ...]) -> Term:
        return b.and_(*(a if v else b.not_(a) for a, v in zip(self.atoms, valuation, strict=False)))

    def conjuncts(self) -> tuple[Term, ...]:
        """Readable formulas first, whose conjunction is equivalent to the facts: equations, what is alive, short clauses of
        atoms, and the combinations of atoms as they are."""
        if self.empty:
            return (b.FALSE,)
        return tuple(dict.fromkeys((*self.equations(), *self.alive, *self._clauses(), *self._combinations())))

    def _clauses(self) -> Iterable[Term]:
        """The clauses of at most three literals that hold in all combinations and need all of their literals."""
        atoms, found = self.atoms[:_MOST_ATOMS], set[frozenset[tuple[int, bool]]]()
        for size in (1, 2, 3) if self.valuations else ():
            for places in combinations(range(len(atoms)), size):
                for signs in product((True, False), repeat=size):
                    clause = frozenset(zip(places, signs, strict=True))
                    if any(c <= clause for c in found) or not self._holds(clause):
                        continue
                    found.add(clause)
                    yield b.or_(*(atoms[i] if sign else b.not_(atoms[i]) for i, sign in sorted(clause)))

    def _holds(self, clause: frozenset[tuple[int, bool]]) -> bool:
        return all(any(v[i] is sign for i, sign in clause) for v in self.valuations or ())
