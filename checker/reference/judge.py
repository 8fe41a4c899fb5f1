"""A run made for a rule, and what the rule says of it."""

from __future__ import annotations

from collections.abc import Sequence

from wfcheck.checker.reference.flows import ends, is_explicit
from wfcheck.checker.reference.interpreter import FUEL, Sessions, run_sessions
from wfcheck.checker.reference.oracle import Oracle
from wfcheck.checker.reference.rules import breaks
from wfcheck.checker.reference.verdict import Verdict3
from wfcheck.dsl import core

__all__ = ["judge"]


def judge(
    program: core.Program,
    rule: core.Rule,
    entries: Sequence[tuple[core.Workflow, Oracle]],
    *,
    sessions: Sequence[str] | None = None,
    fuel: int = FUEL,
) -> tuple[Sessions, Verdict3]:
    """Run the workflows one after another over the same stores, with the labels that the rule needs, and judge the events.
    Indices count through all runs. Raises NotARunError."""
    done = run_sessions(
        program,
        entries,
        sessions=sessions,
        fuel=fuel,
        explicit=is_explicit(rule.body),
        ends=ends(program, rule),
    )
    verdict = breaks(
        program, rule, done.events, marked=True, explicit=is_explicit(rule.body), trees=done.trees
    )
    return done, verdict
