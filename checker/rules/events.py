"""Rules about events (`allow`, `forbid EVENT`, `require ... before`), as far as it takes no solver."""

from __future__ import annotations

from wfcheck.checker.label_state import Act
from wfcheck.checker.monitor import Monitor, compile_rule
from wfcheck.checker.obligation import COMPLETE_MEDIATION, Case, Finding, proved, unknown, vacuous
from wfcheck.dsl import core


def check(case: Case, rule: core.Rule) -> Finding:
    """Decided by which events the workflow can have at all; else undecided here."""
    monitor = compile_rule(rule, case.program)
    if not isinstance(monitor, Monitor):
        return unknown("the rule has no form that a proof could use")
    acts = judged(case, monitor.judged)
    if acts is None:
        return unknown("this version does not yet prove rules about these events")
    if not acts:
        return _nothing_judged(rule)
    if isinstance(rule.body, core.Allow) and all(_granted(act, monitor) for act in acts):
        return proved(COMPLETE_MEDIATION)
    return unknown("the order of events could not be decided")


def _nothing_judged(rule: core.Rule) -> Finding:
    if isinstance(rule.body, core.Forbid):
        return proved(COMPLETE_MEDIATION, notes=("the event cannot occur in this workflow",))
    if isinstance(rule.body, core.Allow):
        return vacuous(f"`{rule.body.principal}` makes no call in this workflow")
    return vacuous("the judged event cannot occur in this workflow")


_ACT_KINDS = {
    "call": "call",
    "approve": "approve",
    "deny": "approve",
    "say": "say",
    "ask": "ask",
    "llm": "llm",
    "message": "message",
    "release": "release",
    "remember": "remember",
    "recall": "recall",
}


def judged(case: Case, pattern: core.EventPattern) -> list[Act] | None:
    """What in the workflow may be such an event, whatever its arguments; None where the labelling does not say."""
    found: list[Act] = []
    for choice in pattern.choices:
        if choice.kind not in _ACT_KINDS:
            return None
        found += [act for act in case.acts(_ACT_KINDS[choice.kind]) if _may_be(act, choice)]
    return found


def _may_be(act: Act, choice: core.EventChoice) -> bool:
    if choice.kind in ("approve", "deny"):
        return choice.by in (None, act.subject)
    named = not choice.subjects or act.subject is None or act.subject in choice.subjects
    if choice.kind == "message":
        named = not choice.to or act.subject is None or act.subject in choice.to
    return named and choice.by in (None, act.actor)


def _granted(act: Act, monitor: Monitor) -> bool:
    """A grant of the tool that asks nothing of its arguments."""
    return any(
        grant.condition is None and any(_plain(choice, act) for choice in grant.event.choices)
        for grant in monitor.unless
    )


def _plain(choice: core.EventChoice, act: Act) -> bool:
    asks = choice.tests or choice.result is not None
    return (
        choice.kind == "call"
        and not asks
        and act.subject in choice.subjects
        and choice.by in (None, act.actor)
    )
