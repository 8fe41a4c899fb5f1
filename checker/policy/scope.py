"""Which rules a `check` speaks of: those in force where it is."""

from __future__ import annotations

from wfcheck.dsl import core


def in_force(program: core.Program, check: core.Rule) -> tuple[core.Rule, ...]:
    """The rules of the same file, and those that share a workflow with the check; no checks, no open groups that are empty."""
    return tuple(rule for rule in program.rules if _near(rule, check) and _real(rule))


def _near(rule: core.Rule, check: core.Rule) -> bool:
    return rule.file == check.file or not set(rule.workflows).isdisjoint(check.workflows)


def _real(rule: core.Rule) -> bool:
    return rule.not_applicable is None and not isinstance(rule.body, core.Meta)


def lines_of(program: core.Program, check: core.Rule) -> tuple[tuple[core.Rule, core.Allow], ...]:
    """The rules of grants in force."""
    found = ((rule, rule.body) for rule in in_force(program, check))
    return tuple((rule, body) for rule, body in found if isinstance(body, core.Allow))
