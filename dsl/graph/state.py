"""The state of one lowering: the graph so far and the definitions that reach the current point.

A *key* is a variable, a store, an inbox or control itself; its definitions are places. Every change is journalled, so that an arm
can be rolled back in time proportional to what it changed. Loops put a placeholder where the end of their body will flow back;
uses that meet one are noted and become carried edges when the loop closes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import attrs

from wfcheck.dsl import core
from wfcheck.dsl.graph.dag import Edge, EdgeKind, Graph, Node, NodeKind
from wfcheck.dsl.phrase import readable
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import Type

JOIN_LIMIT = 6
"""More definitions than this meet in a join node."""

Key: TypeAlias = tuple[EdgeKind, str]
CONTROL: Key = ("control", "")


def variable(name: str) -> Key:
    """The key of a workflow variable."""
    return ("data", name)


def store(name: str) -> Key:
    """The key of a store."""
    return ("memory", name)


def inbox(principal: str) -> Key:
    """The key of a principal's inbox."""
    return ("message", principal)


@attrs.frozen
class Place:
    """A node that defines something; `label` is the arm of a control decision. `loop`: a placeholder, see above."""

    node: str
    label: str = ""
    loop: Key | None = None


Places: TypeAlias = tuple[Place, ...]


@attrs.frozen
class Ending:
    """How control may leave: past the end, by `stop` (of the run), by `return` (of the inlined workflow)."""

    completes: bool = True
    stops: bool = False
    returns: bool = False

    @property
    def ends(self) -> bool:
        """What follows may not run."""
        return self.stops or self.returns or not self.completes

    def then(self, after: Ending) -> Ending:
        """This, followed by another piece of a block."""
        if not self.completes:
            return self
        return Ending(after.completes, self.stops or after.stops, self.returns or after.returns)


@attrs.frozen
class Arm:
    """What one arm of a branch changed, and how it ended."""

    changes: dict[Key, Places]
    ending: Ending

    def control(self) -> Places:
        """The deciders at the end of the arm; none when it does not get there."""
        return self.changes.get(CONTROL, ()) if self.ending.completes else ()


@attrs.frozen
class Returns:
    """The return statements of the inlined workflow that is being lowered."""

    nodes: list[str]
    control: list[Place]
    changes: list[dict[Key, Places]]


