"""Exported graphs: LangGraph (JSON of `get_graph().to_json()`, or Mermaid), and agents of the OpenAI Agents SDK with their handoffs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from wfcheck.checker.importers import dot
from wfcheck.checker.importers.catalogues import merged, tools_of
from wfcheck.checker.importers.drafts import Draft, Node, Tool
from wfcheck.checker.importers.reading import bad, json_of, listed, text_at

_MOST = 500
_LONGEST = 2000
_START, _END = "__start__", "__end__"
_ARROW = re.compile(r"\s*(?:-->|-\.->|==>|--\s(?:(?!-->).)*-->|-\.\s(?:(?!\.->).)*\.->)\s*(?:\|[^|]*\|\s*)?")
_TIP = re.compile(r"->|=>")
_MERMAID_NAME = re.compile(r"\s*([^\s\[({<>;|&%]+)\s*(?:[\[({].*)?;?\s*")
_MERMAID_NODE = re.compile(r"^\s*([^\s\[({<>;|&%]+)[\[({].*[\])}]")
_SCHEMAS = ("params_json_schema", "parameters", "inputSchema", "input_schema")
Edge = tuple[str | None, str | None]


def langgraph(text: str, source: str) -> Draft:
    """Nodes and edges as drawn. That a run follows an edge is all that is known of it: conditions and states are not exported."""
    pairs = _json_pairs(text, source) if text.lstrip()[:1] in {"{", "["} else _mermaid_pairs(text, source)
    edges = frozenset((_start(a), _end(b)) for a, b in pairs)
    names = dict.fromkeys(name for a, b in pairs for name in (a, b) if name not in {_START, _END})
    if not names:
        raise bad(source, "it holds no nodes with edges", "export the graph with `to_json` or `draw_mermaid`")
    if len(names) > _MOST:
        raise bad(source, f"it has more than {_MOST} nodes")
    return Draft("langgraph", source, nodes=tuple(map(Node, names)), edges=_closed(edges, names))


def _start(name: str) -> str | None:
    return None if name == _START else name


def _end(name: str) -> str | None:
    return None if name == _END else name


def _closed(edges: frozenset[Edge], names: Mapping[str, None]) -> frozenset[Edge]:
    """Without a known start a run may start anywhere; from what leads nowhere it may go anywhere; what no way from the start leads to
    may come after anything."""
    found = set(edges)
    if not any(source is None for source, _ in edges):
        found |= {(None, name) for name in names}
    sources = {source for source, target in found if source != target}
    found |= {(name, other) for name in names if name not in sources for other in (None, *names)}
    reached = _reached(found)
    found |= {(other, name) for name in names if name not in reached for other in (None, *names)}
    return frozenset(found)


def _reached(edges: set[Edge]) -> set[str | None]:
    """The nodes to which a way leads from the start."""
    after: dict[str | None, list[str | None]] = {}
    for source, target in edges:
        after.setdefault(source, []).append(target)
    found: set[str | None] = set()
    todo = list(after.get(None, ()))
    while todo:
        node = todo.pop()
        if node is not None and node not in found:
            found.add(node)
            todo += after.get(node, ())
    return found


def _json_pairs(text: str, source: str) -> list[tuple[str, str]]:
    value = json_of(text, source)
    if not isinstance(value, Mapping):
        return []
    inner = value.get("graph")
    graph = inner if isinstance(inner, Mapping) and "edges" in inner else value
    names: dict[str | int, str] = {}
    for node in listed(graph.get("nodes")):
        identifier = node.get("id") if isinstance(node, Mapping) else node
        if not isinstance(identifier, str | int):
            raise bad(source, "a node has no name", "each node needs an `id`")
        names[identifier] = _label(node, identifier)
    found = []
    for edge in listed(graph.get("edges")):
        ends = (
            (edge.get("source"), edge.get("target")) if isinstance(edge, Mapping) else tuple(listed(edge)[:2])
        )
        if len(ends) != 2 or not all(isinstance(end, str | int) for end in ends):
            raise bad(source, "an edge has no two ends", "each edge needs `source` and `target`")
        first, second = (end if isinstance(end, int) else str(end) for end in ends)
        found.append((str(names.get(first, first)), str(names.get(second, second))))
    alone = set(names.values()) - {name for pair in found for name in pair}
    return found + [(name, name) for name in sorted(alone - {_START, _END})]


def _label(node: Any, identifier: str | int) -> str:
    """The name of a node: its id, unless that is a number and its data has a name."""
    data = node.get("data") if isinstance(node, Mapping) else None
    named = text_at(data, "name") if isinstance(data, Mapping) else ""
    return named if isinstance(identifier, int) and named else str(identifier)


def _mermaid_pairs(text: str, source: str) -> list[tuple[str, str]]:
    """The arrows of a Mermaid flow chart, with or without labels, and the nodes without any; `subgraph` and styles say nothing about
    order."""
    found = []
    drawn: dict[str, None] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if _TIP.search(line) is None or line.lstrip().startswith("%%"):
            drawn.update(dict.fromkeys(_MERMAID_NODE.findall(line[:_LONGEST])))
            continue
        parts = [_MERMAID_NAME.fullmatch(part) for part in _ARROW.split(line)] if len(line) < _LONGEST else []
        ends = [part[1] for part in parts if part is not None]
        if len(parts) < 2 or len(ends) < len(parts):
            raise bad(
                source,
                f"the arrow in line {number} cannot be read",
                "write one arrow a line, as `draw_mermaid` does",
            )
        found += list(pairwise(ends))
    ended = {end for pair in found for end in pair}
    found += [(name, name) for name in drawn if name not in ended | {_START, _END}]
    return [(_unescaped(a), _unescaped(b)) for a, b in found]


def _unescaped(name: str) -> str:
    """Mermaid names write other signs as their number, in two hexadecimal digits."""
    return re.sub(r"\\([0-9a-f]{2})", lambda code: chr(int(code[1], 16)), name)


def openai_agents(text: str, source: str) -> Draft:
    """One agent or a list of them, with `name`, `tools` and `handoffs` (agents, or their names); each may end the run. Tools of
    servers that are only named are not known and have to be added."""
    if dot.drawn(text):
        return dot.agents(text, source)
    value = json_of(text, source)
    found: dict[str, Node] = {}
    tools: list[Tool] = []
    edges: set[Edge] = set()
    roots = listed(value) or listed(value.get("agents") if isinstance(value, Mapping) else None) or [value]
    waiting = [agent for agent in roots if isinstance(agent, Mapping)]
    first = next((_name(agent) for agent in waiting if _name(agent)), "")
    while waiting:
        if len(found) > _MOST:
            raise bad(source, f"it has more than {_MOST} agents")
        agent = waiting.pop()
        name = _name(agent)
        if not name or name in found:
            continue
        own = list(tools_of(agent.get("tools"), _SCHEMAS))
        tools += own
        found[name] = Node(name, text_at(agent, "handoff_description"), tuple(tool.name for tool in own))
        edges |= {(name, None)}
        for target, inner in _handoffs(agent):
            edges.add((name, target))
            waiting += (
                [inner] if inner is not None else [{"name": target}] if not _known(target, roots) else []
            )
    if not found:
        raise bad(source, "it holds no agents", "give objects with `name`, `tools` and `handoffs`")
    start = frozenset({(None, first)})
    return Draft("openai-agents", source, merged(tools), tuple(found.values()), frozenset(edges) | start)


def _known(name: str, agents: list[Any]) -> bool:
    return any(isinstance(agent, Mapping) and _name(agent) == name for agent in agents)


def _name(agent: Mapping[str, Any]) -> str:
    return text_at(agent, "name") or text_at(agent, "agent_name")


def _handoffs(agent: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    for handoff in listed(agent.get("handoffs")):
        if isinstance(handoff, str):
            yield handoff, None
        elif isinstance(handoff, Mapping):
            inner = handoff.get("agent")
            target = inner if isinstance(inner, Mapping) else handoff
            if _name(target):
                yield _name(target), target if {"tools", "handoffs", "instructions"} & target.keys() else None
