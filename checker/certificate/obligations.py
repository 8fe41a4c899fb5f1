"""What a proof has to show, made from the program alone: the same for whoever writes a certificate and whoever checks one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import attrs

from wfcheck.checker import cores
from wfcheck.checker.certificate.document import ConditionEntry
from wfcheck.checker.obligation import COMPLETE_MEDIATION, Analysis, Case, Finding
from wfcheck.checker.proof import Inductive, Proof, Refuted
from wfcheck.dsl import core
from wfcheck.solver import transition
from wfcheck.solver.smtlib import Script, script
from wfcheck.solver.term import Term
from wfcheck.solver.verdict import Answer, Limits, Unknown

Check: TypeAlias = Callable[[Case], Finding | None]
"""The proof of one rule, without any search for a run that breaks it."""

LABELS, SHAPE, FORMULAS, INVARIANT = "labels", "shape", "formulas", "invariant"


@attrs.frozen
class Query:
    """A verification condition: the text, and which name each of its selectors stands for."""

    name: str
    script: Script
    names: tuple[str, ...]

    @property
    def entry(self) -> ConditionEntry:
        """As it stands in a certificate."""
        return ConditionEntry(self.name, self.script.text, list(self.script.selectors), list(self.names))


def kind(proof: Proof) -> str:
    """What a certificate calls the kind of a proof."""
    match proof:
        case Refuted():
            return FORMULAS
        case Inductive():
            return INVARIANT
        case _:
            return proof.kind


def unasked(formula: Term, assumptions: Sequence[tuple[str, Term]], limits: Limits | None) -> Answer:
    """A solver for proofs that need none."""
    del formula, assumptions, limits
    return Unknown("this proof asks no solver")


def under_core(
    analysis: Analysis, workflow: core.Workflow, rule: core.Rule | None, core_names: Iterable[str]
) -> Case:
    """The case in which nothing is assumed but complete mediation and the core."""
    case = Case(analysis, workflow, rule)
    return case.under(cores.candidates(case) - frozenset(core_names))


def queries(case: Case, proof: Proof, core_names: Iterable[str]) -> tuple[Query, ...]:
    """The conditions of a proof, with no assumptions but complete mediation and the core."""
    known = frozenset({COMPLETE_MEDIATION, *core_names})
    match proof:
        case Refuted(formula=formula, assumptions=assumptions):
            return (_query(case, "the rule", formula, assumptions, known),)
        case Inductive(system=system, invariant=invariant):
            found = transition.conditions(system, invariant)
            return tuple(_query(case, c.name, c.formula, c.assumptions, known) for c in found)
        case _:
            return ()


def _query(
    case: Case, name: str, formula: Term, assumptions: Iterable[tuple[str, Term]], known: frozenset[str]
) -> Query:
    lemmas = case.analysis.lemmas(case.workflow.symbol)
    kept = [(n, term) for n, term in assumptions if known.issuperset(lemmas.rest_on((n,)))]
    return Query(name, script(formula, [term for _, term in kept]), tuple(n for n, _ in kept))
