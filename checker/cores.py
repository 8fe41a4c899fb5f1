"""What a proof rests on: minimal sets of assumptions that suffice (cores), from which a verdict takes the ones it lists.

An assumption is used if and only if the proof fails without it: when it is dropped, its worst case is taken (`labels.worst`, or one
constraint less for the solver). Complete mediation is in every proof and in no core: without it no event is known at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from wfcheck.checker.labels.phases import STEPS
from wfcheck.checker.labels.worst import (
    APPROVAL_SHOWS,
    LLM_CONTEXT,
    SOURCE_LABELS,
    TOOL_EFFECTS,
    TYPED_OUTPUTS,
    senders,
    writers,
)
from wfcheck.checker.obligation import COMPLETE_MEDIATION, STEP_BUDGETS, Case, Finding
from wfcheck.checker.proof import Inductive, Inspected, Proof, Refuted
from wfcheck.checker.result import Verdict
from wfcheck.checker.sharing import INBOX, reaching, reads, touched
from wfcheck.dsl import core
from wfcheck.dsl.walk import statements
from wfcheck.solver import cores as sets
from wfcheck.solver import transition
from wfcheck.solver import verdict as solver
from wfcheck.solver.term import Term, post_order

PASSES = 40_000
"""How many statements may be labelled again, for all rules of a program together."""
QUESTIONS = 64
"""How many sets of assumptions may be tried for one rule."""
TERMS = 20_000
"""How many terms may be given to the solver again for one rule."""


def weigh(case: Case, finding: Finding) -> Finding:
    """A PROVED finding with the assumptions of its smallest core, the cores found, and the depth they give."""
    if finding.verdict is not Verdict.PROVED or finding.proof is None:
        return finding
    named_ = sorted(named(case, finding.proof))
    found = sets.enumerate_cores(named_, _oracle(case, finding), questions=_questions(finding))
    chosen = found.found[0] if found.found else tuple(named_)
    return attrs.evolve(
        finding,
        assumptions=(COMPLETE_MEDIATION, *chosen),
        cores=found.found or (chosen,),
        depth=found.depth.at_least if found.found else sets.depth([chosen]).at_least,
    )


def candidates(case: Case) -> frozenset[str]:
    """What a proof by labels may rest on, of the workflow and of all that reaches it through stores."""
    return case.analysis.once(("may rest on", case.workflow.symbol), lambda: frozenset(_candidates(case)))


def _candidates(case: Case) -> Iterator[str]:
    program = case.program
    yield from (SOURCE_LABELS, STEP_BUDGETS)
    if any(_uses_tools(workflow) for workflow in program.workflows.values()):
        yield TOOL_EFFECTS
    known = case.analysis.once(("touched",), lambda: touched(program))
    for workflow in reaching(program, case.workflow, known):
        places = reads(program, workflow)
        yield from (writers(store) for store in places if store != INBOX)
        if INBOX in places:
            yield from map(senders, (*program.principals, "user"))
        for statement in statements(workflow.body):
            yield from _of(program, statement)


def _uncounted(case: Case) -> frozenset[str]:
    """Budgets of steps, where the labels count none."""
    return case.analysis.once(("uncounted",), lambda: _all_uncounted(case))


def _all_uncounted(case: Case) -> frozenset[str]:
    bodies = (statements(workflow.body) for workflow in case.program.workflows.values())
    counted = any(isinstance(s, core.Agent) and s.maximum <= STEPS for body in bodies for s in body)
    return frozenset() if counted else frozenset({STEP_BUDGETS})


def _uses_tools(workflow: core.Workflow) -> bool:
    return any(
        isinstance(s, core.Call) or (isinstance(s, core.Agent) and any(m.act == "tool" for m in s.may))
        for s in statements(workflow.body)
    )


def _of(program: core.Program, statement: core.Statement) -> Iterator[str]:
    match statement:
        case core.Llm():
            yield LLM_CONTEXT
        case core.Agent(hides=hides):
            yield LLM_CONTEXT
            if hides:
                yield TYPED_OUTPUTS
        case core.Approve():
            yield APPROVAL_SHOWS
        case core.ReleaseCall(release=release) if program.releases[release].by is None:
            yield release
        case _:
            pass


def named(case: Case, proof: Proof) -> frozenset[str]:
    """All that a proof may rest on, beside complete mediation."""
    match proof:
        case Inspected(kind="labels", also=also):
            return (candidates(case) - _uncounted(case)) | {*also}
        case Inspected(also=also):
            return (candidates(case) & {TOOL_EFFECTS, STEP_BUDGETS}) | {*also}
        case Refuted(assumptions=assumptions, also=also, again=again):
            beside = frozenset() if again is None else candidates(case) - _uncounted(case)
            lemmas = case.analysis.lemmas(case.workflow.symbol)
            return beside | {*lemmas.rest_on(n for n, _ in assumptions), *also} - {COMPLETE_MEDIATION}
        case Inductive(system=system, also=also):
            named = {name for segment in system.segments.values() for name, _ in segment.assumptions}
            return frozenset({*named, *also}) - {COMPLETE_MEDIATION}


def _questions(finding: Finding) -> int:
    match finding.proof:
        case Refuted(formula=formula, assumptions=assumptions, again=again):
            size = sum(1 for _ in post_order((formula, *(t for _, t in assumptions))))
            return min(QUESTIONS, TERMS // (size if again is None else 4 * size) + 1)
        case Inductive(system=system):
            return min(QUESTIONS, 200 // sum(len(s.moves) + len(s.bad) + 1 for s in system.segments.values()))
        case _:
            return QUESTIONS


def _oracle(case: Case, finding: Finding) -> sets.Oracle:
    match finding.proof:
        case Inspected() as inspected:
            return lambda names: _inspected(case, inspected, names)
        case Refuted() as refuted:
            return lambda names: _refuted(case, refuted, names)
        case Inductive() as inductive:
            return lambda names: _inductive(case, inductive, names)
        case _:
            return lambda _: "undecided"


def _under(case: Case, names: sets.Names) -> Case | None:
    """The case in which of the assumptions of labels only `names` hold; None where looking again would cost too much."""
    dropped = candidates(case) - names
    left = case.analysis.once(("passes",), lambda: [PASSES])
    if not case.analysis.made("under", dropped):
        size = case.analysis.once(("size",), lambda: _size(case.program))
        if left[0] < size:
            return None
        left[0] -= size
    return case.under(dropped)


def _size(program: core.Program) -> int:
    return sum(1 for workflow in program.workflows.values() for _ in statements(workflow.body)) + 1


def _inspected(case: Case, proof: Inspected, names: sets.Names) -> sets.Answer:
    """Whether the labels, or the declarations, still show it."""
    if not names.issuperset(proof.also):
        return "insufficient"
    if proof.kind == "labels":
        names |= _uncounted(case)
    else:
        names |= candidates(case) - {TOOL_EFFECTS, STEP_BUDGETS}
    worse = _under(case, names)
    if worse is None:
        return "undecided"
    return names if proof.holds(worse) else "insufficient"


def _refuted(case: Case, proof: Refuted, names: sets.Names) -> sets.Answer:
    """Whether the formula still has no model."""
    if not names.issuperset(proof.also):
        return "insufficient"
    question, beside = proof, frozenset(proof.also)
    if proof.again is not None:
        worse = _under(case, names | _uncounted(case))
        if worse is None:
            return "undecided"
        question, beside = proof.again(worse), beside | (candidates(case) & names)
    found = _solved(case, question.formula, question.assumptions, names)
    return beside | found if isinstance(found, frozenset) else found


def _solved(
    case: Case, formula: Term, assumptions: Iterable[tuple[str, Term]], names: sets.Names
) -> sets.Answer:
    lemmas = case.analysis.lemmas(case.workflow.symbol)
    known = names | {COMPLETE_MEDIATION}
    kept = [(name, term) for name, term in assumptions if known.issuperset(lemmas.rest_on((name,)))]
    match case.analysis.solve(formula, kept, solver.Limits(seconds=case.analysis.limits.timeout / 4)):
        case solver.Unsat(core=used):
            return frozenset(lemmas.rest_on(used)) & names
        case solver.Sat():
            return "insufficient"
        case solver.Unknown():
            return "undecided"


def _inductive(case: Case, proof: Inductive, names: sets.Names) -> sets.Answer:
    """Whether the invariant still is one."""
    if not names.issuperset(proof.also):
        return "insufficient"
    used = frozenset(proof.also)
    for condition in transition.conditions(proof.system, proof.invariant):
        found = _solved(case, condition.formula, condition.assumptions, names)
        if not isinstance(found, frozenset):
            return found
        used |= found
    return used
