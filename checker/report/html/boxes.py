"""The typed DAG as boxes in boxes: regions and the arms of branches own what happens inside of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from wfcheck.dsl import core
from wfcheck.dsl.graph.dag import REGIONS, Graph, Node


@attrs.frozen
class Box:
    """A node, or a region or arm with what is inside. `node` is None for an arm (`then`, `else`, `refused`, `branch 1`); `order` is the
    place of its first node in the source. The box without a parent and a node is the whole."""

    id: str
    title: str
    parent: str | None
    node: Node | None
    order: int


@attrs.frozen
class Boxes:
    """All boxes by id, owners before what they own; `inside` lists the boxes of an owner in source order."""

    boxes: Mapping[str, Box]
    inside: Mapping[str, tuple[str, ...]]

    def chain(self, box: str) -> list[str]:
        """The box and its owners, innermost first."""
        found, at = [box], self.boxes[box].parent
        while at is not None:
            found.append(at)
            at = self.boxes[at].parent
        return found


WHOLE = ""
"""The id of the box around everything."""


def boxes_of(graph: Graph) -> Boxes:
    """The boxes of a graph. Arms without a node have none."""
    arms = dict(_arms(graph))
    made = {WHOLE: Box(WHOLE, graph.workflow, None, None, -1)}
    for order, node in enumerate(graph.nodes):
        owner = arms.get(node.id)
        if owner is not None and owner[0] not in made:
            made[owner[0]] = Box(owner[0], owner[1], owner[2], None, order)
        parent = owner[0] if owner else node.region if node.region is not None else WHOLE
        made[node.id] = Box(node.id, node.title, parent if parent in made else WHOLE, node, order)
    inside: dict[str, list[str]] = {box.id: [] for box in made.values() if owns(box)}
    for box in made.values():
        if box.parent is not None:
            inside[box.parent].append(box.id)
    return Boxes(made, {owner: tuple(owned) for owner, owned in inside.items()})


def owns(box: Box) -> bool:
    """Whether there may be something inside."""
    return box.node is None or box.node.kind in REGIONS


def _arms(graph: Graph) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """By the id of each statement of an arm: the id, the title and the owner of that arm."""
    owners: dict[str, str] = {}
    for node in graph.nodes:
        for title, block in _blocks(node.statement):
            inside = node.kind in REGIONS
            parent = node.id if inside else owners.get(node.id, node.region or WHOLE)
            arm = f"{node.id}/{title}"
            for statement in block:
                owners[statement.id] = arm
                yield statement.id, (arm, title, parent)


def _blocks(statement: core.Statement | None) -> Iterator[tuple[str, core.Block]]:
    match statement:
        case core.If(then=then, otherwise=otherwise):
            yield "then", then
            yield "else", otherwise
        case core.Approve(otherwise=tuple(refused)):
            yield "refused", refused
        case core.Parallel(branches=branches):
            for number, block in enumerate(branches, 1):
                yield f"branch {number}", block
        case core.Retry(handler=tuple(handler)):
            yield "failed", handler
        case _:
            return
