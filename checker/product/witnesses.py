"""From the monitor of a rule to runs that may break it: the monitor over exact executions of a few rounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wfcheck.checker.obligation import Case
from wfcheck.checker.product.lists import element_of
from wfcheck.checker.product.monitors.compile import monitor_for
from wfcheck.checker.symbolic.execution import Execution, Unroll, execute
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver.term import Term

DEEPEST = 12
"""So many rounds at most are unrolled."""


def unrolled(case: Case, rule: core.Rule, depth: int) -> Iterator[tuple[Execution, Sequence[Term]]]:
    """Exact executions, shallow first, each with the formulas under which the rule breaks, or may, at an event."""
    depths = dict.fromkeys(min(rounds, DEEPEST) for rounds in (2, depth, depth + 2) if rounds > 1)
    for rounds in depths:
        execution = execute(case.program, case.workflow, case.analysis.labelling, mode=Unroll(rounds, rounds))
        yield execution, list(_broken(case, rule, execution))


def _broken(case: Case, rule: core.Rule, execution: Execution) -> Iterator[Term]:
    monitor = monitor_for(rule, case.program, case.workflow, element=element_of)
    if isinstance(monitor, str):
        return
    state = tuple(cell.initial for cell in monitor.cells)
    for event in execution.events:
        if monitor.relevant(event):
            state, bad = monitor.step(event, state)
            if bad is not b.FALSE:
                yield bad
