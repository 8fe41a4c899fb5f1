"""`no vacuous rules`: every rule judges something in some workflow of its scope."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wfcheck.checker.obligation import Case, Finding, proved, unknown
from wfcheck.checker.policy.telling import step
from wfcheck.checker.result import Verdict
from wfcheck.checker.rules import events
from wfcheck.dsl import core

Verdicts = Callable[[core.Rule], Sequence[tuple[core.Workflow, Verdict]]]
"""What was found of a rule for each workflow in its scope."""
_CANNOT_SAY = frozenset({Verdict.UNKNOWN, Verdict.INCONSISTENT, Verdict.BOUNDED, Verdict.POSSIBLE})


def vacuous(
    rules: Sequence[core.Rule], verdicts: Verdicts, case: Callable[[core.Workflow, core.Rule], Case]
) -> Finding:
    """VIOLATED with the rules that judge nothing anywhere; UNKNOWN where a rule could not be decided at all."""
    idle: list[core.Rule] = []
    open_: list[core.Rule] = []
    for rule in rules:
        found = list(verdicts(rule))
        if not found:
            continue
        if all(_judges_nothing(case(workflow, rule), rule, verdict) for workflow, verdict in found):
            idle.append(rule)
        elif all(
            verdict in _CANNOT_SAY or _judges_nothing(case(w, rule), rule, verdict) for w, verdict in found
        ):
            open_.append(rule)
    if idle:
        return _violated(idle)
    if open_:
        named = ", ".join(f"`{rule.name}`" for rule in open_[:5])
        return unknown(f"{named} could not be decided in any workflow")
    return proved(notes=("a rule judges something unless it is shown that what it judges cannot occur",))


def _violated(idle: Sequence[core.Rule]) -> Finding:
    return Finding(
        Verdict.VIOLATED,
        reason=f"`{idle[0].name}` judges nothing in any workflow of its scope",
        path=tuple(step(f"`{rule.name}` judges nothing", rule.span) for rule in idle),
        help="drop the rule, or correct what it speaks of",
    )


def _judges_nothing(case: Case, rule: core.Rule, verdict: Verdict) -> bool:
    """Vacuous, or a ban on an event that the workflow cannot have."""
    if verdict is Verdict.VACUOUS:
        return True
    body = rule.body
    return (
        verdict is Verdict.PROVED and isinstance(body, core.Forbid) and events.may_be(case, body.event) == []
    )
