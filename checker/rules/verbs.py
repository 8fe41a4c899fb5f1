"""One entry per form of a rule: who decides it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import assert_never

from wfcheck.checker.obligation import Case, Finding, unknown
from wfcheck.checker.rules import decision, enforced, events, flow, from_only, limit, unbounded
from wfcheck.dsl import core

_ADVICE: Mapping[type, str] = MappingProxyType(
    {
        core.Flow: "keep the value away from there, or pass it through a release that the rule names with `except via`",
        core.FromOnly: "pass on a value of an allowed source unchanged, or name the release that makes it with `via`",
        core.Decision: "decide by values of allowed sources alone, or name the release that makes them with `via`",
        core.Before: "let the evidence happen on every path before the call, with the same arguments",
        core.Forbid: "guard the call with a condition that rules the forbidden case out",
        core.Allow: "leave the call out, guard it, or grant it with an `allow` line",
        core.After: "let the evidence follow on every path, early ends included",
        core.Distinct: "let another principal act in one of the events",
        core.Always: "test before the event that changes what the condition reads",
        core.Limit: "count in the workflow and test before the call, or give the loop a `max`",
    }
)

_TOGETHER = (
    "take one of the three away (the source, what may steer, the way out), hide a result from the agent with `hides`, "
    "or use a release that the rule names with `except via`"
)


def advice(rule: core.Rule) -> str | None:
    """What usually mends a workflow that breaks such a rule."""
    if isinstance(rule.body, core.Flow) and rule.body.influence is not None:
        return _TOGETHER
    return _ADVICE.get(type(rule.body))


def check(case: Case, rule: core.Rule) -> Finding:
    """The verdict of the proof for one rule and workflow; what is not proved here is left to the search for a run, unless a guard
    keeps the rule."""
    return enforced.settle(case, rule, _check(case, rule), advice(rule))


def _check(case: Case, rule: core.Rule) -> Finding:
    match rule.body:
        case core.Flow() as body:
            return flow.check(case, body)
        case core.FromOnly() as body:
            return from_only.check(case, body)
        case core.Decision() as body:
            return decision.check(case, body)
        case core.Allow() | core.Forbid() | core.Before():
            return unbounded.settle(case, rule, events.check(case, rule))
        case core.Limit() as body:
            return unbounded.settle(case, rule, limit.check(case, body))
        case core.After() | core.Distinct() | core.Always():
            return unbounded.check(case, rule)
        case core.Meta():
            return unknown("this version does not yet prove `check` rules")
        case _:
            assert_never(rule.body)
