"""Whether a rule holds on all runs of a workflow: the product of both, proved safe for any number of rounds."""

from __future__ import annotations

import attrs

from wfcheck.checker.obligation import Case
from wfcheck.checker.product.compose import compose
from wfcheck.checker.product.cone import reduced
from wfcheck.checker.product.flowchart import Flowchart, Overlap, UnsupportedError
from wfcheck.checker.product.lists import element_of
from wfcheck.checker.product.monitors.compile import monitor_for
from wfcheck.checker.product.monitors.monitor import SymbolicMonitor
from wfcheck.checker.product.reads import leaves_early
from wfcheck.checker.product.segments import flowchart
from wfcheck.dsl import core
from wfcheck.solver.invariants.prove import Proof, Refuted, prove
from wfcheck.solver.transition import System
from wfcheck.solver.verdict import Unknown


@attrs.frozen
class Product:
    """A rule and a workflow as one system."""

    chart: Flowchart
    monitor: SymbolicMonitor
    system: System


@attrs.frozen
class Proved:
    """The rule holds. `assumptions`: what the proof rests on; `notes`: what it took for anything at all."""

    assumptions: tuple[str, ...]
    proof: Proof
    product: Product


@attrs.frozen
class Open:
    """The rule was not proved. `refuted`: the model has a run that breaks it, but runs of the model need not be real."""

    reason: str
    refuted: bool = False


def product(case: Case, rule: core.Rule) -> Product | Open:
    """The system of a rule and a workflow, or why there is none."""
    monitor = monitor_for(rule, case.program, case.workflow, element=element_of)
    if isinstance(monitor, str):
        return Open(monitor)
    try:
        chart = _chart(case, monitor)
    except UnsupportedError as error:
        return Open(str(error))
    return Product(chart, monitor, reduced(compose(chart, monitor)))


def decide(case: Case, rule: core.Rule, seconds: float) -> Proved | Open:
    """Proved, or open."""
    made = product(case, rule)
    if isinstance(made, Open):
        return made
    match prove(made.system, seconds=seconds):
        case Proof() as proof:
            rests = (*made.monitor.rests_on, *proof.assumptions)
            return Proved(tuple(dict.fromkeys(rests)), proof, made)
        case Refuted(depth=depth):
            return Open(f"a run that breaks the rule in {depth} rounds could not be ruled out", refuted=True)
        case Unknown(reason=reason):
            return Open(f"no invariant was found: {reason}")


# ---------------------------------------------------------------- branches that overlap


def _chart(case: Case, monitor: SymbolicMonitor) -> Flowchart:
    """With the branch of each `parallel` first that the monitor looks at."""
    chart = _drawn(case, {})
    first = {o.node: lane for o in chart.overlaps for lane in _lanes(chart, monitor, o)}
    for overlap in chart.overlaps:
        _check(chart, monitor, overlap)
    return _drawn(case, first) if any(first.values()) else chart


def _drawn(case: Case, first: dict[core.NodeId, int]) -> Flowchart:
    def draw() -> Flowchart:
        return flowchart(case.program, case.analysis.labelling, case.workflow, first)

    chart = case.analysis.once(("flowchart", case.workflow.symbol, tuple(sorted(first.items()))), draw)
    if any(not event.certain for s in chart.stretches.values() for event in s.events):
        raise UnsupportedError("the workflow repeats something in a way that has no place of its own")
    return chart


def _lanes(chart: Flowchart, monitor: SymbolicMonitor, overlap: Overlap) -> set[int]:
    events = (e for s in chart.stretches.values() for e in s.events if monitor.relevant(e))
    return {lane for event in events for node, lane in event.lanes if node == overlap.node}


def _check(chart: Flowchart, monitor: SymbolicMonitor, overlap: Overlap) -> None:
    """One branch at most is looked at, and no other ends what it is in the middle of."""
    lanes = _lanes(chart, monitor, overlap)
    if len(lanes) > 1:
        raise UnsupportedError("the rule looks at events of more than one branch of a `parallel`")
    ends = any(e.kind == "end" and monitor.relevant(e) for s in chart.stretches.values() for e in s.events)
    felt = ends or overlap.returns or overlap.fails
    others = [body for lane, body in enumerate(overlap.branches) if lanes and lane not in lanes]
    if felt and any(leaves_early(body, failing=overlap.fails) for body in others):
        raise UnsupportedError("a branch of a `parallel` may end what another is in the middle of")
