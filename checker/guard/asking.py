"""Where only an approval is missing: whose, and what they must see."""

from __future__ import annotations

import attrs

from wfcheck.checker.guard.answers import Ask, Deny
from wfcheck.checker.replay.stepping import MonitorStepper
from wfcheck.checker.replay.view import View
from wfcheck.checker.replay.watch import Found, Watch
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core


def denied(watch: Watch, found: list[Found], view: View) -> Ask | Deny:
    """The question that has to be answered first, if approvals would settle everything that was found; else a denial, by a rule that
    they would not settle."""
    approvals = [(rule, _approval(watch, rule, view)) for rule, _ in found]
    hard = [one for one, (_, approval) in zip(found, approvals, strict=True) if approval is None]
    if hard:
        return deny(hard)
    rule, approval = approvals[0]
    assert approval is not None
    told = watch.judge(approval)
    if told:
        why = f"an approval is missing, and asking for it would break `{told[0][0].name}`"
        return attrs.evolve(deny(found[:1]), reason=why)
    event = approval.event
    return Ask(event.actor, event.args_requested or {}, event.tool or "", rule.name)


def deny(found: list[Found]) -> Deny:
    """By the first rule that is broken for sure, else the first that may be."""
    sure = [(rule, finding) for rule, finding in found if finding.verdict == "violated"]
    rule, finding = (sure or found)[0]
    return Deny(rule.name, finding.why, rule.doc, "broken" if sure else "unknown")


def _approval(watch: Watch, rule: core.Rule, view: View) -> View | None:
    """An approval that would settle the rule, if there is one."""
    stepper = next((one.stepper for one in watch.about(view) if one.rule is rule), None)
    if not isinstance(stepper, MonitorStepper) or view.kind != "call":
        return None
    evidence = stepper.compiled.evidence
    choices = evidence.pattern.choices if evidence is not None and evidence.single_use else ()
    history = watch.run_past(view).of(rule.per_session)
    for choice in choices:
        if choice.kind == "approve":
            approval = watch.view(_approve(view.event, choice.by))
            if stepper.settled_by(approval, view, history) is True:
                return approval
    return None


def _approve(call: Event, person: str | None) -> Event:
    shown = call.args_executed if call.args_requested is None else call.args_requested
    return Event(
        kind="approve", seq=call.seq, trace=call.trace, session=call.session, run=call.run, time=call.time,
        actor=person, tool=call.tool, args_requested=shown or {},
    )  # fmt: skip
