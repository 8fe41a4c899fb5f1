"""The way of a tag from its source to where it arrives, read back from the labelling."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

import attrs

from wfcheck.checker.labels.analysis import Labelling, WorkflowLabels
from wfcheck.checker.labels.state import Act
from wfcheck.checker.labels.table import Table
from wfcheck.checker.result import PathStep
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.dsl.phrase import phrase
from wfcheck.dsl.source import Span
from wfcheck.dsl.walk import blocks, expressions, locals_of, statements

Key = tuple[core.NodeId, int]
Place = tuple[Key, int]
"""An act and the bit that is followed there."""

EDGES = {
    "branch": "control",
    "llm": "llm-mix",
    "agent": "llm-mix",
    "approve": "approval",
    "message": "message",
}


@attrs.frozen(slots=False)
class Trail:
    """What the search back needs: who binds a variable, which regions lie around a node."""

    labelling: Labelling
    labels: WorkflowLabels
    workflow: core.Workflow
    definers: Mapping[str, tuple[Key, ...]]
    around: Mapping[core.NodeId, tuple[core.NodeId, ...]]
    by_id: Mapping[core.NodeId, core.Statement]
    within: frozenset[str] | None = None
    """Tools that a run called, if the path is to be one of that run."""

    def steps(
        self, sink: Act, sink_text: str, wanted: int, *, seen: frozenset[str] = frozenset()
    ) -> tuple[PathStep, ...]:
        """A shortest path that one bit of `wanted` may have taken, source first; just the sink if none is found. `seen`: stores
        that need not be followed into other workflows again."""
        start: Place = ((sink.node, sink.choice), wanted & -wanted)
        came: dict[Place, tuple[Place, str] | None] = {start: None}
        queue = deque([start])
        end = start
        while queue:
            end = queue.popleft()
            if end != start and self._introduces(end):
                break
            for other, edge in self._before(end):
                if other not in came:
                    came[other] = (end, edge)
                    queue.append(other)
        else:
            if sink.choice and self._introduces(start):
                return self._again(sink, sink_text)
            if self.within is not None:
                return attrs.evolve(self, within=None).steps(sink, sink_text, wanted, seen=seen)
        last = PathStep("sink", sink_text, self._span(sink))
        if end == start:
            return (last,)
        before = self._elsewhere(end, seen)
        here = self._unwind(came, end)
        if before:
            here[0] = attrs.evolve(here[0], edge="memory")
        return (*before, *here, *self._mixing(sink), last)

    def _again(self, sink: Act, sink_text: str) -> tuple[PathStep, ...]:
        """An agent calls a tool whose earlier result holds the bit."""
        source = PathStep("source", told(sink, self.by_id.get(sink.node)), self._span(sink))
        return (source, *self._mixing(sink), PathStep("sink", sink_text, self._span(sink)))

    def origin(self, act: Act, wanted: int, edge: str) -> PathStep | None:
        """Where one bit of `wanted` came from, on its way to the act."""
        way = self.steps(act, "", wanted)
        return attrs.evolve(way[0], edge=edge) if len(way) > 1 else None

    def _mixing(self, sink: Act) -> tuple[PathStep, ...]:
        """What an agent does is chosen by all that it has seen."""
        if not sink.choice:
            return ()
        text = f"the agent `{sink.agent}` makes every call, and its arguments, of all it was shown"
        return (PathStep("llm-mix", text, sink.span),)

    def _span(self, act: Act) -> Span:
        """The place of an act; of an agent's act the place where it is allowed."""
        region = self.by_id.get(act.node)
        if act.choice and isinstance(region, core.Agent):
            return region.may[act.choice - 1].span or act.span
        return act.span

    def _elsewhere(self, place: Place, seen: frozenset[str]) -> tuple[PathStep, ...]:
        """How the bit came into the store that is read here, by another workflow."""
        key, bit = place
        act = self.labels.acts.get(key)
        store = None if act is None or act.kind != "recall" else act.subject
        if store is None or store in seen or self._introduces(place):
            return ()
        program = self.labelling.table.program
        for symbol, labels in self.labelling.workflows.items():
            for other in labels.acts.values():
                kept = other.kind == "remember" and other.subject in (store, None)
                if kept and (other.shown | other.decision) & bit and symbol != self.workflow.symbol:
                    there = trail(self.labelling, program.workflows[symbol], labels)
                    way = there.steps(other, f"remembered in `{store}`", bit, seen=seen | {store})
                    return (*way[:-1], attrs.evolve(way[-1], edge="data"))
        return ()

    def _unwind(self, came: Mapping[Place, tuple[Place, str] | None], end: Place) -> list[PathStep]:
        steps: list[PathStep] = []
        edge = "source"
        place = end
        while (link := came[place]) is not None:
            steps.append(self._step(place[0], edge))
            place, edge = link
        return steps

    def _step(self, key: Key, edge: str) -> PathStep:
        if (name := _parameter(key)) is not None:
            parameter = next(p for p in self.workflow.parameters if p.name == name)
            return PathStep(edge, f"the parameter `{name}`", parameter.span)
        act = self.labels.acts[key]
        return PathStep(edge, told(act, self.by_id.get(act.node)), self._span(act))

    def _introduces(self, place: Place) -> bool:
        """Whether the act itself is a source of the bit."""
        key, bit = place
        if _parameter(key) is not None:
            return True
        act, domain, program = self.labels.acts[key], self.labelling.domain, self.labelling.table.program
        match act.kind:
            case "call":
                tool = program.tools[act.subject or ""]
                if self.within is not None and tool.symbol not in self.within:
                    return False
                return bool(domain.result(tool, {}, 0, 0).every & bit)
            case "llm" | "agent":
                return bool(domain.made(act.subject or "", 0) & bit)
            case "ask":
                return bool(domain.answered(act.subject or "", 0).every & bit)
            case "recall":
                store = program.stores.get(act.subject or "")
                return store is not None and bool(domain.stored(store).every & bit)
            case _:
                return False

    def _before(self, place: Place) -> Iterator[tuple[Place, str]]:
        """What may have handed the bit to this act."""
        key, bit = place
        act = self.labels.acts[key]
        for each in self._below(act, bit):
            yield from self._data(act, each)
            if act.choice or act.kind == "agent":
                yield from self._choices(act, each)
            if act.kind == "recall":
                yield from self._memory(act, each)
        if act.decision & bit and not act.choice:
            yield from self._control(act, bit)

    def _below(self, act: Act, bit: int) -> Iterator[int]:
        """The bit itself, unless it is what a release takes away; at a release or an approval also what its residue stands for."""
        table = self.labelling.table
        removed = 0
        if act.kind == "release":
            removed = table.mask(table.program.releases[act.subject or ""].removes)
        if not bit & removed:
            yield bit
        if act.kind == "release" and bit == table.released(act.subject or "", 0) and act.shown & removed:
            yield _lowest(act.shown & removed)
        if act.kind == "approve" and bit & table.approval_marks(act.shown) and act.shown & table.secrecy:
            yield _lowest(act.shown & table.secrecy)

    def _data(self, act: Act, bit: int) -> Iterator[tuple[Place, str]]:
        statement = self.by_id.get(act.node)
        if statement is None or act.choice:
            return
        for name in dict.fromkeys(n for e in expressions(statement) for n, _ in locals_of(e)):
            for key in self.definers.get(name, ()):
                if self._carries(key, bit) and key != (act.node, 0):
                    yield (key, bit), EDGES.get(act.kind, "data")

    def _choices(self, act: Act, bit: int) -> Iterator[tuple[Place, str]]:
        """Inside an agent: the results of its calls, and its context."""
        for key, other in self.labels.acts.items():
            if key[0] == act.node and key[1] and key[1] != act.choice and other.result.every & bit:
                yield (key, bit), "selection"
        if act.choice:
            yield ((act.node, 0), bit), "selection"

    def _memory(self, act: Act, bit: int) -> Iterator[tuple[Place, str]]:
        for key, other in self.labels.acts.items():
            same = other.kind == "remember" and other.subject in (act.subject, None)
            if same and (other.shown | other.decision) & bit:
                yield (key, bit), "memory"

    def _control(self, act: Act, bit: int) -> Iterator[tuple[Place, str]]:
        for node in self.around.get(act.node, ()):
            branch = self.labels.acts.get((node, 0))
            if branch is not None and branch.shown & bit:
                yield ((node, 0), bit), "control"
            if isinstance(self.by_id[node], core.Retry):
                yield from self._failures(node, act, bit)
        for key, other in self.labels.acts.items():
            if key[0] == act.node:
                continue
            if other.kind in ("stop", "return") and other.decision & bit:
                yield (key, bit), "control"
            if other.kind == "approve" and bit & self._decided(other):
                yield (key, bit), "control"

    def _decided(self, act: Act) -> int:
        return self.labelling.domain.approved(act.subject or "", act.shown, act.shown)

    def _failures(self, retry: core.NodeId, act: Act, bit: int) -> Iterator[tuple[Place, str]]:
        """Calls of the attempts whose failure may have led here."""
        for key, other in self.labels.acts.items():
            inside = other.kind == "call" and retry in self.around.get(key[0], ())
            carried = other.shown | (other.result.every if self._introduces((key, bit)) else 0)
            if inside and key[0] != act.node and carried & bit:
                yield (key, bit), "control"

    def _carries(self, key: Key, bit: int) -> bool:
        if (name := _parameter(key)) is not None:
            return bool(self.labels.parameters[name].every & bit)
        act = self.labels.acts.get(key)
        return act is not None and bool((act.result.every | (act.shown if act.kind == "branch" else 0)) & bit)


