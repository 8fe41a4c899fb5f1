"""One entry per form of a rule: who decides it."""

from __future__ import annotations

from typing import assert_never

from wfcheck.checker.obligation import Case, Finding, unknown, vacuous
from wfcheck.checker.rules import decision, events, flow, from_only, limit
from wfcheck.dsl import core


def check(case: Case, rule: core.Rule) -> Finding:
    """The verdict of the proof for one rule and workflow; what is not proved here is left to the search for a run."""
    match rule.body:
        case core.Flow() as body:
            return flow.check(case, body)
        case core.FromOnly() as body:
            return from_only.check(case, body)
        case core.Decision() as body:
            return decision.check(case, body)
        case core.Allow() | core.Forbid() | core.Before():
            return events.check(case, rule)
        case core.Limit() as body:
            return limit.check(case, body)
        case core.After(judged=judged):
            return _later(case, "`require ... after`", judged)
        case core.Distinct(events=judged_events):
            return _later(case, "`require distinct principals`", *judged_events)
        case core.Always(event=event):
            return _later(case, "`always`", *(() if event is None else (event,)))
        case core.Meta():
            return unknown("this version does not yet prove `check` rules")
        case _:
            assert_never(rule.body)


def _later(case: Case, what: str, *judged: core.EventPattern) -> Finding:
    """Not proved yet, unless there is nothing to judge."""
    if judged and all(events.may_be(case, pattern) == [] for pattern in judged):
        return vacuous("the judged event cannot occur in this workflow")
    return unknown(f"this version does not yet prove {what} rules")
