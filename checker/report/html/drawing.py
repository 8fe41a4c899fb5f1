"""Where every box and every line of a typed DAG is drawn. No program but this one is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from wfcheck.checker.report.escape import visible, width
from wfcheck.checker.report.html.boxes import WHOLE, Box, Boxes, boxes_of, owns
from wfcheck.checker.report.html.layers import Level, Point, Size, arrange
from wfcheck.checker.report.html.lines import Line, lines_of
from wfcheck.dsl.graph.dag import Graph

PAD, HEAD, MARGIN = 14.0, 30.0, 12.0
_CHAR, _PER_LINE, _LINES = 7.0, 26, 2


@attrs.frozen
class Place:
    """A box: corner, size, and its title in lines, already inert."""

    box: Box
    x: float
    y: float
    size: Size
    words: tuple[str, ...]
    framed: bool


@attrs.frozen
class Drawing:
    """A whole drawing. Each line has the points that it passes; places are owners first."""

    graph: Graph
    boxes: Boxes
    places: Mapping[str, Place]
    lines: tuple[tuple[Line, tuple[Point, ...]], ...]
    size: Size


def draw(graph: Graph) -> Drawing:
    """Lay out the graph: boxes from the innermost out, then places from the outermost in."""
    boxes = boxes_of(graph)
    lines = lines_of(graph, boxes)
    words = {box.id: wrapped(box.title) for box in boxes.boxes.values()}
    levels, sizes = _levels(boxes, lines, words)
    corners = _corners(boxes, levels, sizes)
    places = {
        name: Place(box, *corners[name], sizes[name], words[name], _framed(boxes, name))
        for name, box in boxes.boxes.items()
        if name != WHOLE
    }
    routed = tuple((line, _points(line, boxes, places, levels, corners, sizes)) for line in lines)
    whole = sizes[WHOLE]
    return Drawing(graph, boxes, places, routed, (whole[0] + 2 * MARGIN, whole[1] + 2 * MARGIN))


def wrapped(title: str) -> tuple[str, ...]:
    """An inert title on at most two lines; what does not fit ends in an ellipsis."""
    rows, row = [], ""
    for char in visible(title):
        if width(row) >= _PER_LINE:
            cut = _cut(row) if char != " " else len(row)
            rows.append(row[:cut])
            row = row[cut:].lstrip(" ")
        row += char
    rows.append(row)
    if len(rows) > _LINES:
        rows = [*rows[: _LINES - 1], rows[_LINES - 1][: _PER_LINE - 1] + "…"]
    return tuple(rows)


def _cut(row: str) -> int:
    """Where a line is broken: after the last blank or mark in its second half, else at its end."""
    half = len(row) // 2
    return max((n for n, char in enumerate(row, 1) if n > half and char in " _.,("), default=len(row))


def _framed(boxes: Boxes, name: str) -> bool:
    return bool(boxes.inside.get(name))


def _levels(
    boxes: Boxes, lines: Sequence[Line], words: Mapping[str, tuple[str, ...]]
) -> tuple[dict[str, Level], dict[str, Size]]:
    edges = _lifted(boxes, lines)
    levels: dict[str, Level] = {}
    sizes: dict[str, Size] = {}
    for name in reversed(list(boxes.boxes)):
        box = boxes.boxes[name]
        bare = _bare(box, words[name])
        inside = boxes.inside.get(name, ())
        if not inside or not owns(box):
            sizes[name] = bare
            continue
        level = levels[name] = arrange(inside, sizes, edges.get(name, ()))
        if name == WHOLE:
            sizes[name] = level.size
        else:
            sizes[name] = (max(level.size[0] + 2 * PAD, bare[0]), level.size[1] + _head(box) + 2 * PAD)
    return levels, sizes


def _bare(box: Box, words: Sequence[str]) -> Size:
    """The size of a node, or of the head of a frame."""
    if box.node is not None and box.node.kind == "join":
        return 14.0, 14.0
    across = max(map(width, words)) * _CHAR + (64 if box.node and owns(box) else 24)
    return max(92.0, across), 28.0 + 15.0 * len(words)


def _head(box: Box) -> float:
    return HEAD if box.node is not None else 18.0


def _lifted(boxes: Boxes, lines: Sequence[Line]) -> dict[str, tuple[tuple[str, str], ...]]:
    """By owner, the lines between what it owns; only those that go down."""
    found: dict[str, dict[tuple[str, str], None]] = {}
    for line in lines:
        pair = _pair(boxes, line)
        if pair is not None:
            owner, source, target = pair
            found.setdefault(owner, {})[source, target] = None
    return {owner: tuple(pairs) for owner, pairs in found.items()}


def _pair(boxes: Boxes, line: Line) -> tuple[str, str, str] | None:
    """The innermost owner of both ends, and the two boxes in it that the line joins; None where it goes up or into its own box."""
    if line.carried:
        return None
    up, down = boxes.chain(line.source), boxes.chain(line.target)
    common = next(box for box in up if box in set(down))
    if common in (line.source, line.target):
        return None
    source, target = up[up.index(common) - 1], down[down.index(common) - 1]
    goes_down = boxes.boxes[source].order < boxes.boxes[target].order
    return (common, source, target) if goes_down else None


def _corners(boxes: Boxes, levels: Mapping[str, Level], sizes: Mapping[str, Size]) -> dict[str, Point]:
    corners: dict[str, Point] = {WHOLE: (MARGIN, MARGIN)}
    for name, box in boxes.boxes.items():
        for inner in boxes.inside.get(name, ()) if name in levels else ():
            x, y = levels[name].places[inner]
            left, top = _inside(box, corners[name], sizes, levels)
            corners[inner] = (left + x, top + y)
    return corners


def _inside(box: Box, corner: Point, sizes: Mapping[str, Size], levels: Mapping[str, Level]) -> Point:
    """Where the inside of a box begins; it is centred where the head is wider."""
    if box.id == WHOLE:
        return corner
    spare = sizes[box.id][0] - levels[box.id].size[0]
    return corner[0] + spare / 2, corner[1] + _head(box) + PAD


def _points(
    line: Line,
    boxes: Boxes,
    places: Mapping[str, Place],
    levels: Mapping[str, Level],
    corners: Mapping[str, Point],
    sizes: Mapping[str, Size],
) -> tuple[Point, ...]:
    source, target = places[line.source], places[line.target]
    within = line.source in boxes.chain(line.target)
    start = (source.x + source.size[0] / 2, source.y + (HEAD if within else source.size[1]))
    end = (target.x + target.size[0] / 2, target.y)
    if line.carried or end[1] < start[1]:
        return _back(source, target)
    pair = _pair(boxes, line)
    if pair is None:
        return start, end
    owner, upper, lower = pair
    left, top = _inside(boxes.boxes[owner], corners[owner], sizes, levels)
    passed = levels[owner].routes.get((upper, lower), ())
    return start, *((left + x, top + y) for x, y in passed), end


def _back(source: Place, target: Place) -> tuple[Point, ...]:
    """From the right side of the one to the right side of the other."""
    heads = [p.y + (HEAD if p.framed else p.size[1]) / 2 for p in (source, target)]
    return (source.x + source.size[0], heads[0]), (target.x + target.size[0], heads[1])
