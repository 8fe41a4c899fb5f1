"""Labellings in certificates: only what is hard to find is believed for a moment, and one pass over the program checks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from wfcheck.checker.certificate.document import ActEntry, HeadEntry, LabelsEntry
from wfcheck.checker.labels.analysis import Labelling, WorkflowLabels, one_pass
from wfcheck.checker.labels.origins import OriginDomain
from wfcheck.checker.labels.state import Act, Head
from wfcheck.checker.labels.tree import Tree, make
from wfcheck.checker.obligation import Analysis
from wfcheck.dsl import core

NAMES = ("labels", "data", "origins")


class MismatchError(Exception):
    """The labelling of the certificate is not one; the message says of which part."""


@attrs.define
class _Sets:
    """Masks as positions of sets of marks."""

    listed: list[list[int]] = attrs.field(factory=list)
    known: dict[int, int] = attrs.field(factory=dict)

    def of(self, mask: int) -> int:
        if mask not in self.known:
            self.known[mask] = len(self.listed)
            self.listed.append([i for i in range(mask.bit_length()) if mask >> i & 1])
        return self.known[mask]

    def tree(self, tree: Tree) -> Any:
        if not tree.parts:
            return self.of(tree.own)
        parts = {name: self.tree(part) for name, part in sorted(tree.parts.items())}
        return {"own": self.of(tree.own), "parts": parts}


def encode(labelling: Labelling, workflow: str) -> LabelsEntry:
    """The labelling, with the acts of one workflow."""
    sets = _Sets()
    heads = {
        symbol: {node: _head(sets, head) for node, head in found.heads.items()}
        for symbol, found in labelling.workflows.items()
    }
    acts = {_key(key): _act(sets, act) for key, act in labelling.workflows[workflow].acts.items()}
    return LabelsEntry(
        marks=_marks(labelling),
        sets=sets.listed,
        stores={store: sets.tree(tree) for store, tree in labelling.stores.items()},
        inboxes={principal: sets.of(mask) for principal, mask in labelling.inboxes.items()},
        heads=heads,
        acts=acts,
    )


def _marks(labelling: Labelling) -> list[Any]:
    """What each bit stands for, from the lowest."""
    if isinstance(labelling.domain, OriginDomain):
        return [[kind, name, list(path)] for kind, name, path in labelling.domain.bits]
    return list(labelling.table.bits)


def _key(key: tuple[core.NodeId, int]) -> str:
    return f"{key[0]} {key[1]}"


def _head(sets: _Sets, head: Head) -> HeadEntry:
    variables = {name: sets.tree(tree) for name, tree in head.variables.items()}
    masks = (head.exits, head.returns, head.failing, head.failures)
    return HeadEntry(variables, *map(sets.of, masks))


def _act(sets: _Sets, act: Act) -> ActEntry:
    arguments = {name: sets.tree(tree) for name, tree in act.arguments.items()}
    return ActEntry(sets.of(act.decision), arguments, sets.tree(act.result))


def decode(entry: LabelsEntry, name: str, analysis: Analysis, workflow: str) -> Labelling:
    """The labelling, once a single pass has confirmed it for the program of the analysis.

    Raises:
        MismatchError: it is not closed under the label rules, or says something else of a step than they do.
    """
    claimed = _claimed(entry, name, analysis)
    found = one_pass(analysis.program, claimed)
    if found is None or _marks(found) != entry.marks:
        raise MismatchError("is not closed under the label rules")
    read = _reader(entry)
    acts = {_key(key): act for key, act in found.workflows[workflow].acts.items()}
    if acts.keys() != entry.acts.keys():
        raise MismatchError("does not speak of the steps of the workflow")
    for key, act in acts.items():
        if not _says(entry.acts[key], act, read):
            raise MismatchError(f"says something else of step `{key}` than the label rules do")
    return found


def _says(entry: ActEntry, act: Act, read: Callable[[Any], Tree]) -> bool:
    arguments = {name: read(tree) for name, tree in entry.arguments.items()}
    decided = read(entry.decision).own == act.decision
    return decided and arguments == dict(act.arguments) and read(entry.result) == act.result


def _claimed(entry: LabelsEntry, name: str, analysis: Analysis) -> Labelling:
    """What the entry says, not yet believed."""
    program, read = analysis.program, _reader(entry)
    if entry.stores.keys() != program.stores.keys() or entry.heads.keys() != program.workflows.keys():
        raise MismatchError("does not speak of the stores and workflows of the program")
    if name == "origins":
        places = [(kind, of, tuple(path)) for kind, of, path in entry.marks]
        domain: Any = OriginDomain(analysis.table, bits={p: 1 << i for i, p in enumerate(places)})
    else:
        domain = analysis.domain(implicit=name == "labels")
        if entry.marks != list(analysis.table.bits):
            raise MismatchError("names other tags than the program")
    workflows = {
        symbol: WorkflowLabels({}, {node: _read_head(head, read) for node, head in heads.items()}, _parameters(domain, program, symbol))
        for symbol, heads in entry.heads.items()
    }  # fmt: skip
    stores = {store: read(tree) for store, tree in entry.stores.items()}
    inboxes = {principal: read(number).own for principal, number in entry.inboxes.items()}
    return Labelling(analysis.table, domain, workflows, stores, inboxes)


def _parameters(domain: Any, program: core.Program, symbol: str) -> Mapping[str, Tree]:
    return {p.name: domain.parameter(symbol, p) for p in program.workflows[symbol].parameters}


def _read_head(entry: HeadEntry, read: Callable[[Any], Tree]) -> Head:
    variables = {name: read(tree) for name, tree in entry.variables.items()}
    masks = (entry.exits, entry.returns, entry.failing, entry.failures)
    return Head(variables, *(read(number).own for number in masks))


def _reader(entry: LabelsEntry) -> Callable[[Any], Tree]:
    """Reads a label; raises MismatchError for what is none."""

    def mask(number: Any) -> int:
        if not isinstance(number, int) or not 0 <= number < len(entry.sets):
            raise MismatchError("names a set that is not listed")
        found = 0
        for mark in entry.sets[number]:
            if not 0 <= mark < len(entry.marks):
                raise MismatchError("names a mark that is not listed")
            found |= 1 << mark
        return found

    def tree(value: Any) -> Tree:
        match value:
            case {"own": own, "parts": dict(parts)} if len(value) == 2:
                return make(mask(own), {str(name): tree(part) for name, part in parts.items()})
            case _:
                return make(mask(value), {})

    return tree
