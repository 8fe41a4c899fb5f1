"""The picture that the OpenAI Agents SDK draws of agents (`draw_graph(agent).source`), in the DOT language."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wfcheck.checker.importers.drafts import Draft, Node, Tool
from wfcheck.checker.importers.reading import bad

_MOST = 500
_START, _END = "__start__", "__end__"
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_OPTIONS = r"(?:\s*\[((?:[^\]\"]|\"(?:[^\"\\]|\\.)*\")*)\])?"
_STATEMENT = re.compile(_QUOTED + r"(?:\s*->\s*" + _QUOTED + ")?" + _OPTIONS)
_DEFAULTS = re.compile(r"\b(?:graph|node|edge)\s*\[[^\]]*\]")
_ROUND = re.compile(r"\bshape\s*=\s*\"?ellipse")


def drawn(text: str) -> bool:
    """Whether a text is a picture in DOT."""
    return re.match(r"\s*(?:strict\s+)?digraph\b", text) is not None


def agents(text: str, source: str) -> Draft:
    """Boxes are agents, ellipses are tools, an arrow from one box to another is a handoff. Arguments are not drawn, so nothing is
    known of them; what has an arrow and no shape is an agent."""
    shapes: dict[str, bool] = {}  # whether it is a tool
    arrows: list[tuple[str, str]] = []
    for first, second, options in _statements(text):
        if second is None:
            shapes.setdefault(first, _ROUND.search(options) is not None)
        else:
            arrows.append((first, second))
    names = dict.fromkeys([*shapes, *(end for arrow in arrows for end in arrow)])
    boxes = [n for n in names if n not in (_START, _END) and not shapes.get(n, False)]
    if not boxes or len(names) > _MOST:
        raise bad(source, "it draws no agents" if not boxes else f"it draws more than {_MOST} things")
    tools = [n for n in names if n not in (_START, _END) and n not in boxes]
    nodes = tuple(Node(b, may=tuple(t for t in tools if (b, t) in arrows)) for b in boxes)
    edges = {(None if a == _START else a, None if b == _END else b) for a, b in arrows}
    known = {edge for edge in edges if not set(edge) & set(tools) and edge != (None, None)}
    starts = {(None, box) for box in boxes} if not any(a is None for a, _ in known) else set()
    return Draft(
        "openai-agents",
        source,
        tuple(map(Tool, tools)),
        nodes,
        frozenset({*known, *starts, *((box, None) for box in boxes)}),
    )


def _statements(text: str) -> Iterator[tuple[str, str | None, str]]:
    for found in _STATEMENT.finditer(_DEFAULTS.sub("", text)):
        yield _plain(found[1]), None if found[2] is None else _plain(found[2]), found[3] or ""


def _plain(text: str) -> str:
    return text.replace('\\"', '"').replace("\\\\", "\\")
