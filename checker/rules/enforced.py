"""ENFORCED: only choices of an agent, or values it made, break the rule, and the guard denies them before they happen.

A denied act never happened: what is left of the run is a run of the model. So the rule is kept if no act of the workflow's own
can break it, whatever agents did before, if what it asks of the other acts shows before they happen, and if a run in which one
of them was denied can still come to an end."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from wfcheck.checker.labels.guarding import Guard
from wfcheck.checker.labels.state import Act
from wfcheck.checker.obligation import COMPLETE_MEDIATION, Case, Finding, proved
from wfcheck.checker.proof import Inspected, Proof, Refuted
from wfcheck.checker.result import Verdict
from wfcheck.checker.rules import decision, flow
from wfcheck.checker.rules.continuing import obstacle
from wfcheck.checker.rules.denials import Denials, of_events
from wfcheck.checker.rules.label_denials import labels_rest_on, of_decisions, of_flow, of_values
from wfcheck.dsl import core
from wfcheck.dsl.walk import statements

GUARD = "guard-deployed"
UNDECIDED = (Verdict.POSSIBLE, Verdict.UNKNOWN)


def settle(case: Case, rule: core.Rule, finding: Finding, advice: str | None) -> Finding:
    """ENFORCED where a guard is declared and keeps the rule; where none is declared, its help tells what one would do,
    after `advice`."""
    if finding.verdict not in UNDECIDED or not any(act.agent for act in case.labels.acts.values()):
        return finding
    if (kept := _kept_by_denials(case, rule)) is not None:
        return kept
    denials = _denials(case, rule)
    if denials is None or not denials.acts:
        return finding
    reason = next(filter(None, (obstacle(case.program, case.workflow, a.node) for a in denials.acts)), None)
    if case.workflow.guarded and reason is None:
        return _enforced(denials)
    if case.workflow.guarded:
        told = f"the guard would deny {_said(denials)}, but then the run may have no end: {reason}"
        return attrs.evolve(finding, notes=(*finding.notes, told))
    if reason is not None:
        return finding
    guard = f"declare the workflow `guarded`: the guard would deny {_said(denials)}"
    return attrs.evolve(finding, help=guard if advice is None else f"{advice}; or {guard}")


def _kept_by_denials(case: Case, rule: core.Rule) -> Finding | None:
    """PROVED where the guard's denials under other rules leave no run that breaks this one."""
    if not case.workflow.guarded or not isinstance(rule.body, core.Flow | core.Decision):
        return None
    other = Case(case.analysis.with_guards, case.workflow, rule)
    check = (
        flow.check(other, rule.body) if isinstance(rule.body, core.Flow) else decision.check(other, rule.body)
    )
    if check.verdict not in (Verdict.PROVED, Verdict.VACUOUS):
        return None
    also = (GUARD, *dict.fromkeys(_failures(case)))
    names = (*also, *labels_rest_on(case), *check.assumptions)
    notes = ("what else may break the rule, the guard denies under other rules",)
    return proved(*names, notes=notes, proof=_with_guards(check.proof, also))


def _with_guards(proof: Proof | None, also: tuple[str, ...]) -> Proof | None:
    """The proof of a case with guards as one of the case without."""

    def guarded(other: Case) -> Case:
        return attrs.evolve(other, analysis=other.analysis.with_guards)

    match proof:
        case Inspected(holds=holds):
            return attrs.evolve(proof, holds=lambda other: holds(guarded(other)), also=(*proof.also, *also))
        case Refuted(again=again) if again is not None:
            return attrs.evolve(proof, again=lambda other: again(guarded(other)), also=(*proof.also, *also))
        case _:
            return None


def _failures(case: Case) -> Iterator[str]:
    """That these tools fail tells nothing: a rule that speaks after they returned says nothing of that."""
    guarded = [w for w in case.program.workflows.values() if w.guarded]
    for workflow in guarded:
        guard = Guard(case.program, workflow, True, {})
        for region in (s for s in statements(workflow.body) if isinstance(s, core.Agent)):
            actor = case.analysis.labelling.workflows[workflow.symbol].acts[region.id, 0].actor
            for may in region.may:
                returned = guard.arms(region.principal or actor, may, failed=False)
                if may.tool is not None and returned != guard.arms(
                    region.principal or actor, may, failed=True
                ):
                    yield f"{may.tool}.failures"


def _denials(case: Case, rule: core.Rule) -> Denials | None:
    match rule.body:
        case core.Flow() as body:
            return of_flow(case, body)
        case core.FromOnly() as body:
            return of_values(case, body)
        case core.Decision() as body:
            return of_decisions(case, body)
        case _:
            return of_events(case, rule)


def _enforced(denials: Denials) -> Finding:
    names = dict.fromkeys((GUARD, COMPLETE_MEDIATION, *denials.names))
    note = f"the guard denies {_said(denials)}"
    return Finding(Verdict.ENFORCED, assumptions=tuple(names), notes=(note,))


def _said(denials: Denials) -> str:
    """What is denied, in a few words."""
    said = dict.fromkeys(_one(act) for act in denials.acts)
    return f"{' and '.join(said)} where the rule would break"


def _one(act: Act) -> str:
    what = f"`{act.subject}`" if act.kind == "call" else f"`{act.kind}`"
    return what if act.agent is None else f"{what} by `{act.agent}`"
