"""The static labelling: which tags may reach which value, argument and decision, over all runs of all workflows.

A monotone fixpoint: regions iterate, stores and inboxes iterate over every workflow of the program (any number of sessions). The
result is its own certificate: `check_labelling` walks every workflow once and looks whether anything would still grow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import attrs

from wfcheck.checker.labels.domain import Domain, LabelDomain
from wfcheck.checker.labels.guarding import Guard
from wfcheck.checker.labels.state import Act, Head, Memory, Walk
from wfcheck.checker.labels.statements import run
from wfcheck.checker.labels.table import USER, Table, VirtualSource, build_table
from wfcheck.checker.labels.tree import Tree, below
from wfcheck.dsl import core

__all__ = ["Labelling", "WorkflowLabels", "analyse", "check_labelling", "label"]


@attrs.frozen(slots=False)
class WorkflowLabels:
    """`acts` by (node, choice): choice 0 is the statement itself, n the n-th `may` of an agent, in program order.

    `heads` by region node: labels of the variables it assigns, valid at every entry of its body and after it."""

    acts: Mapping[tuple[core.NodeId, int], Act]
    heads: Mapping[core.NodeId, Head]
    parameters: Mapping[str, Tree]
    _listed: dict[tuple[str, ...], tuple[Act, ...]] = attrs.field(
        factory=dict, init=False, eq=False, repr=False
    )

    def of(self, *kinds: str) -> tuple[Act, ...]:
        """The acts of these kinds, in program order."""
        if kinds not in self._listed:
            self._listed[kinds] = tuple(act for act in self.acts.values() if act.kind in kinds)
        return self._listed[kinds]

    def act(self, node: core.NodeId, choice: int = 0) -> Act | None:
        """What the node may do; None if the walk never came there."""
        return self.acts.get((node, choice))

    @cached_property
    def introduced(self) -> int:
        """Every bit that any value or decision of the workflow may carry."""
        mask = 0
        for tree in self.parameters.values():
            mask |= tree.every
        for act in self.acts.values():
            mask |= act.decision | act.shown | act.result.every
        return mask


@attrs.frozen(slots=False)
class Labelling:
    """The labels of a whole program. `stores` and `inboxes` are the fixpoints over all its workflows."""

    table: Table
    domain: Domain
    workflows: Mapping[str, WorkflowLabels]
    stores: Mapping[str, Tree]
    inboxes: Mapping[str, int]
    denies: bool = False


def analyse(
    program: core.Program, sources: Iterable[VirtualSource] = (), *, implicit: bool = True
) -> Labelling:
    """The least labelling. `sources`: ends of flow rules that are no tags. `implicit` False: data flow alone."""
    table = build_table(program, sources)
    return label(program, LabelDomain(table, implicit), table)


def label(program: core.Program, domain: Domain, table: Table, *, denies: bool = False) -> Labelling:
    """The least fixpoint in a domain. `denies`: guarded workflows are taken to have their guard."""
    memory = Memory({s.symbol: domain.stored(s) for s in program.stores.values()}, _inboxes(program, domain))
    heads: dict[str, dict[core.NodeId, Head]] = {w: {} for w in program.workflows}
    acts: dict[str, dict[tuple[core.NodeId, int], Act]] = {w: {} for w in program.workflows}
    memory.changed = True
    while memory.changed:
        memory.changed = False
        for workflow in program.workflows.values():
            made = acts[workflow.symbol]
            guard = Guard(program, workflow, denies, made)
            _pass(program, domain, memory, workflow, heads[workflow.symbol], made, guard)
    found = {
        w.symbol: WorkflowLabels(acts[w.symbol], heads[w.symbol], _parameters(domain, w))
        for w in program.workflows.values()
    }
    return Labelling(table, domain, found, memory.stores, memory.inboxes, denies)


def _inboxes(program: core.Program, domain: Domain) -> dict[str, int]:
    found = {principal: domain.inbox(principal) for principal in (*program.principals, USER)}
    return {principal: mask for principal, mask in found.items() if mask}


def _parameters(domain: Domain, workflow: core.Workflow) -> dict[str, Tree]:
    return {p.name: domain.parameter(workflow.symbol, p) for p in workflow.parameters}


def _pass(
    program: core.Program,
    domain: Domain,
    memory: Memory,
    workflow: core.Workflow,
    heads: dict[core.NodeId, Head],
    acts: dict[tuple[core.NodeId, int], Act],
    guard: Guard,
) -> None:
    walk = Walk(program, domain, memory, heads, acts, (workflow.principal or "user",), guard)
    walk.env.update(_parameters(domain, workflow))
    run(walk, workflow.body)


def check_labelling(program: core.Program, labelling: Labelling) -> bool:
    """Whether the labelling is closed under every rule: one pass over each workflow that must not grow anything."""
    found = one_pass(program, labelling)
    return found is not None and all(
        _included(act, labelling.workflows[symbol].acts.get(key))
        for symbol, workflow in found.workflows.items()
        for key, act in workflow.acts.items()
    )


def one_pass(program: core.Program, labelling: Labelling) -> Labelling | None:
    """The labels of all acts by one walk over each workflow from the stores, inboxes and heads of a labelling; None if these are
    not closed under the rules. Whatever the labelling says of acts is not looked at."""
    memory = Memory(dict(labelling.stores), dict(labelling.inboxes))
    for store in program.stores.values():
        memory.write(store.symbol, labelling.domain.stored(store))
    for principal, mask in _inboxes(program, labelling.domain).items():
        memory.send(principal, mask)
    made = {}
    for symbol, workflow in program.workflows.items():
        known = labelling.workflows[symbol]
        heads = {n: attrs.evolve(h, variables=dict(h.variables)) for n, h in known.heads.items()}
        acts: dict[tuple[core.NodeId, int], Act] = {}
        guard = Guard(program, workflow, labelling.denies, acts)
        before: dict[tuple[core.NodeId, int], Act] | None = None
        while before is None or (guard.rules and before != acts):
            before = dict(acts)
            _pass(program, labelling.domain, memory, workflow, heads, acts, guard)
        if _grown(memory, labelling) or heads != dict(known.heads):
            return None
        made[symbol] = WorkflowLabels(acts, heads, known.parameters)
    return attrs.evolve(labelling, workflows=made)


def _grown(memory: Memory, labelling: Labelling) -> bool:
    return memory.stores != dict(labelling.stores) or memory.inboxes != dict(labelling.inboxes)


def _included(new: Act, known: Act | None) -> bool:
    return (
        known is not None
        and new.decision | known.decision == known.decision
        and below(new.result, known.result)
        and all(n in known.arguments and below(t, known.arguments[n]) for n, t in new.arguments.items())
    )
