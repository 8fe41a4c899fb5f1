"""ENFORCED: only choices of an agent, or values it made, break the rule, and the guard denies them before they happen.

A denied act never happened: what is left of the run is a run of the model. So the rule is kept if no act of the workflow's own
can break it, whatever agents did before, if what it asks of the other acts shows before they happen, and if a run in which one
of them was denied can still come to an end."""

from __future__ import annotations

import attrs

from wfcheck.checker.labels.state import Act
from wfcheck.checker.obligation import COMPLETE_MEDIATION, Case, Finding
from wfcheck.checker.result import Verdict
from wfcheck.checker.rules.continuing import obstacle
from wfcheck.checker.rules.denials import Denials, of_events
from wfcheck.checker.rules.label_denials import of_decisions, of_flow, of_values
from wfcheck.dsl import core

GUARD = "guard-deployed"
UNDECIDED = (Verdict.POSSIBLE, Verdict.UNKNOWN)


def settle(case: Case, rule: core.Rule, finding: Finding) -> Finding:
    """ENFORCED where a guard is declared and keeps the rule; where none is declared, its help tells what one would do."""
    if finding.verdict not in UNDECIDED or not any(act.agent for act in case.labels.acts.values()):
        return finding
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
    return attrs.evolve(
        finding, help=f"declare the workflow `guarded`: the guard would deny {_said(denials)}"
    )


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
