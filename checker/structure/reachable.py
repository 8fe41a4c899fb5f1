"""Steps that no run comes to (WF611), and steps behind which no run ends normally (WF617)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from wfcheck.checker.structure.asking import Asker
from wfcheck.checker.symbolic.records import LEMMA
from wfcheck.checker.symbolic.state import TYPED
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Diagnostic, Severity
from wfcheck.dsl.walk import blocks
from wfcheck.solver import build as b
from wfcheck.solver.term import Term

Places = Mapping[core.NodeId, Term]


def check(workflow: core.Workflow, asker: Asker) -> Iterator[Diagnostic]:
    """What is wrong with the way through the workflow."""
    places = _places(asker)
    dead = asker.impossible(places)
    for statement in _outermost(workflow.body, dead):
        yield _never_runs(statement, dead[statement.id])
    ends = b.or_(asker.execution.complete, *asker.execution.records.stops)
    live = {node: b.and_(term, ends) for node, term in places.items() if node not in dead}
    stuck = asker.impossible(live)
    for statement in _outermost(workflow.body, stuck):
        yield _never_ends(workflow, statement)


def _places(asker: Asker) -> dict[core.NodeId, Term]:
    found: dict[core.NodeId, list[Term]] = {}
    for arrival in asker.execution.records.arrivals:
        found.setdefault(arrival.node, []).append(arrival.guard)
    return {node: b.or_(*guards) for node, guards in found.items()}


def _outermost(block: core.Block, nodes: Collection[core.NodeId]) -> Iterator[core.Statement]:
    """The first statements among the nodes on each way down, those of inlined workflows aside; what stands behind a `stop` is
    reported as such."""
    for statement in block:
        if statement.id in nodes:
            yield statement
            return
        for inner in () if isinstance(statement, core.Scope) else blocks(statement):
            yield from _outermost(inner, nodes)
        if _leaves(statement):
            return


def _leaves(statement: core.Statement) -> bool:
    """Whether nothing comes after the statement, as its form says."""
    match statement:
        case core.Stop() | core.Return():
            return True
        case core.If(then=then, otherwise=otherwise):
            return any(map(_leaves, then)) and any(map(_leaves, otherwise))
        case _:
            return False


def _never_runs(statement: core.Statement, rests: tuple[str, ...]) -> Diagnostic:
    named = [n for n in rests if n != TYPED and not n.startswith(LEMMA)]
    notes = (f"follows from {', '.join(f'`{n}`' for n in named)}",) if named else ()
    return Diagnostic(
        "WF611",
        "no run comes to this step",
        statement.span,
        Severity.WARNING,
        notes=notes,
        help="leave it out, or mend the condition that keeps runs from it",
    )


def _never_ends(workflow: core.Workflow, statement: core.Statement) -> Diagnostic:
    return Diagnostic(
        "WF617",
        f"no run of `{workflow.symbol}` that comes to this step ends normally",
        statement.span,
        Severity.WARNING,
        help="give the steps from here on a way to the end, to `return` or to `stop`",
    )
