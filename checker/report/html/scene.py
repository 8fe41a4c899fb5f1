"""What a report may be drawn with: the graphs of the workflows that it speaks of, and the runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from wfcheck.checker.replay.telling import Told
from wfcheck.checker.report.escape import visible
from wfcheck.checker.report.html.drawing import Drawing, draw
from wfcheck.checker.report.html.svg import svg
from wfcheck.checker.report.html.ways import Ways
from wfcheck.dsl import core
from wfcheck.dsl.graph.lower import lower
from wfcheck.dsl.source import Span

MOST_NODES = 1_200
"""A graph with more nodes is not drawn."""
MOST_GRAPHS = 200


@attrs.frozen
class Scene:
    """`program`: whose workflows are drawn; without it nothing is. `told`: runs of a replay by name."""

    program: core.Program | None = None
    told: Mapping[str, Told] = attrs.field(factory=dict)


@attrs.frozen
class Stagehand:
    """The drawing of one workflow, its number on the page, and the numbers of its nodes."""

    number: int
    drawing: Drawing
    names: dict[str, int]
    ways: Ways

    def nodes(self, ids: Iterable[str]) -> list[int]:
        """The numbers of nodes that are drawn."""
        return sorted({self.names[node] for node in ids if node in self.names})

    def around(self, ids: Iterable[str]) -> list[str]:
        """Nodes with the regions that they are in, and the branches that led to them."""
        boxes = self.drawing.boxes
        found: dict[str, None] = {}
        for node in ids:
            for box in boxes.chain(node) if node in boxes.boxes else ():
                found[box if box in self.names else box.partition("/")[0]] = None
        return [node for node in found if node in self.names]


@attrs.define
class Graphs:
    """The drawings of a page, made when they are first asked for."""

    program: core.Program | None
    made: dict[str, Stagehand | None] = attrs.field(factory=dict)
    drawn: list[str] = attrs.field(factory=list)

    def of(self, workflow: str | None) -> Stagehand | None:
        """The drawing of a workflow; None where there is none, or it is too large."""
        if workflow is None or self.program is None:
            return None
        if workflow not in self.made:
            self.made[workflow] = self._make(workflow, self.program)
        return self.made[workflow]

    def _make(self, symbol: str, program: core.Program) -> Stagehand | None:
        workflow = program.workflows.get(symbol)
        if workflow is None or len(self.drawn) >= MOST_GRAPHS:
            return None
        graph = lower(workflow, program)
        if len(graph.nodes) > MOST_NODES:
            return None
        drawing = draw(graph)
        names = {node.id: number for number, node in enumerate(graph.nodes)}
        self.drawn.append(svg(drawing, names))
        return Stagehand(len(self.drawn) - 1, drawing, names, Ways.of(drawing))

    def titles(self) -> list[str]:
        """The names of the workflows that are drawn, by number."""
        return [visible(name, limit=200) for name, hand in self.made.items() if hand is not None]

    def places(self, places: Sequence[tuple[str, str]]) -> list[list[int]]:
        """Nodes of drawings as pairs of numbers."""
        found = []
        for workflow, node in places:
            hand = self.of(workflow)
            if hand is not None and node in hand.names:
                found.append([hand.number, hand.names[node]])
        return found


def node_at(hand: Stagehand, span: Span) -> str | None:
    """The smallest node around a span; None where there is none, or more than one."""
    found: list[tuple[int, str]] = []
    for node in hand.drawing.graph.nodes:
        around = node.span
        if node.kind in ("entry", "join") or around.file != span.file:
            continue
        if around.start <= span.start and span.end <= around.end:
            found.append((around.end - around.start, node.id))
    smallest = min((size for size, _ in found), default=0)
    names = [node for size, node in found if size == smallest]
    return names[0] if len(names) == 1 else None
