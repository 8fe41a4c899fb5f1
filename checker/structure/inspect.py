"""All questions about the skeleton of workflows, and what their answers mean for verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import attrs

from wfcheck.checker.obligation import Analysis
from wfcheck.checker.result import Result, Verdict
from wfcheck.checker.structure import cases, effects, loops, messages, reachable
from wfcheck.checker.structure.asking import Asker
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Diagnostic
from wfcheck.dsl.walk import statements
from wfcheck.solver import build as b
from wfcheck.solver import verdict as solver

LARGEST = 400
"""Statements of a workflow for which the solver is asked."""
SECONDS = 2.0
"""For each question to the solver."""

BLOCKING: Mapping[str, str] = {
    "WF611": "has steps that no run comes to",
    "WF615": "waits for a message that nobody sends",
    "WF616": "waits for a message that is sent only behind the waiting",
    "WF617": "has steps behind which no run ends normally",
}
"""What makes a skeleton unsound, in words."""

_CLEARED = frozenset({Verdict.PROVED, Verdict.ENFORCED, Verdict.VACUOUS})
_ASKING = core.If | core.While | core.Approve | core.Retry | core.Scope


def inspect(analysis: Analysis, workflow: core.Workflow) -> list[Diagnostic]:
    """What is wrong with the skeleton of one workflow."""
    found = list(messages.check(analysis.program, workflow))
    body = list(statements(workflow.body))
    if len(body) > LARGEST or not any(isinstance(s, _ASKING) for s in body):
        return found
    asker = Asker(analysis.execution(workflow.symbol), min(SECONDS, analysis.limits.timeout / 2))
    if isinstance(asker.ask(b.TRUE), solver.Unsat):
        return found
    return [*found, *reachable.check(workflow, asker), *loops.check(asker), *cases.chains(workflow, asker)]


def declared(analysis: Analysis, workflows: Iterable[core.Workflow]) -> list[Diagnostic]:
    """What is wrong with the declarations that the workflows use."""
    return [*effects.check(analysis.program, workflows), *cases.clauses(analysis.program)]


def caveats(found: Iterable[Diagnostic]) -> Iterator[str]:
    """Notes for what is proved of a workflow with an unsound skeleton."""
    found = list(found)
    for code, words in BLOCKING.items():
        lines = sorted({d.span.line for d in found if d.code == code and d.span is not None})
        if lines:
            shown = ", ".join(map(str, lines[:3]))
            yield f"the workflow {words} ({code}, line {shown}), of which this verdict says nothing"


def look(
    analysis: Analysis, results: Iterable[Result], wanted: Callable[[core.Workflow], bool]
) -> tuple[tuple[Result, ...], tuple[Diagnostic, ...]]:
    """The results with caveats, and what is wrong with the skeletons of the wanted workflows, each said once."""
    workflows = [w for w in analysis.program.workflows.values() if wanted(w)]
    found = {w.symbol: inspect(analysis, w) for w in workflows}
    noted = tuple(_noted(r, found.get(r.workflow or "", [])) for r in results)
    everything = [*declared(analysis, workflows), *(d for part in found.values() for d in part)]
    return noted, tuple({(d.code, d.span): d for d in everything}.values())


def _noted(result: Result, found: list[Diagnostic]) -> Result:
    if result.verdict not in _CLEARED or result.rule.startswith("builtin."):
        return result
    return attrs.evolve(result, notes=(*result.notes, *caveats(found)))
