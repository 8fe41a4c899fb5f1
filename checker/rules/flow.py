"""`forbid flow SRC -> DST`: the labels decide it, or show where a run has to be searched for."""

from __future__ import annotations

from wfcheck.checker.explanation import trail
from wfcheck.checker.label_table import VirtualSource
from wfcheck.checker.labels import WorkflowLabels
from wfcheck.checker.obligation import (
    Analysis,
    Case,
    Finding,
    label_assumptions,
    possible,
    proved,
    silence,
    unknown,
    vacuous,
)
from wfcheck.checker.result import PathStep
from wfcheck.checker.rules import ends
from wfcheck.checker.sharing import reaching
from wfcheck.dsl import core


def virtual_sources(program: core.Program, rule: core.Rule) -> tuple[VirtualSource, ...]:
    """The sources of a flow rule that need a bit of their own; none for other rules."""
    if not isinstance(rule.body, core.Flow):
        return ()
    try:
        return ends.sources(program, rule.body.sources, rule.body.except_via).virtual
    except ends.UnsupportedEndError:
        return ()


def check(case: Case, body: core.Flow) -> Finding:
    """Cleared by the labels, or the path that they admit."""
    try:
        return _check(case, body)
    except ends.UnsupportedEndError as unsupported:
        return unknown(f"this version does not yet prove this flow rule: {unsupported}")


def _check(case: Case, body: core.Flow) -> Finding:
    labels = _labels(case.analysis, case.workflow, body)
    wanted = ends.sources(case.program, body.sources, body.except_via).mask(
        case.analysis.labelling.table, body.except_via
    )
    found = sinks(case.program, labels, body)
    if not found:
        return vacuous("nothing in the workflow reaches the end of the flow")
    if not any(
        _labels(case.analysis, w, body).introduced & wanted for w in reaching(case.program, case.workflow)
    ):
        return vacuous(
            "nothing in the workflow, or in what reaches it through stores, is a source of the flow"
        )
    suspects = [s for s in found if s.label & wanted and _steered(case, body, s)]
    if not suspects:
        return proved(*label_assumptions(case), notes=())
    path = explain(case, labels, suspects[0], wanted)
    return possible(
        "the labels admit the flow, and no concrete run was found", path=path, notes=silence(case)
    )


def sinks(program: core.Program, labels: WorkflowLabels, body: core.Flow) -> list[ends.Sink]:
    """Every place where the flow may end; raises UnsupportedEndError."""
    implicit = not body.explicit
    return [s for end in body.sinks for s in ends.sinks(program, labels, end, implicit=implicit)]


def _labels(analysis: Analysis, workflow: core.Workflow, body: core.Flow) -> WorkflowLabels:
    labelling = analysis.explicit if body.explicit else analysis.labelling
    return labelling.workflows[workflow.symbol]


def _steered(case: Case, body: core.Flow, sink: ends.Sink) -> bool:
    """`when influence meets SET`: of all arguments and of what decided, data alone or not."""
    if body.influence is None:
        return True
    table = case.analysis.labelling.table
    known = case.labels.acts[sink.act.node, sink.act.choice]
    return bool((known.shown | known.decision) & table.stands_for(body.influence, body.except_via))


def explain(case: Case, labels: WorkflowLabels, sink: ends.Sink, wanted: int) -> tuple[PathStep, ...]:
    """The path of one offending bit to one sink."""
    return trail(case.analysis.labelling, case.workflow, labels).steps(
        sink.act, f"reaches {sink.name}", sink.label & wanted
    )
