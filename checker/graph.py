"""The typed DAG for eyes and tools: a networkx view, and dot, mermaid, json, svg and png. Deterministic; titles are
untrusted text and cannot break out of any format."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from wfcheck.dsl.diagnostic import Diagnostic, WfError
from wfcheck.dsl.graph.dag import Edge, EdgeKind, Graph, Node, NodeKind
from wfcheck.dsl.phrase import shorten
from wfcheck.dsl.types import show

if TYPE_CHECKING:
    import networkx as nx

Format: TypeAlias = Literal["svg", "png", "dot", "mermaid", "json"]

SHAPES: dict[NodeKind, str] = {
    "entry": "oval", "parameter": "note", "branch": "diamond", "approve": "octagon", "llm": "ellipse", "agent": "ellipse",
    "release": "invhouse", "remember": "cylinder", "recall": "cylinder", "stop": "doublecircle", "return": "doublecircle",
    "join": "point",
}  # fmt: skip
STYLES: dict[EdgeKind, str] = {"data": "solid", "control": "dashed", "memory": "bold", "message": "dotted"}
ARROWS: dict[EdgeKind, str] = {"data": "-->", "control": "-.->", "memory": "==>", "message": "==>"}


def to_networkx(graph: Graph) -> nx.MultiDiGraph[str]:
    """The graph with node ids as nodes; the attributes are the fields of `dag.Node` and `dag.Edge`. Edge keys are
    (kind, carries, carried)."""
    import networkx

    view: nx.MultiDiGraph[str] = networkx.MultiDiGraph(workflow=graph.workflow)
    for node in graph.nodes:
        view.add_node(
            node.id,
            kind=node.kind,
            title=node.title,
            type=node.type,
            region=node.region,
            statement=node.statement,
            span=node.span,
        )
    for edge in graph.edges:
        key = (edge.kind, edge.carries, edge.carried)
        view.add_edge(
            edge.source, edge.target, key=key, kind=edge.kind, carries=edge.carries, carried=edge.carried
        )
    return view


def to_json(graph: Graph) -> str:
    """A JSON object with `workflow`, `nodes` and `edges`; keys always present, ASCII only."""
    shown = {
        "workflow": graph.workflow,
        "nodes": [_node(node) for node in graph.nodes],
        "edges": [_edge(edge) for edge in graph.edges],
    }
    return json.dumps(shown, indent=2) + "\n"


def _node(node: Node) -> dict[str, Any]:
    span = node.span
    return {
        "id": node.id,
        "kind": node.kind,
        "title": node.title,
        "type": None if node.type is None else show(node.type),
        "region": node.region,
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _edge(edge: Edge) -> dict[str, Any]:
    return {
        "source": edge.source,
        "target": edge.target,
        "kind": edge.kind,
        "carries": edge.carries,
        "carried": edge.carried,
    }


def to_dot(graph: Graph) -> str:
    """Graphviz source; regions are clusters."""
    lines = [
        f"digraph {_quoted(graph.workflow)} {{",
        "  node [shape=box, fontname=Helvetica];",
        "  edge [fontname=Helvetica, fontsize=10];",
    ]
    lines += _dot_region(_by_region(graph))
    lines += [_dot_edge(edge) for edge in graph.edges]
    return "\n".join([*lines, "}"]) + "\n"


def _by_region(graph: Graph) -> dict[str | None, list[Node]]:
    owned: dict[str | None, list[Node]] = {}
    for node in graph.nodes:
        owned.setdefault(node.region, []).append(node)
    return owned


def _dot_region(owned: dict[str | None, list[Node]]) -> list[str]:
    lines: list[str] = []
    stack: list[tuple[int, Node | None]] = [(1, node) for node in reversed(owned.get(None, []))]
    while stack:
        depth, node = stack.pop()
        if node is None:
            lines.append("  " * depth + "}")
            continue
        inside = owned.get(node.id)
        if inside is None:
            lines.append("  " * depth + _dot_node(node))
            continue
        lines.append("  " * depth + f"subgraph {_quoted('cluster ' + node.id)} {{")
        lines.append("  " * (depth + 1) + f"label={_quoted(node.title)};")
        lines.append("  " * (depth + 1) + _dot_node(node))
        stack.append((depth, None))
        stack.extend((depth + 1, inner) for inner in reversed(inside))
    return lines


def _dot_node(node: Node) -> str:
    shape = SHAPES.get(node.kind, "box")
    label = node.title if node.type is None else f"{node.title}\n{shorten(show(node.type), 40)}"
    return f"{_quoted(node.id)} [label={_quoted(label)}, shape={shape}];"


def _dot_edge(edge: Edge) -> str:
    back = ", constraint=false, color=gray" if edge.carried else ""
    ends = f"{_quoted(edge.source)} -> {_quoted(edge.target)}"
    return f"  {ends} [label={_quoted(edge.carries)}, style={STYLES[edge.kind]}{back}];"


def _quoted(text: str) -> str:
    """A dot string: no escape sequence of dot is left active, `\\n` alone breaks a line."""
    parts = (shorten(part, 200).replace("\\", "\\\\").replace('"', '\\"') for part in text.split("\n"))
    return '"' + "\\n".join(parts) + '"'


def to_mermaid(graph: Graph) -> str:
    """A mermaid flowchart; regions are subgraphs."""
    names = {node.id: f"s{index}" for index, node in enumerate(graph.nodes)}
    owned = _by_region(graph)
    lines = ["flowchart TD"]
    stack: list[tuple[int, Node | None]] = [(1, node) for node in reversed(owned.get(None, []))]
    while stack:
        depth, node = stack.pop()
        if node is None:
            lines.append("  " * depth + "end")
            continue
        shown = "  " * depth + f'{names[node.id]}["{_entities(node.title)}"]'
        inside = owned.get(node.id)
        if inside is None:
            lines.append(shown)
            continue
        lines.append("  " * depth + f'subgraph g{names[node.id]} ["{_entities(node.title)}"]')
        lines.append("  " + shown)
        stack.append((depth, None))
        stack.extend((depth + 1, inner) for inner in reversed(inside))
    return "\n".join([*lines, *(_mermaid_edge(edge, names) for edge in graph.edges)]) + "\n"


def _mermaid_edge(edge: Edge, names: dict[str, str]) -> str:
    label = edge.carries + (" (carried)" if edge.carried else "")
    text = f'|"{_entities(label)}"|' if label else ""
    return f"  {names[edge.source]} {ARROWS[edge.kind]}{text} {names[edge.target]}"


def _entities(text: str) -> str:
    """Only letters, digits, blanks and a few marks stay; everything else becomes a numeric entity."""
    safe = set(" .,_=:+-/")
    return "".join(
        c if c.isascii() and (c.isalnum() or c in safe) else f"#{ord(c)};" for c in shorten(text, 200)
    )


def text(graph: Graph, form: Literal["dot", "mermaid", "json"]) -> str:
    """The graph in a textual format."""
    match form:
        case "dot":
            return to_dot(graph)
        case "mermaid":
            return to_mermaid(graph)
        case "json":
            return to_json(graph)


def render(graph: Graph, form: Format, path: Path) -> None:
    """Writes the graph to a file. Raises WfError where svg or png is asked for and the `dot` program is missing or fails."""
    if form in ("dot", "mermaid", "json"):
        path.write_text(text(graph, form), encoding="utf-8")
        return
    path.write_bytes(picture(graph, "svg" if form == "svg" else "png"))


def picture(graph: Graph, form: Literal["svg", "png"]) -> bytes:
    """The graph drawn by graphviz. Raises WfError where the `dot` program is missing or fails."""
    if shutil.which("dot") is None:
        raise WfError(_no_dot(form))
    import graphviz

    try:
        drawn: bytes = graphviz.Source(to_dot(graph)).pipe(format=form)
    except (graphviz.ExecutableNotFound, OSError):
        raise WfError(_no_dot(form)) from None
    except graphviz.CalledProcessError as problem:
        raise WfError(_dot_failed(form, str(problem.stderr))) from None
    return drawn


def _no_dot(form: str) -> Diagnostic:
    return Diagnostic(
        "WF901",
        f"`{form}` needs the `dot` program, which was not found",
        None,
        help="install graphviz (`apt-get install graphviz`, `brew install graphviz`, `choco install graphviz`), "
        "or choose dot, mermaid or json",
    )


def _dot_failed(form: str, reason: str) -> Diagnostic:
    return Diagnostic(
        "WF902",
        f"the `dot` program could not draw the graph as `{form}`",
        None,
        notes=(shorten(reason, 200),),
        help="choose dot, mermaid or json",
    )
