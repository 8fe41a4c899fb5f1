"""How two nodes hang together in a drawing: over lines between them alone, joins left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import attrs

from wfcheck.checker.report.html.drawing import Drawing

Steps = Mapping[str, tuple[tuple[str, int | None], ...]]


@attrs.frozen
class Ways:
    """From each node, the nodes that an edge of the graph leads to, with the number of the line that shows it, if one does."""

    steps: Steps
    joins: frozenset[str]

    @staticmethod
    def of(drawing: Drawing) -> Ways:
        """Of a drawing."""
        lines: dict[tuple[str, str], int] = {}
        for number, (line, _) in enumerate(drawing.lines):
            lines[line.source, line.target] = number
            if line.both:
                lines.setdefault((line.target, line.source), number)
        steps: dict[str, dict[str, int | None]] = {}
        for edge in drawing.graph.edges:
            arm = f"{edge.source}/{edge.carries}"
            drawn = lines.get((edge.source, edge.target), lines.get((edge.source, arm)))
            steps.setdefault(edge.source, {}).setdefault(edge.target, drawn)
        joins = frozenset(node.id for node in drawing.graph.nodes if node.kind == "join")
        return Ways({source: tuple(targets.items()) for source, targets in steps.items()}, joins)

    def along(self, chain: Sequence[str]) -> list[int]:
        """The lines between neighbours of a chain; nothing between those that do not hang together."""
        found: set[int] = set()
        for start, end in pairwise(chain):
            found.update(self._between(start, end))
        return sorted(found)

    def _between(self, start: str, end: str) -> Iterable[int]:
        came: dict[str, tuple[str, int | None]] = {}
        open_ = [start]
        while open_ and end not in came:
            at = open_.pop(0)
            for target, number in self.steps.get(at, ()):
                if target not in came and target != start and (target == end or target in self.joins):
                    came[target] = (at, number)
                    open_.append(target)
        at = end
        while at in came:
            at, number = came[at]
            if number is not None:
                yield number

    def within(self, nodes: Iterable[str]) -> list[int]:
        """The lines between nodes of a set."""
        inside = list(dict.fromkeys(nodes))
        reached = {*inside}
        found = {
            number
            for source in inside
            for target, number in self.steps.get(source, ())
            if target in reached and number is not None
        }
        return sorted(found)
