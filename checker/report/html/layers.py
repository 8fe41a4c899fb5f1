"""One level of a layered drawing (after Sugiyama, Tagawa and Toda, 1981): layers by dependence, an order with few crossings by
barycentres, and places by isotonic regression. Sizes and places are pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

GAP_X, GAP_Y, LANE = 22.0, 34.0, 6.0
WIDEST = 620.0
_SWEEPS = 6
_MOST_LANES = 20_000

Size = tuple[float, float]
Point = tuple[float, float]


@attrs.frozen
class Level:
    """Where things stand: the upper left corner of each, the size of all, and for each edge the points it passes between its ends."""

    places: Mapping[str, Point]
    size: Size
    routes: Mapping[tuple[str, str], tuple[Point, ...]]


def arrange(items: Sequence[str], sizes: Mapping[str, Size], edges: Sequence[tuple[str, str]]) -> Level:
    """Lay out `items` (in source order); `edges` go from earlier to later ones. Deterministic."""
    layers = _layers(items, sizes, edges)
    rows, links, lanes = _rows(items, layers, edges)
    widths = {**{name: sizes[name][0] for name in items}, **dict.fromkeys(lanes, LANE)}
    _order(rows, links)
    centres = _centres(rows, widths, links)
    return _placed(items, sizes, rows, widths, centres, _routes(edges, layers, lanes))


def _layers(
    items: Sequence[str], sizes: Mapping[str, Size], edges: Sequence[tuple[str, str]]
) -> dict[str, int]:
    """Below everything it depends on, in the first layer that has room."""
    before: dict[str, list[str]] = {name: [] for name in items}
    for source, target in edges:
        before[target].append(source)
    layers: dict[str, int] = {}
    filled: dict[int, float] = {}
    for name in items:
        at = max((layers[source] + 1 for source in before[name]), default=0)
        width = sizes[name][0] + GAP_X
        while filled.get(at, 0.0) and filled[at] + width > WIDEST:
            at += 1
        layers[name] = at
        filled[at] = filled.get(at, 0.0) + width
    return layers


Links = dict[str, list[str]]


def _rows(
    items: Sequence[str], layers: Mapping[str, int], edges: Sequence[tuple[str, str]]
) -> tuple[list[list[str]], tuple[Links, Links], dict[str, tuple[str, int]]]:
    """Rows of items and lanes, the neighbours above and below, and the lanes: edges of one source share theirs."""
    rows: list[list[str]] = [[] for _ in range(max(layers.values(), default=-1) + 1)]
    for name in items:
        rows[layers[name]].append(name)
    lanes: dict[str, tuple[str, int]] = {}
    above: Links = {}
    below: Links = {}
    for source, target in edges:
        last = source
        for at in range(layers[source] + 1, layers[target]):
            lane = lane_of(source, at)
            if lane not in lanes:
                if len(lanes) >= _MOST_LANES:
                    continue
                lanes[lane] = (source, at)
                rows[at].append(lane)
                _link(above, below, last, lane)
            last = lane
        _link(above, below, last, target)
    return rows, (above, below), lanes


def lane_of(source: str, layer: int) -> str:
    """The name of the lane by which the edges of a source pass a layer."""
    return f"\0{source}\0{layer}"


def _link(above: Links, below: Links, upper: str, lower: str) -> None:
    above.setdefault(lower, []).append(upper)
    below.setdefault(upper, []).append(lower)


def _order(rows: list[list[str]], links: tuple[Links, Links]) -> None:
    """Each row by the middle of its neighbours, downwards and upwards in turn."""
    for sweep in range(_SWEEPS):
        near = links[sweep % 2]
        places = {name: place / len(row) for row in rows for place, name in enumerate(row)}
        for row in rows if sweep % 2 == 0 else reversed(rows):
            middles = {name: _mean([places[n] for n in near.get(name, ())], places[name]) for name in row}
            row.sort(key=middles.__getitem__)
            places.update({name: place / len(row) for place, name in enumerate(row)})


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _centres(
    rows: list[list[str]], widths: Mapping[str, float], links: tuple[Links, Links]
) -> dict[str, float]:
    """Horizontal middles: as near to those of the neighbours as the order and the gaps allow."""
    centres: dict[str, float] = {}
    for row in rows:
        centres.update(zip(row, _packed(row, widths), strict=True))
    for sweep in range(_SWEEPS + 1):
        near = links[sweep % 2]
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted = [_mean([centres[n] for n in near.get(name, ())], centres[name]) for name in row]
            centres.update(zip(row, _apart(row, widths, wanted), strict=True))
    return centres


def _packed(row: Sequence[str], widths: Mapping[str, float]) -> list[float]:
    """Side by side around zero."""
    found, x = [], 0.0
    for place, name in enumerate(row):
        x += _gap(row[place - 1], name) if place else 0.0
        found.append(x + widths[name] / 2)
        x += widths[name]
    return [place - x / 2 for place in found]


def _gap(left: str, right: str) -> float:
    """Lanes may be nearer to each other than boxes."""
    lanes = left.startswith("\0") + right.startswith("\0")
    return (GAP_X, GAP_X / 2, 2.0)[lanes]


def _apart(row: Sequence[str], widths: Mapping[str, float], wanted: Sequence[float]) -> list[float]:
    """The places nearest to the wanted ones (least squares) that keep order and gaps: neighbours that clash are pooled."""
    offsets = _packed(row, widths)
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        total, count = want - offset, 1
        while pools and pools[-1][0] / pools[-1][1] >= total / count:
            more, size = pools.pop()
            total, count = total + more, count + size
        pools.append((total, count))
    shifts = [total / count for total, count in pools for _ in range(count)]
    return [shift + offset for shift, offset in zip(shifts, offsets, strict=True)]


def _routes(
    edges: Sequence[tuple[str, str]], layers: Mapping[str, int], lanes: Mapping[str, tuple[str, int]]
) -> dict[tuple[str, str], list[str]]:
    """By edge, the lanes it takes."""
    found = {}
    for source, target in edges:
        passed = [lane_of(source, at) for at in range(layers[source] + 1, layers[target])]
        found[source, target] = [lane for lane in passed if lane in lanes]
    return found


def _placed(
    items: Sequence[str],
    sizes: Mapping[str, Size],
    rows: list[list[str]],
    widths: Mapping[str, float],
    centres: Mapping[str, float],
    routes: Mapping[tuple[str, str], list[str]],
) -> Level:
    """From middles and rows to corners; everything is moved to start at zero."""
    left = min((centres[name] - widths[name] / 2 for row in rows for name in row), default=0.0)
    right = max((centres[name] + widths[name] / 2 for row in rows for name in row), default=0.0)
    tops: dict[str, tuple[float, float]] = {}
    y = 0.0
    for row in rows:
        height = max((sizes[name][1] for name in row if name in sizes), default=0.0)
        tops.update(dict.fromkeys(row, (y, y + height)))
        y += height + GAP_Y
    places = {name: (centres[name] - widths[name] / 2 - left, tops[name][0]) for name in items}
    passed = {
        edge: tuple((centres[lane] - left, end) for lane in lanes for end in tops[lane])
        for edge, lanes in routes.items()
    }
    return Level(places, (right - left, max(0.0, y - GAP_Y)), passed)
