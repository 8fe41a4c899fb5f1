"""Gated sources of `from only`: `t.field when cond` allows a value only at calls at which the condition holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wfcheck.checker.labels.origins import Place
from wfcheck.checker.labels.state import Act
from wfcheck.checker.obligation import Case
from wfcheck.checker.proof import Refuted
from wfcheck.checker.rules.prove import Prover, contradiction
from wfcheck.checker.rules.symbolic_match import Matcher
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver import verdict as solver
from wfcheck.solver.term import Term

Foreign = Sequence[tuple[Act, tuple[Place, ...]]]
"""The calls, and the places that no source without a gate allows there."""
Admits = Callable[[Place, core.AllowedSource], bool]


def closed(case: Case, body: core.FromOnly, foreign: Foreign, admits: Admits) -> tuple[str, ...] | None:
    """The assumptions under which some gate is open for every such place whenever the call is made; None if that is not proved."""
    prover = Prover(case)
    answer = prover.decide(prover.over, _all_shut(prover, body, foreign, admits))
    if not isinstance(answer, solver.Unsat) or contradiction(prover, answer.core) is not None:
        return None
    return answer.core


def question(case: Case, body: core.FromOnly, foreign: Foreign, admits: Admits) -> Refuted:
    """The formula that is satisfiable if such a call may be made while no gate is open."""
    prover = Prover(case)
    return prover.refuted(_all_shut(prover, body, foreign, admits))


def _all_shut(prover: Prover, body: core.FromOnly, foreign: Foreign, admits: Admits) -> list[Term]:
    return [f for act, places in foreign for place in places for f in _shut(prover, body, act, place, admits)]


def _shut(prover: Prover, body: core.FromOnly, act: Act, place: Place, admits: Admits) -> list[Term]:
    """Satisfiable if the call may be made while no gate for the place is open."""
    gates = [s.when for s in body.sources if s.when is not None and admits(place, s)]
    matcher = Matcher(prover.case.program, prover.over.notes)
    there = [e for e in prover.over.events if (e.site, e.choice, e.kind) == (act.node, act.choice, "call")]
    certain = [e for e in there if e.certain]
    if not gates or not certain:
        return [b.TRUE]
    return [
        b.and_(event.guard, b.not_(b.or_(*(matcher.holds(gate, event, {}).sure for gate in gates))))
        for event in certain
    ]
