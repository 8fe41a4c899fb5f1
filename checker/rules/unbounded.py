"""Event rules of every form over all runs, by an inductive invariant: what the first look at a rule leaves open is asked here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

import attrs

from wfcheck.checker.obligation import (
    UNCONFIRMED,
    Case,
    Finding,
    Script,
    possible,
    proved,
    unknown,
    vacuous,
)
from wfcheck.checker.product import engine, witnesses
from wfcheck.checker.proof import Inductive
from wfcheck.checker.result import Verdict
from wfcheck.checker.rules.events import may_be
from wfcheck.checker.rules.prove import Prover, contradiction
from wfcheck.checker.rules.relies import relies_on
from wfcheck.checker.rules.symbolic_match import Matcher
from wfcheck.checker.search import guided
from wfcheck.dsl import core
from wfcheck.solver import verdict as solver
from wfcheck.solver.invariants.show import show_invariant
from wfcheck.solver.term import Term
from wfcheck.solver.transition import Invariant

_OPEN = frozenset({Verdict.POSSIBLE, Verdict.UNKNOWN})
_MADE_UP = re.compile(r"^rule\.\d+\.|#\d+$|~$| at .*$")
"""What keeps symbols apart and says nothing to a reader."""


def judged(rule: core.Rule) -> tuple[core.EventPattern, ...]:
    """The patterns of the events that the rule judges; none: every event, or what no pattern says."""
    match rule.body:
        case core.Forbid(event=event) | core.Limit(event=event):
            return (event,)
        case core.Before(judged=pattern) | core.After(judged=pattern):
            return (pattern,)
        case core.Distinct(events=events):
            return events
        case core.Always(event=event):
            return () if event is None else (event,)
        case _:
            return ()


def settle(case: Case, rule: core.Rule, found: Finding) -> Finding:
    """The finding, or PROVED where an invariant shows what the first look could not."""
    if found.verdict not in _OPEN:
        return found
    answer = engine.decide(case, rule, case.analysis.limits.timeout / 2)
    if isinstance(answer, engine.Proved):
        return _proved(case, rule, answer)
    found = attrs.evolve(found, starts=chain(found.starts, _starts(case, rule, answer)))
    if found.verdict is Verdict.POSSIBLE:
        return found
    verdict = Verdict.POSSIBLE if answer.depth is not None else Verdict.UNKNOWN
    return attrs.evolve(found, verdict=verdict, reason=answer.reason)


def check(case: Case, rule: core.Rule) -> Finding:
    """A rule at which nobody looked before."""
    patterns = judged(rule)
    acts = [may_be(case, pattern) for pattern in patterns]
    if patterns and all(found == [] for found in acts) and not _owes_for_others(rule):
        return vacuous("the judged event cannot occur in this workflow")
    answer = engine.decide(case, rule, case.analysis.limits.timeout / 2)
    if isinstance(answer, engine.Proved):
        return _proved(case, rule, answer)
    made = possible(UNCONFIRMED) if answer.depth is not None else unknown(answer.reason)
    led = guided.scripts(case, [act for found in acts for act in found or ()])
    return attrs.evolve(made, starts=chain(guided.plain(case), _starts(case, rule, answer), led))


def _owes_for_others(rule: core.Rule) -> bool:
    """The end of a run is judged by what any run of its session left owed."""
    return rule.per_session and isinstance(rule.body, core.After)


def _starts(case: Case, rule: core.Rule, answer: engine.Open) -> Iterator[Script]:
    """Scripts of runs of a few rounds that break the rule as its monitor has it."""
    prover = Prover(case)
    for execution, broken in witnesses.unrolled(case, rule, answer.depth or 0):
        decided = prover.decide(execution, broken)
        if isinstance(decided, solver.Sat):
            yield from prover.scripts(execution, decided)


def _proved(case: Case, rule: core.Rule, answer: engine.Proved) -> Finding:
    prover = Prover(case)
    if (why := contradiction(prover, answer.assumptions)) is not None:
        return Finding(Verdict.INCONSISTENT, reason=why, assumptions=answer.assumptions)
    occurs = _occurs(case, rule, prover)
    if isinstance(occurs, solver.Unsat):
        if (why := contradiction(prover, occurs.core)) is not None:
            return Finding(Verdict.INCONSISTENT, reason=why, assumptions=occurs.core)
        if not isinstance(rule.body, core.Forbid | core.Allow):
            return attrs.evolve(
                vacuous("the judged event cannot occur in this workflow"), assumptions=occurs.core
            )
    notes = (*answer.notes, *_told(answer.invariant))
    return proved(*answer.assumptions, notes=notes, proof=_inductive(rule, answer))


def _told(invariant: Invariant) -> Iterator[str]:
    """The invariant in the words of the workflow, place by place."""
    for place, text in show_invariant(invariant, lambda symbol: _MADE_UP.sub("", symbol.name)).items():
        yield f"invariant at the {place}: {text}"


def _inductive(rule: core.Rule, answer: engine.Proved) -> Inductive:
    return Inductive(answer.system, answer.invariant, (*answer.rests_on, *relies_on(rule.body)))


def _occurs(case: Case, rule: core.Rule, prover: Prover) -> solver.Answer | None:
    """Whether an event of the judged kinds happens on any run, whatever its arguments."""
    if not judged(rule):
        return None
    return prover.decide(prover.over, [guard for p in judged(rule) for guard in _guards(case, p, prover)])


def _guards(case: Case, pattern: core.EventPattern, prover: Prover) -> Iterator[Term]:
    bare = tuple(attrs.evolve(c, tests=(), result=None) for c in pattern.choices)
    asked = attrs.evolve(pattern, choices=bare)
    matcher = Matcher(case.program, prover.over.notes)
    yield from (e.guard for e in prover.over.events if matcher.matches(asked, e, evidence=False))
