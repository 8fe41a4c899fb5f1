"""The typed DAG of a workflow: frozen nodes and edges, every one with its place in the source.

Nodes are steps. A loop, an agent, a `parallel`, a `retry` and an inlined workflow is one *region* node that owns the nodes of its
body (`Node.region` is the owner). Edges that go round a loop, a retry or an agent are `carried`; without them the graph is
acyclic. Where many definitions meet, one `join` node stands between them and their uses, so that a graph stays linear in size.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

from wfcheck.dsl import core
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import Type

NodeKind: TypeAlias = Literal[
    "entry", "parameter", "let", "call", "llm", "branch", "for", "while", "parallel", "agent", "choice", "approve",
    "release", "workflow", "retry", "say", "ask", "send", "receive", "remember", "recall", "stop", "return", "join",
]  # fmt: skip
EdgeKind: TypeAlias = Literal["data", "control", "memory", "message"]

REGIONS: frozenset[NodeKind] = frozenset({"for", "while", "parallel", "agent", "retry", "workflow"})


@attrs.frozen
class Node:
    """One step. `type` is of the value it makes, if any; `region` the id of the region node that owns it.

    Ids are those of the core statements; `entry`, `parameter:x`, `n5:refund` (a choice of agent n5) and `join1` are made up.
    """

    id: str
    kind: NodeKind
    title: str
    type: Type | None
    region: str | None
    statement: core.Statement | None = attrs.field(eq=False, repr=False)
    span: Span = attrs.field(eq=False, repr=False)


@attrs.frozen
class Edge:
    """`carries`: of data the variable or field path (`mail.body`, `xs[]`), of control the arm (`then`, `else`, `body` ...), of
    memory the store, of message the principal. `carried`: goes back to an earlier iteration, attempt or answer."""

    source: str
    target: str
    kind: EdgeKind
    carries: str
    carried: bool = False


@attrs.frozen
class Graph:
    """The DAG of one workflow; nodes in source order, edges in the order of their targets' discovery."""

    workflow: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @property
    def regions(self) -> tuple[Node, ...]:
        """The nodes that own others."""
        return tuple(node for node in self.nodes if node.kind in REGIONS)

    def node(self, identifier: str) -> Node:
        """The node of that id; KeyError if there is none."""
        for node in self.nodes:
            if node.id == identifier:
                return node
        raise KeyError(identifier)
