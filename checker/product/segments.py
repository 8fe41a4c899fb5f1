"""From a workflow to its flowchart. Whatever has no loop is walked in one go by the symbolic execution; the head of each loop, each
retry of many attempts and each agent is a place, and so is what follows a branch that holds one.

States are merged at joins, no path is enumerated (big-block encoding: Beyer, Cimatti, Griggio, Keremoglu and Sebastiani, Software
Model Checking via Large-Block Encoding, 2009)."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from wfcheck.checker.labels.analysis import Labelling
from wfcheck.checker.product import agents, loops, retries
from wfcheck.checker.product.drafts import Draft, Drafts, Place, terms_of
from wfcheck.checker.product.flowchart import Flowchart, Stretch
from wfcheck.checker.product.reads import cuts, reads
from wfcheck.checker.product.regions import approve, branch, parallel, scope
from wfcheck.checker.symbolic import statements as plain
from wfcheck.checker.symbolic.execution import start
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver.term import Symbol, Term, symbols


def flowchart(
    program: core.Program,
    labelling: Labelling,
    workflow: core.Workflow,
    first: Mapping[core.NodeId, frozenset[int]] | None = None,
) -> Flowchart:
    """All runs of the workflow. `first`: by `parallel`, the branches that are walked before the others."""
    drafts = Drafts.of(program, labelling, workflow, first or {})
    drafts.enter(Place("start", {}, {}))
    start(drafts.walk, workflow)
    drafts.walk.records.promises.append(("", workflow.ensures))
    end = block(drafts, workflow.body, b.TRUE)
    drafts.walk.records.stops.append(end)
    made = [_stretch(drafts, draft) for draft in drafts.done]
    return Flowchart(
        workflow,
        "start",
        {s.place: s for s in _numbered(made)},
        drafts.notes,
        _fixed(drafts, made[0]),
        drafts.indices,
        tuple(drafts.overlaps),
    )


def block(drafts: Drafts, statements: core.Block, guard: Term) -> Term:
    """Walk a block from the draft at hand; its end is reached in the draft at hand then, if the result holds."""
    for place, statement in enumerate(statements):
        if guard is b.FALSE:
            return guard
        drafts.reading.append(reads(statements[place + 1 :]) if cuts(statement) else frozenset())
        guard = _statement(drafts, statement, guard)
        drafts.reading.pop()
    return guard


def _statement(drafts: Drafts, statement: core.Statement, guard: Term) -> Term:
    if not cuts(statement):
        return plain.step(drafts.walk, statement, guard)
    match statement:
        case core.If():
            return branch(drafts, block, statement, guard)
        case core.Approve():
            return approve(drafts, block, statement, guard)
        case core.For():
            return loops.each(drafts, block, statement, guard)
        case core.While():
            return loops.repeat(drafts, block, statement, guard)
        case core.Agent():
            return agents.agent(drafts, statement, guard)
        case core.Retry():
            return retries.retry(drafts, block, statement, guard)
        case core.Scope():
            return scope(drafts, block, statement, guard)
        case core.Parallel():
            return parallel(drafts, block, statement, guard)
        case _:
            raise AssertionError("a statement without blocks has no loop")


def _stretch(drafts: Drafts, draft: Draft) -> Stretch:
    """The draft with the normal end of the run as its last event."""
    walk = draft.walk
    ended = b.or_(*walk.records.stops, *(guard for guard, _, _ in walk.returned[0]))
    if ended is not b.FALSE:
        walk.emit("end", drafts.workflow, ended, {}, {})
    return Stretch(
        draft.place.name,
        draft.place.variables,
        tuple(walk.events),
        tuple(walk.assumptions),
        tuple(draft.exits),
        tuple(draft.hints),
    )


def _numbered(stretches: list[Stretch]) -> list[Stretch]:
    """No two events of a flowchart have one index."""
    found = []
    count = 0
    for stretch in stretches:
        events = tuple(attrs.evolve(e, index=count + place) for place, e in enumerate(stretch.events))
        count += len(events)
        found.append(attrs.evolve(stretch, events=events))
    return found


def _fixed(drafts: Drafts, start_: Stretch) -> tuple[Symbol, ...]:
    """What is chosen at the start and may be read later."""
    kept = [t for d in drafts.done for value in d.place.kept.values() for t in terms_of(value)]
    assumed = [term for _, term in start_.assumptions]
    moved = [t for e in start_.exits for t in (e.guard, *e.values)]
    shown = [
        t for e in start_.events for v in e.arguments.values() for t in (e.guard, e.returned, *terms_of(v))
    ]
    results = [t for e in start_.events if e.result is not None for t in terms_of(e.result)]
    return symbols([*kept, *assumed, *moved, *shown, *results])
