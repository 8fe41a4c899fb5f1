"""A drawing as inline SVG without styles, scripts or links of its own; every word of it is text."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from wfcheck.checker.report.escape import visible
from wfcheck.checker.report.html.drawing import HEAD, Drawing, Place
from wfcheck.checker.report.html.layers import Point
from wfcheck.checker.report.html.lines import Line
from wfcheck.dsl.phrase import shorten
from wfcheck.dsl.types import show

_ARROW = 3.5
_FAR = 150.0
"""A line that passes so much of the inside of a frame is drawn faintly."""


def svg(drawing: Drawing, names: dict[str, int]) -> str:
    """The drawing. `names` gives each node the number by which scripts find it (`data-node`)."""
    wide, high = drawing.size
    head = (
        f'<svg class="dag" xmlns="http://www.w3.org/2000/svg" width="{_n(wide)}" height="{_n(high)}" '
        f'viewBox="0 0 {_n(wide)} {_n(high)}" role="img" '
        f'aria-label="{_attribute("graph of workflow " + drawing.graph.workflow)}">'
    )
    frames = [p for p in drawing.places.values() if p.framed]
    nodes = [p for p in drawing.places.values() if not p.framed]
    parts = [head, *(_frame(place, names) for place in frames)]
    parts += [_line(number, line, points, names) for number, (line, points) in enumerate(drawing.lines)]
    parts += [_node(place, names) for place in nodes]
    parts += [_caption(place, names) for place in frames]
    return "\n".join([*parts, "</svg>"])


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _attribute(text: str) -> str:
    return escape(visible(text, limit=400), quote=True)


def _text(text: str) -> str:
    return escape(text, quote=True)


def _mark(place: Place, names: dict[str, int]) -> str:
    return f' data-node="{names[place.box.id]}"' if place.box.id in names else ""


def _frame(place: Place, names: dict[str, int]) -> str:
    kind = place.box.node.kind if place.box.node else "arm"
    return (
        f'<rect class="frame k-{kind}"{_mark(place, names)} x="{_n(place.x)}" y="{_n(place.y)}" '
        f'width="{_n(place.size[0])}" height="{_n(place.size[1])}" rx="8"/>'
    )


def _caption(place: Place, names: dict[str, int]) -> str:
    """The head of a frame, over the lines that pass it."""
    x, y, box = place.x + 10, place.y, place.box
    if box.node is None:
        return f'<text class="arm" x="{_n(x)}" y="{_n(y + 15)}">{_text(place.words[0])}</text>'
    words = place.words[0] if len(place.words) == 1 else place.words[0][:-1] + "…"
    return (
        f'<g class="node head k-{box.node.kind}"{_mark(place, names)}>{_title(place)}'
        f'<rect x="{_n(place.x)}" y="{_n(y)}" width="{_n(place.size[0])}" height="{_n(HEAD)}" rx="8"/>'
        f'<text class="words" x="{_n(x)}" y="{_n(y + 20)}">{_kind(box.node.kind, words)}{_text(words)}</text></g>'
    )


def _kind(kind: str, words: str) -> str:
    """The kind, unless the title says it."""
    return "" if words.startswith(kind) else f'<tspan class="kind">{kind}</tspan> '


def _node(place: Place, names: dict[str, int]) -> str:
    kind = place.box.node.kind if place.box.node else "arm"
    (wide, high), x, y = place.size, place.x, place.y
    if kind == "join":
        shape = f'<circle cx="{_n(x + wide / 2)}" cy="{_n(y + high / 2)}" r="5"/>'
        return f'<g class="node k-join"{_mark(place, names)}>{_title(place)}{shape}</g>'
    round_ = high / 2 if kind in ("llm", "agent", "entry") else 5
    rows = "".join(
        f'<text class="words" x="{_n(x + wide / 2)}" y="{_n(y + 31 + 15 * row)}">{_text(words)}</text>'
        for row, words in enumerate(place.words)
    )
    return (
        f'<g class="node k-{kind}"{_mark(place, names)}>{_title(place)}'
        f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(wide)}" height="{_n(high)}" rx="{_n(round_)}"/>'
        f'<text class="kind" x="{_n(x + wide / 2)}" y="{_n(y + 15)}">{kind}</text>{rows}</g>'
    )


def _title(place: Place) -> str:
    node = place.box.node
    if node is None:
        return ""
    made = "" if node.type is None else f": {shorten(show(node.type), 200)}"
    return f"<title>{_attribute(f'{node.title}{made} (line {node.span.line})')}</title>"


def _line(number: int, line: Line, points: tuple[Point, ...], names: dict[str, int]) -> str:
    far = " far" if points[-1][1] - points[-2][1] > _FAR else ""
    classes = f"line e-{line.kind}" + (" carried" if line.carried else far)
    path, tip = (_bow if _sideways(line, points) else _curve)(points)
    label = f"<title>{_attribute(line.label)}</title>" if line.label else ""
    word = _word(line, points) if line.kind == "control" and not line.carried else ""
    back = f'<polygon points="{_tip(points[0], 0, -1)}"/>' if line.both else ""
    ends = f'data-from="{names.get(line.source, -1)}" data-to="{names.get(line.target, -1)}"'
    return (
        f'<g class="{classes}" data-line="{number}" {ends}>{label}<path d="{path}"/>'
        f'<polygon points="{tip}"/>{back}{word}</g>'
    )


def _sideways(line: Line, points: tuple[Point, ...]) -> bool:
    return line.carried or points[-1][1] < points[0][1]


def _word(line: Line, points: tuple[Point, ...]) -> str:
    """A short label near the end of an arrow."""
    if not line.label:
        return ""
    (x, y), (u, v) = points[-2:]
    at = f'x="{_n(0.35 * x + 0.65 * u + 4)}" y="{_n(0.35 * y + 0.65 * v)}"'
    return f'<text class="label" {at}>{_text(visible(line.label, limit=18))}</text>'


def _curve(points: tuple[Point, ...]) -> tuple[str, str]:
    """Downwards, with vertical tangents, and the tip of the arrow."""
    return " ".join(_pieces(points)), _tip(points[-1], 0, 1)


def _pieces(points: tuple[Point, ...]) -> Iterator[str]:
    x, y = points[0]
    yield f"M{_n(x)} {_n(y)}"
    for u, v in points[1:]:
        bend = (v - y) / 2
        yield (
            f"L{_n(u)} {_n(v)}"
            if x == u
            else f"C{_n(x)} {_n(y + bend)} {_n(u)} {_n(v - bend)} {_n(u)} {_n(v)}"
        )
        x, y = u, v


def _bow(points: tuple[Point, ...]) -> tuple[str, str]:
    """Back up along the right side."""
    (x, y), (u, v) = points
    far = max(x, u) + 20
    return f"M{_n(x)} {_n(y)} C{_n(far)} {_n(y)} {_n(far)} {_n(v)} {_n(u)} {_n(v)}", _tip((u, v), -1, 0)


def _tip(at: Point, dx: int, dy: int) -> str:
    (x, y), a = at, _ARROW
    back = (x - 2 * a * dx, y - 2 * a * dy)
    left, right = (back[0] - a * dy, back[1] - a * dx), (back[0] + a * dy, back[1] + a * dx)
    return " ".join(f"{_n(px)},{_n(py)}" for px, py in ((x, y), left, right))
