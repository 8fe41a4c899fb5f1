"""The monitor of a rule: one entry per form."""

from __future__ import annotations

from wfcheck.checker.product.monitors.monitor import ElementOf, SymbolicMonitor
from wfcheck.dsl import core

__all__ = ["monitor_for"]


def monitor_for(
    rule: core.Rule,
    program: core.Program,
    workflow: core.Workflow,
    *,
    prefix: str = "rule.",
    element: ElementOf | None = None,
) -> SymbolicMonitor | str:
    """The monitor of an event rule over the runs of a workflow, or in one lower-case sentence why there is none. Rules about flows and
    about the policy have none. `prefix`: of the names of all its symbols. `element`: how loops take the elements of a list of any
    length; without it, `for each` over such a list may be about any value."""
    del program, workflow, prefix, element
    return f"this version does not yet prove rules such as `{rule.name}` over all runs"
