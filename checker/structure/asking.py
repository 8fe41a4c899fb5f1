"""Questions about which places of a workflow a run can come to."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

import attrs

from wfcheck.checker.symbolic.execution import Execution
from wfcheck.solver import build as b
from wfcheck.solver import verdict as solver
from wfcheck.solver.backend import solve
from wfcheck.solver.evaluate import evaluate_all
from wfcheck.solver.term import Term

K = TypeVar("K", bound=Hashable)
QUESTIONS = 16
"""How many models one search for places may take."""
TOGETHER = 24
"""How many places at most one model is wished to come to."""


@attrs.frozen
class Asker:
    """Questions to the solver about one execution. `seconds`: for each."""

    execution: Execution
    seconds: float

    def ask(self, formula: Term) -> solver.Answer:
        """Whether the formula is true on a run that satisfies all assumptions."""
        return self._solve(formula, ())

    def _solve(self, formula: Term, wishes: Sequence[Term]) -> solver.Answer:
        limits = solver.Limits(seconds=self.seconds, tidy=len(wishes))
        return solve(formula, self.execution.assumptions, limits, wishes=wishes)

    def impossible(self, formulas: Mapping[K, Term]) -> dict[K, tuple[str, ...]]:
        """The formulas that hold on no run, with the assumptions that rule them out. Every model clears all that it satisfies;
        where the solver gives up, or too many models would be needed, nothing is said of what is left."""
        left = {key: term for key, term in formulas.items() if term is not b.TRUE}
        for _ in range(QUESTIONS):
            if not left:
                break
            answer = self._solve(b.or_(*left.values()), list(left.values())[: -TOGETHER - 1 : -1])
            if isinstance(answer, solver.Unknown):
                return {}
            if isinstance(answer, solver.Unsat):
                return {key: self._why(term) for key, term in left.items()}
            values = evaluate_all(left.values(), answer.model, guess=True)
            still = {key: term for key, term in left.items() if values[term] is not True}
            if len(still) == len(left):
                return {}
            left = still
        return {}

    def _why(self, term: Term) -> tuple[str, ...]:
        answer = self.ask(term)
        return answer.core if isinstance(answer, solver.Unsat) else ()
