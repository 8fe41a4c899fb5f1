"""One entry per form of a rule: who decides it."""

from __future__ import annotations

from typing import assert_never

from wfcheck.checker.obligation import Case, Finding, unknown
from wfcheck.checker.rules import decision, events, flow, from_only
from wfcheck.dsl import core

_LATER = "this version does not yet prove {} rules"


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
        case core.After():
            return unknown(_LATER.format("`require ... after`"))
        case core.Distinct():
            return unknown(_LATER.format("`require distinct principals`"))
        case core.Limit():
            return unknown(_LATER.format("`limit`"))
        case core.Always():
            return unknown(_LATER.format("`always`"))
        case core.Meta():
            return unknown(_LATER.format("`check`"))
        case _:
            assert_never(rule.body)
