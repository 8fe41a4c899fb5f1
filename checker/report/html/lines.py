"""Which edges of the typed DAG are drawn: one line for each pair of nodes, without what a box or a longer way already shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from wfcheck.checker.report.html.boxes import WHOLE, Boxes
from wfcheck.dsl.graph.dag import Edge, EdgeKind, Graph

_RANK: Mapping[EdgeKind, int] = {"message": 0, "memory": 1, "data": 2, "control": 3}
_MOST_REDUCED = 1_500


@attrs.frozen
class Line:
    """A drawn line. `source` and `target` are boxes; `kind` is that of the strongest edge, or `order`: only the order in the source.
    `both`: what goes back goes the same way."""

    source: str
    target: str
    kind: str
    label: str
    carried: bool
    both: bool = False


def lines_of(graph: Graph, boxes: Boxes) -> tuple[Line, ...]:
    """The lines, in the order of their first edge."""
    pairs: dict[tuple[str, str, bool], list[Edge]] = {}
    for edge in graph.edges:
        ends = _ends(edge, boxes)
        if ends is not None:
            pairs.setdefault((*ends, edge.carried), []).append(edge)
    lines = [_line(source, target, carried, edges) for (source, target, carried), edges in pairs.items()]
    kept = _twinned(_reduced(lines) if len(graph.nodes) <= _MOST_REDUCED else lines)
    return (*kept, *_orders(graph, boxes, kept))


def _ends(edge: Edge, boxes: Boxes) -> tuple[str, str] | None:
    """The boxes that the line joins; None: what is inside of what says the same."""
    if edge.kind == "control" and not edge.carried:
        if edge.source == "entry":
            return (edge.source, edge.target) if edge.target.startswith("parameter:") else None
        arm = f"{edge.source}/{edge.carries}"
        if arm in boxes.boxes and arm in boxes.chain(edge.target):
            return None if edge.source in boxes.chain(arm) else (edge.source, arm)
        if edge.source in boxes.chain(edge.target):
            return None
    return edge.source, edge.target


def _line(source: str, target: str, carried: bool, edges: list[Edge]) -> Line:
    strongest = min(edges, key=lambda e: _RANK[e.kind])
    control = strongest.kind == "control"
    names = dict.fromkeys(e.carries for e in edges if e.carries and (control or e.kind != "control"))
    return Line(source, target, strongest.kind, ", ".join(names), carried)


def _twinned(lines: list[Line]) -> list[Line]:
    """Two lines between the same boxes, there and back, are one."""
    there = {(line.source, line.target) for line in lines if not line.carried}
    back = {(line.target, line.source) for line in lines if line.carried} & there
    return [
        attrs.evolve(line, both=(line.source, line.target) in back)
        for line in lines
        if not (line.carried and (line.target, line.source) in back)
    ]


def _reduced(lines: list[Line]) -> list[Line]:
    """Without lines of control that a longer way implies."""
    after: dict[str, list[str]] = {}
    for line in lines:
        if not line.carried:
            after.setdefault(line.source, []).append(line.target)
    return [line for line in lines if not (_mere(line) and _longer(line, after))]


def _mere(line: Line) -> bool:
    return line.kind == "control" and not line.carried


def _longer(line: Line, after: Mapping[str, list[str]]) -> bool:
    """Whether the target is reached through another node."""
    seen = {line.source, line.target}
    open_ = [name for name in after[line.source] if name not in seen]
    while open_:
        at = open_.pop()
        if at in seen:
            continue
        seen.add(at)
        nexts = after.get(at, [])
        if line.target in nexts:
            return True
        open_ += nexts
    return False


def _orders(graph: Graph, boxes: Boxes, lines: Iterable[Line]) -> Iterable[Line]:
    """What depends on nothing in its block stands below the step before it."""
    heads = {"entry"} | {node.id for node in graph.nodes if node.kind == "parameter"}
    inner: set[str] = set()
    for line in lines:
        if not line.carried and line.source not in heads:
            inner.update(_lifted(line, boxes))
    for owner, owned in boxes.inside.items():
        last = "entry" if owner == WHOLE and len(heads) == 1 else None
        for box in owned:
            if box in heads:
                continue
            if last is not None and box not in inner:
                yield Line(last, box, "order", "", False)
            arm = boxes.boxes[box].node is None
            last = last if arm else box


def _lifted(line: Line, boxes: Boxes) -> list[str]:
    """The boxes that the line enters."""
    around = set(boxes.chain(line.source))
    return [box for box in boxes.chain(line.target) if box not in around]