def shown_by(table: Table, event: Event, mask: int) -> int:
    """Those tags of the mask that the arguments of the event, or the decision, have; the mask itself if they have none of them."""
    tags = {tag for tags in (event.argument_labels or {}).values() for tag in tags}
    return table.mask(tags & table.bits.keys()) & mask or mask


def _lowest(mask: int) -> int:
    return mask & -mask


def _parameter(key: Key) -> str | None:
    kind, _, name = key[0].partition(":")
    return name if kind == "parameter" else None


def trail(
    labelling: Labelling, workflow: core.Workflow, labels: WorkflowLabels, run: Iterable[Event] = ()
) -> Trail:
    """Index a workflow for `Trail.steps`; the paths are those of a run, if its events are given."""
    definers: dict[str, list[Key]] = {}
    for parameter in workflow.parameters:
        definers.setdefault(parameter.name, []).append((f"parameter:{parameter.name}", 0))
    for key, act in labels.acts.items():
        if act.target is not None:
            definers.setdefault(act.target, []).append(key)
    by_id = {s.id: s for s in statements(workflow.body)}
    for statement in by_id.values():
        if isinstance(statement, core.Scope):
            for name, _ in statement.parameters:
                definers.setdefault(name, []).append((statement.id, 0))
    around = dict(_around(workflow.body))
    binders = {n: tuple(k) for n, k in definers.items()}
    called = frozenset(event.tool for event in run if event.tool is not None)
    return Trail(labelling, labels, workflow, binders, around, by_id, called or None)


