"""`builtin.ensures` and `builtin.invariant`: what a workflow promises, and what its loops keep."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from wfcheck.checker.encoding.encoded import Notes
from wfcheck.checker.obligation import Case, Finding
from wfcheck.checker.result import Verdict
from wfcheck.checker.rules.contracts.deciding import Break, decide
from wfcheck.checker.rules.contracts.supply import sources_of
from wfcheck.checker.symbolic.execution import Execution
from wfcheck.checker.symbolic.lemmas import broken
from wfcheck.checker.symbolic.records import Duty
from wfcheck.dsl import core
from wfcheck.dsl.phrase import phrase
from wfcheck.dsl.walk import statements


def ensures(case: Case) -> Finding | None:
    """`ensures` of the workflow and of those it inlines hold wherever they return."""
    scopes = [s for s in statements(case.workflow.body) if isinstance(s, core.Scope) and s.ensures]
    if not case.workflow.ensures and not scopes:
        return None
    return decide(case, lambda execution: list(_promised(case, execution)))


def _promised(case: Case, execution: Execution) -> Iterator[Break]:
    notes = Notes(case.program, prefix="contract.")
    for duty in execution.records.duties:
        if duty.kind == "ensures":
            asked = phrase(duty.contract.condition)
            text = f"`{duty.contract.name}` promises `{asked}`, and that may not hold where it ends here"
            way = "return something else here, or let the steps before it establish this with `ensures`"
            yield Break(
                broken(duty, notes), duty.span, text, way, sources_of(case, duty.contract.condition, {})
            )


def invariants(case: Case) -> Finding | None:
    """`invariant` of loops: true on entry, kept by the body."""
    loops = [s for s in statements(case.workflow.body) if isinstance(s, core.While) and s.invariants]
    if not loops:
        return None
    found = decide(case, lambda execution: list(_kept(case, execution)))
    if found.verdict is Verdict.PROVED:
        return found
    weak = "an invariant that is to be kept by the body has to say all that the body rests on"
    return attrs.evolve(found, notes=(*found.notes, weak))


def _kept(case: Case, execution: Execution) -> Iterator[Break]:
    notes = Notes(case.program, prefix="contract.")
    duties = [d for d in execution.records.duties if d.kind == "invariant"]
    for duty in sorted(duties, key=lambda d: not d.entry):
        yield Break(
            broken(duty, notes),
            duty.contract.span,
            _said(duty),
            _mended(duty),
            sources_of(case, duty.contract.condition, {}),
        )


def _said(duty: Duty) -> str:
    asked = phrase(duty.contract.condition)
    if duty.entry:
        return f"the invariant `{asked}` may not hold when the loop is reached"
    return f"the invariant `{asked}` may not hold after a round of the loop"


def _mended(duty: Duty) -> str:
    if duty.entry:
        return "establish it before the loop, or weaken it"
    return "let the body keep it, or add the invariants that it rests on"