@attrs.define
class State:
    principal: str
    nodes: dict[str, Node] = attrs.field(factory=dict)
    edges: dict[Edge, None] = attrs.field(factory=dict)
    _reach: dict[Key, Places] = attrs.field(factory=dict)
    _journal: list[tuple[Key, Places | None]] = attrs.field(factory=list)
    _region: str | None = None
    _scopes: list[tuple[Returns, int]] = attrs.field(factory=list)
    _pending: dict[tuple[str, Key], list[tuple[str, EdgeKind, str]]] = attrs.field(factory=dict)
    _closed: dict[tuple[str, Key], Places] = attrs.field(factory=dict)
    _joins: int = 0

    def graph(self, workflow: str) -> Graph:
        return Graph(workflow, tuple(self.nodes.values()), tuple(self.edges))

    # ------------------------------------------------------------ nodes and edges

    def node(
        self,
        identifier: str,
        kind: NodeKind,
        title: str,
        type_: Type | None,
        span: Span,
        statement: core.Statement | None = None,
    ) -> None:
        self.nodes[identifier] = Node(identifier, kind, title, type_, self._region, statement, span)

    def edge(self, source: str, target: str, kind: EdgeKind, carries: str, *, carried: bool = False) -> None:
        self.edges[Edge(source, target, kind, carries, carried)] = None

    def connect(
        self, place: Place, target: str, kind: EdgeKind, carries: str, *, carried: bool = False
    ) -> None:
        """An edge from a place, now or, from a placeholder, when its loop closes."""
        label = place.label if kind == "control" else carries
        if place.loop is None:
            self.edge(place.node, target, kind, label, carried=carried)
        else:
            self._pending[place.node, place.loop].append((target, kind, carries))

    def controlled(self, target: str) -> None:
        """Control edges from the current deciders."""
        for place in self.get(CONTROL):
            self.connect(place, target, "control", place.label)

    def use(self, key: Key, target: str, path: tuple[str, ...]) -> None:
        """The target reads what the key holds, at a field path."""
        carries = readable(key[1]) + "".join(step if step == "[]" else f".{step}" for step in path)
        for place in self.get(key):
            self.connect(place, target, key[0], carries)

    def write(self, key: Key, target: str) -> None:
        """A weak update: the target adds to what was there."""
        self.use(key, target, ())
        self.define(key, (Place(target),))

    def join_node(self, places: Iterable[Place], kind: EdgeKind, title: str, span: Span) -> str:
        """A node where the places meet."""
        self._joins += 1
        identifier = f"join{self._joins}"
        self.node(identifier, "join", title, None, span)
        for place in places:
            self.connect(place, identifier, kind, title)
        return identifier

    def joined(self, places: Places, kind: EdgeKind, span: Span, title: str = "") -> Places:
        """The same places without repetition, or one join node if there are many."""
        unique = tuple(dict.fromkeys(places))
        if len(unique) <= JOIN_LIMIT:
            return unique
        return (Place(self.join_node(unique, kind, title, span), "after"),)

    @contextmanager
    def region(self, owner: str) -> Iterator[None]:
        """Nodes made inside belong to the owner."""
        before, self._region = self._region, owner
        yield
        self._region = before

    # ------------------------------------------------------------ reaching definitions

    def get(self, key: Key) -> Places:
        return self._reach.get(key, ())

    def define(self, key: Key, places: Places) -> None:
        """A strong update."""
        self._journal.append((key, self._reach.get(key)))
        self._reach[key] = places

    def arm(self, body: Callable[[], Ending]) -> Arm:
        """Runs the body and takes its definitions back. Control as set by the caller is part of the arm."""
        entered = self.get(CONTROL)
        start = len(self._journal)
        self._journal.append((CONTROL, entered))
        ending = body()
        return Arm(self._changes_since(start, undo=True), ending)

    def _changes_since(self, start: int, *, undo: bool) -> dict[Key, Places]:
        old: dict[Key, Places | None] = {}
        for key, before in reversed(self._journal[start:]):
            old[key] = before
        changes = {key: self._reach.get(key, ()) for key in reversed(old)}
        if undo:
            del self._journal[start:]
            for key, before in old.items():
                if before is None:
                    self._reach.pop(key, None)
                else:
                    self._reach[key] = before
        return changes

    def merge(self, arms: list[Arm]) -> Ending:
        """The join of alternatives: the arms that get past their end."""
        alive = [arm for arm in arms if arm.ending.completes]
        keys = dict.fromkeys(key for arm in alive for key in arm.changes)
        for key in keys:
            before = self.get(key)
            places = [p for arm in alive for p in arm.changes.get(key, before)]
            self.define(key, self._meet(key, tuple(places)))
        return _either([arm.ending for arm in arms])

    def merge_parallel(self, arms: list[Arm]) -> Ending:
        """The join of branches that all run."""
        found: dict[Key, list[Place]] = {}
        for arm in arms:
            for key, places in arm.changes.items():
                found.setdefault(key, []).extend(places)
        for key, met in found.items():
            self.define(key, self._meet(key, tuple(met)))
        both = _either([arm.ending for arm in arms])
        return attrs.evolve(both, completes=all(arm.ending.completes for arm in arms))

    def _meet(self, key: Key, places: Places) -> Places:
        return self.joined(places, key[0], self._last_span(), key[1])

    def _last_span(self) -> Span:
        return next(reversed(self.nodes.values())).span

    # ------------------------------------------------------------ loops

    def open_loop(self, loop: str, keys: frozenset[Key]) -> tuple[str, dict[Key, Places]]:
        """Placeholders for what the body changes; returns what was known before."""
        before = {key: self.get(key) for key in sorted(keys)}
        for key, places in before.items():
            self._pending[loop, key] = []
            self.define(key, (*places, Place(loop, loop=key)))
        return loop, before

    def close_loop(self, opened: tuple[str, dict[Key, Places]], arm: Arm) -> Arm:
        """Resolves the placeholders by the definitions at the end of the body, and joins with zero iterations.
        Gives back the arm without what was joined."""
        loop, before = opened
        for key, old in before.items():
            reach = arm.changes.get(key, self.get(key))
            ends = tuple(p for p in reach if p.node != loop or p.loop != key)
            uses = self._pending.pop((loop, key))
            for target, kind, carries in uses:
                for place in ends:
                    if place not in old:
                        self.connect_back(place, target, kind, carries)
            after = self._meet(key, (*old, *ends))
            self._closed[loop, key] = after
            self.define(key, after)
        return attrs.evolve(arm, changes={k: v for k, v in arm.changes.items() if k not in before})

    def _settled(self, places: Places) -> Places:
        """The places with the placeholders of closed loops replaced by what they stood for."""
        found: list[Place] = []
        for place in places:
            closed = None if place.loop is None else self._closed.get((place.node, place.loop))
            found.extend((place,) if closed is None else self._settled(closed))
        return tuple(found)

    def connect_back(self, place: Place, target: str, kind: EdgeKind, carries: str) -> None:
        """A carried edge; a placeholder of an outer loop stays pending there."""
        self.connect(place, target, kind, carries, carried=True)

    def carry_control(self, arm: Arm, region: str) -> None:
        """What may end the region decides whether it goes on."""
        for place in arm.control():
            if place.node != region:
                self.connect(place, region, "control", place.label, carried=True)

    # ------------------------------------------------------------ inlined workflows

    @contextmanager
    def scope(self) -> Iterator[Returns]:
        """Collects the return statements of an inlined workflow."""
        returns = Returns([], [], [])
        self._scopes.append((returns, len(self._journal)))
        yield returns
        self._scopes.pop()

    def returned(self, node: str) -> None:
        """A return statement was lowered. The definitions that reach it reach the caller."""
        if self._scopes:
            returns, start = self._scopes[-1]
            returns.nodes.append(node)
            returns.control.append(Place(node, "returned"))
            returns.changes.append(self._changes_since(start, undo=False))

    def leave(self, returns: Returns, completes: bool, scope: core.Scope) -> None:
        """Joins the definitions at the returns with those at the end, and binds the result."""
        shared = [{k: v for k, v in c.items() if k[0] in ("memory", "message")} for c in returns.changes]
        for key in dict.fromkeys(key for change in shared for key in change):
            here = self.get(key) if completes else ()
            places = [p for change in shared for p in self._settled(change.get(key, ()))]
            self.define(key, self._meet(key, (*here, *places)))
        if scope.target is not None:
            values = tuple(Place(node) for node in returns.nodes) or (Place(scope.id),)
            self.define(variable(scope.target), self.joined(values, "data", scope.span, scope.target))


def _either(endings: list[Ending]) -> Ending:
    return Ending(
        any(e.completes for e in endings), any(e.stops for e in endings), any(e.returns for e in endings)
    )