def _around(body: core.Block) -> Iterator[tuple[core.NodeId, tuple[core.NodeId, ...]]]:
    stack: list[tuple[core.Statement, tuple[core.NodeId, ...]]] = [(s, ()) for s in body]
    while stack:
        statement, outer = stack.pop()
        yield statement.id, outer
        inner = (*outer, statement.id)
        stack += [(s, inner) for block in blocks(statement) for s in block]


_WORDS = {
    "approve": "the decision of {subject} about what was shown",
    "release": "{name}what the release {subject} lets through",
    "recall": "{name}recalled from {subject}",
    "remember": "remembered in {subject}",
    "ask": "{name}the answer of {subject}",
    "receive": "{name}a message that was received",
    "message": "sent to {subject}",
    "scope": "{name}the result of the workflow {subject}",
    "stop": "a stop that may come first",
    "return": "a return that may come first",
    "llm": "{name}what {subject} makes of all it was shown",
    "agent": "{name}what {subject} makes of all it was shown",
    "call": "{name}the result of {subject}",
}


def told(act: Act, statement: core.Statement | None) -> str:
    """What an act brings, in a few words."""
    name = f"`{act.target}` is " if act.target is not None else ""
    subject = "any" if act.subject is None else f"`{act.subject}`"
    asked = () if statement is None else expressions(statement)
    if act.kind == "branch" and asked:
        return f"what is decided by `{phrase(asked[0])}`"
    if act.kind == "let" and asked:
        return f"{name}`{phrase(asked[0])}`"
    by = f", called by the agent `{act.agent}`" if act.agent else ""
    return _WORDS.get(act.kind, act.kind).format(name=name, subject=subject) + by
