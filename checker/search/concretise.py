"""From an undecided finding to a run: searched, replayed by the reference interpreter, judged by the naive evaluator."""

from __future__ import annotations

import attrs

from wfcheck.checker.obligation import NO_RUN, UNCONFIRMED, Case, Finding
from wfcheck.checker.reference import flows
from wfcheck.checker.reference.interpreter import Sessions
from wfcheck.checker.reference.rules import breaks
from wfcheck.checker.result import PathStep, Verdict, Witness
from wfcheck.checker.search.counterexample import Judge, search_runs
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.dsl.source import Span


def concretise(case: Case, finding: Finding) -> Finding:
    """The finding as it is, or VIOLATED with a witness."""
    rule = case.rule
    if rule is None or finding.verdict not in (Verdict.POSSIBLE, Verdict.UNKNOWN):
        return finding
    if isinstance(rule.body, core.Meta):
        return finding
    witness = _search(case, _judge(case, rule), rule, finding)
    return finding if witness is None else violated(case, finding, witness)


def builtin(case: Case, name: str, finding: Finding) -> Finding:
    """The same for a built-in rule, which the interpreter itself watches."""
    if finding.verdict not in (Verdict.POSSIBLE, Verdict.UNKNOWN):
        return finding

    def judge(done: Sessions) -> int | None:
        if finding.judge is not None:
            return finding.judge(done.runs[-1].events)
        broken = [b.index for b in done.runs[-1].breaches if b.rule == name]
        return min(min(broken), len(done.events) - 1) if broken and done.events else None

    witness = _search(case, judge, None, finding)
    return finding if witness is None else violated(case, finding, witness)


def _search(case: Case, judge: Judge, rule: core.Rule | None, finding: Finding) -> Witness | None:
    body = None if rule is None else rule.body
    data = body is not None and flows.is_explicit(body)
    seconds = case.analysis.limits.timeout / 2
    return search_runs(
        case.program,
        case.workflow,
        rule,
        judge,
        ends=() if rule is None else flows.ends(case.program, rule),
        explicit=data,
        seconds=seconds,
        starts=finding.starts,
    )


def _judge(case: Case, rule: core.Rule) -> Judge:
    def judge(done: Sessions) -> int | None:
        last = done.runs[-1].events
        verdict = breaks(case.program, rule, done.events, case.workflow, marked=True, trees=done.trees)
        first = last[0].seq if last else 0
        return next((index for index in verdict.broken if index >= first), None)

    return judge


def violated(case: Case, finding: Finding, witness: Witness) -> Finding:
    """The finding with its run; without a path of its own, the steps of the run."""
    upto = witness.events[: witness.index + 1]
    path = finding.path or tuple(_step(case, event) for event in upto)
    reason = (
        None
        if finding.verdict is Verdict.UNKNOWN or finding.reason in (NO_RUN, UNCONFIRMED)
        else finding.reason
    )
    if finding.refine is not None:
        finding = finding.refine(finding, witness)
        reason = finding.reason
    if finding.account is not None and (found := finding.account(upto)) is not None:
        reason, path = found
    return attrs.evolve(
        finding,
        verdict=Verdict.VIOLATED,
        witness=witness,
        path=path,
        reason=reason,
        starts=(),
        refine=None,
        judge=None,
        account=None,
    )


def _step(case: Case, event: Event) -> PathStep:
    return PathStep("control", told(event), _span(case, event))


def told(event: Event) -> str:
    """An event in a few words."""
    subject = event.tool or event.step or event.store or event.to
    name = f" `{subject}`" if subject else ""
    return f"{event.kind}{name}"


def _span(case: Case, event: Event) -> Span:
    where = event.source
    whole = case.workflow.span
    if where is None:
        return whole
    return Span(where.file, whole.start, whole.start, where.line, 1, where.line, 1)
