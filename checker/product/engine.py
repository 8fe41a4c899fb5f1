"""Whether a rule holds on all runs of a workflow: the product of both, proved safe for any number of rounds."""

from __future__ import annotations

import attrs

from wfcheck.checker.obligation import UNCONFIRMED, Case
from wfcheck.checker.product.compose import compose
from wfcheck.checker.product.cone import reduced
from wfcheck.checker.product.flowchart import Flowchart, Overlap, UnsupportedError
from wfcheck.checker.product.lists import element_of
from wfcheck.checker.product.monitors.compile import monitor_for
from wfcheck.checker.product.monitors.monitor import SymbolicMonitor
from wfcheck.checker.product.orders import mixable
from wfcheck.checker.product.reads import cuts, leaves_early
from wfcheck.checker.product.segments import flowchart
from wfcheck.checker.symbolic.state import SymbolicEvent
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver.invariants.bounded import Refuted
from wfcheck.solver.invariants.prove import Proof, prove
from wfcheck.solver.transition import Invariant, Segment, System, conditions
from wfcheck.solver.verdict import Limits, Unknown, Unsat

NO_UNHANDLED_FAILURE = "no-unhandled-failure"


@attrs.frozen
class Product:
    """A rule and a workflow as one system. `rests_on`: names of what the making of the system assumes."""

    chart: Flowchart
    monitor: SymbolicMonitor
    system: System
    rests_on: tuple[str, ...]


@attrs.frozen
class Proved:
    """The rule holds. `assumptions`: all that the proof rests on. `notes`: what it took for anything at all."""

    assumptions: tuple[str, ...]
    rests_on: tuple[str, ...]
    system: System
    invariant: Invariant
    notes: tuple[str, ...]


@attrs.frozen
class Open:
    """The rule was not proved. `depth`: the model has a run that breaks it after so many moves, which need not be real."""

    reason: str
    depth: int | None = None


def product(case: Case, rule: core.Rule) -> Product | Open:
    """The system of a rule and a workflow under the assumptions of the case, or why there is none."""
    monitor = monitor_for(rule, case.program, case.workflow, element=element_of)
    if isinstance(monitor, str):
        return Open(monitor)
    try:
        chart, mixed = _chart(case, monitor)
    except UnsupportedError as error:
        return Open(str(error))
    ends = any(map(monitor.relevant, _ends(chart)))
    rests = (*monitor.rests_on, *((NO_UNHANDLED_FAILURE,) if ends else ()))
    if missing := case.analysis.dropped & set(rests):
        return Open(f"nothing is known without `{min(missing)}`")
    system = reduced(compose(chart, monitor, mixed))
    return Product(chart, monitor, _without(system, case.analysis.dropped), rests)


def _without(system: System, dropped: frozenset[str]) -> System:
    def kept(segment: Segment) -> Segment:
        return attrs.evolve(
            segment, assumptions=tuple((n, t) for n, t in segment.assumptions if n not in dropped)
        )

    if not dropped:
        return system
    return attrs.evolve(system, segments={p: kept(s) for p, s in system.segments.items()})


def decide(case: Case, rule: core.Rule, seconds: float) -> Proved | Open:
    """Proved, or open."""
    made = product(case, rule)
    if isinstance(made, Open):
        return made
    if case.analysis.given.invariant is not None:
        return _given(case, made, case.analysis.given.invariant)
    match prove(made.system, seconds=seconds):
        case Proof() as proof:
            return _proved(made, proof.invariant, proof.assumptions)
        case Refuted(depth=depth):
            return Open(UNCONFIRMED, depth)
        case Unknown(reason=reason):
            return Open(reason)


def _proved(made: Product, invariant: Invariant, used: tuple[str, ...]) -> Proved:
    notes = tuple(
        f"{what} was taken for anything" for what in (*made.chart.notes.abstracted, *made.monitor.notes)
    )
    names = tuple(dict.fromkeys((*made.rests_on, *used)))
    shown = invariant or {made.system.start: b.TRUE}
    return Proved(names, made.rests_on, made.system, shown, tuple(dict.fromkeys(notes)))


def _given(case: Case, made: Product, invariant: Invariant) -> Proved | Open:
    """An invariant of somebody else is asked about condition by condition."""
    used: set[str] = set()
    limits = Limits(seconds=case.analysis.limits.timeout / 2)
    for condition in conditions(made.system, invariant):
        answer = case.analysis.solve(condition.formula, condition.assumptions, limits)
        if not isinstance(answer, Unsat):
            return Open(f"the invariant that is given fails at `{condition.name}`")
        used |= set(answer.core)
    return _proved(made, invariant, tuple(sorted(used)))


# ---------------------------------------------------------------- branches that overlap


def _chart(case: Case, monitor: SymbolicMonitor) -> tuple[Flowchart, frozenset[core.NodeId]]:
    """With those branches of each `parallel` first that the monitor looks at; and each `parallel` of which it looks at several."""
    chart = _drawn(case, {})
    lanes = {overlap.node: _lanes(chart, monitor, overlap) for overlap in chart.overlaps}
    mixed = frozenset(node for node, found in lanes.items() if len(found) > 1)
    for overlap in chart.overlaps:
        _check(chart, monitor, overlap, lanes[overlap.node])
    straight = all(_straight(o, lanes[o.node]) for o in chart.overlaps if o.node in mixed)
    if not straight or not mixable(chart, monitor, mixed):
        raise UnsupportedError("the rule looks at events of more than one branch of a `parallel`")
    first = {node: frozenset(found) for node, found in lanes.items() if found}
    return _drawn(case, first), mixed


def _straight(overlap: Overlap, lanes: set[int]) -> bool:
    """No branch that is looked at has places of its own, where it might stay while others go on."""
    return not any(cuts(s) for lane in lanes for s in overlap.branches[lane])


def _drawn(case: Case, first: dict[core.NodeId, frozenset[int]]) -> Flowchart:
    def draw() -> Flowchart:
        return flowchart(case.program, case.analysis.labelling, case.workflow, first)

    chart = case.analysis.once(
        (
            "flowchart",
            case.workflow.symbol,
            tuple((node, tuple(sorted(lanes))) for node, lanes in sorted(first.items())),
        ),
        draw,
    )
    if any(not event.certain for s in chart.stretches.values() for event in s.events):
        raise UnsupportedError("the workflow repeats something in a way that has no place of its own")
    return chart


def _lanes(chart: Flowchart, monitor: SymbolicMonitor, overlap: Overlap) -> set[int]:
    events = (e for s in chart.stretches.values() for e in s.events if monitor.relevant(e))
    return {lane for event in events for node, lane in event.lanes if node == overlap.node}


def _check(chart: Flowchart, monitor: SymbolicMonitor, overlap: Overlap, lanes: set[int]) -> None:
    """No branch ends what is looked at in the middle of another."""
    felt = any(map(monitor.relevant, _ends(chart))) or overlap.returns or overlap.fails
    others = [body for lane, body in enumerate(overlap.branches) if lanes - {lane}]
    if felt and any(leaves_early(body, failing=overlap.fails) for body in others):
        raise UnsupportedError("a branch of a `parallel` may end what another is in the middle of")


def _ends(chart: Flowchart) -> list[SymbolicEvent]:
    return [e for s in chart.stretches.values() for e in s.events if e.kind == "end"]
