"""The way of a tag from its source to where it arrives, read back from the labelling."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

import attrs

from wfcheck.checker.label_state import Act
from wfcheck.checker.label_tree import Tree
from wfcheck.checker.labels import WorkflowLabels
from wfcheck.checker.result import PathStep
from wfcheck.dsl import core
from wfcheck.dsl.phrase import phrase
from wfcheck.dsl.walk import blocks, expressions, locals_of, statements

Key = tuple[core.NodeId, int]


@attrs.frozen(slots=False)
class Trail:
    """What the search back needs: who binds a variable, which decisions lie around and before a node."""

    labels: WorkflowLabels
    workflow: core.Workflow
    definers: Mapping[str, tuple[Key, ...]]
    around: Mapping[core.NodeId, tuple[core.NodeId, ...]]
    by_id: Mapping[core.NodeId, core.Statement]

    def steps(self, sink: Act, sink_text: str, wanted: int) -> tuple[PathStep, ...]:
        """A shortest path that one bit of `wanted` may have taken, source first; just the sink if none is found."""
        bit = wanted & -wanted
        last = PathStep("sink", sink_text, sink.span)
        start = (sink.node, sink.choice)
        came: dict[Key, tuple[Key, str] | None] = {start: None}
        queue = deque([start])
        while queue:
            key = queue.popleft()
            before = list(self._before(key, bit))
            if not before and key != start:
                return (*self._unwind(came, key), last)
            for other, edge in before:
                if other not in came:
                    came[other] = (key, edge)
                    queue.append(other)
        return (*self._unwind(came, list(came)[-1]), last)

    def _unwind(self, came: Mapping[Key, tuple[Key, str] | None], key: Key) -> list[PathStep]:
        steps = [self._step(key, "source")]
        while (link := came[key]) is not None:
            key, edge = link
            if came[key] is not None:
                steps.append(self._step(key, edge))
        return steps

    def _step(self, key: Key, edge: str) -> PathStep:
        if key[0].startswith("parameter:"):
            name = key[0].partition(":")[2]
            parameter = next(p for p in self.workflow.parameters if p.name == name)
            return PathStep(edge, f"the parameter `{name}`", parameter.span)
        act = self.labels.acts[key]
        return PathStep(edge, _told(act, self.by_id.get(act.node)), act.span)

    def _before(self, key: Key, bit: int) -> Iterator[tuple[Key, str]]:
        """What may have handed the bit to this act."""
        act = self.labels.acts.get(key)
        if act is None:
            return
        yield from self._data(act, bit)
        if act.agent is not None or act.kind == "agent":
            yield from self._choices(act, key, bit)
        if act.kind == "recall" and not act.decision & bit:
            yield from self._memory(act, bit)
        if act.decision & bit and act.agent is None:
            yield from self._control(act, bit)

    def _data(self, act: Act, bit: int) -> Iterator[tuple[Key, str]]:
        statement = self.by_id.get(act.node)
        if statement is None or act.agent is not None:
            return
        edge = {"llm": "llm-mix", "agent": "llm-mix", "approve": "approval", "message": "message"}
        for name in dict.fromkeys(n for e in expressions(statement) for n, _ in locals_of(e)):
            for key in self.definers.get(name, ()):
                if self._carries(key, bit) and key != (act.node, 0):
                    yield key, edge.get(act.kind, "data")

    def _choices(self, act: Act, key: Key, bit: int) -> Iterator[tuple[Key, str]]:
        """Inside an agent: its context, and the results of its other calls."""
        for other in self.labels.acts:
            if other[0] == act.node and other != key and other[1] and self._makes(other, bit):
                yield other, "selection"
        region = (act.node, 0)
        if key != region and self._given(region, bit):
            yield region, "selection"

    def _memory(self, act: Act, bit: int) -> Iterator[tuple[Key, str]]:
        for key, other in self.labels.acts.items():
            if (
                other.kind == "remember"
                and other.subject in (act.subject, None)
                and (other.shown | other.decision) & bit
            ):
                yield key, "memory"

    def _control(self, act: Act, bit: int) -> Iterator[tuple[Key, str]]:
        for node in self.around.get(act.node, ()):
            branch = self.labels.acts.get((node, 0))
            if branch is not None and branch.shown & bit:
                yield (node, 0), "control"
        for key, other in self.labels.acts.items():
            ends = other.kind in ("stop", "return") and other.decision & bit and key[0] != act.node
            if ends or (other.kind == "approve" and key[0] != act.node and other.shown & bit):
                yield key, "control"

    def _carries(self, key: Key, bit: int) -> bool:
        if key[0].startswith("parameter:"):
            return bool(self.labels.parameters[key[0].partition(":")[2]].every & bit)
        act = self.labels.acts.get(key)
        return act is not None and bool((act.result.every | (act.shown if act.kind == "branch" else 0)) & bit)

    def _given(self, key: Key, bit: int) -> bool:
        act = self.labels.acts.get(key)
        return act is not None and bool((act.shown | act.decision) & bit)

    def _makes(self, key: Key, bit: int) -> bool:
        act = self.labels.acts[key]
        inside = _every(act.arguments) | act.decision
        return bool(act.result.every & bit) and not inside & bit


def _every(arguments: Mapping[str, Tree]) -> int:
    mask = 0
    for tree in arguments.values():
        mask |= tree.every
    return mask


def trail(workflow: core.Workflow, labels: WorkflowLabels) -> Trail:
    """Index a workflow for `Trail.steps`."""
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
    return Trail(labels, workflow, {n: tuple(k) for n, k in definers.items()}, around, by_id)


def _around(body: core.Block) -> Iterator[tuple[core.NodeId, tuple[core.NodeId, ...]]]:
    stack: list[tuple[core.Statement, tuple[core.NodeId, ...]]] = [(s, ()) for s in body]
    while stack:
        statement, outer = stack.pop()
        yield statement.id, outer
        inner = (*outer, statement.id)
        stack += [(s, inner) for block in blocks(statement) for s in block]


def _told(act: Act, statement: core.Statement | None) -> str:
    name = f"`{act.target}` is " if act.target is not None else ""
    match act.kind:
        case "call":
            by = f", called by the agent `{act.agent}`" if act.agent else ""
            return f"{name}the result of `{act.subject}`{by}"
        case "llm" | "agent":
            return f"{name}what `{act.subject}` makes of all it was shown"
        case "branch" if statement is not None and (asked := expressions(statement)):
            return f"what is decided by `{phrase(asked[0])}`"
        case "let" if statement is not None:
            return f"{name}`{phrase(expressions(statement)[0])}`"
        case "approve":
            return f"the decision of `{act.subject}` about what was shown"
        case "release":
            return f"{name}what the release `{act.subject}` lets through"
        case "recall":
            return f"{name}recalled from `{act.subject}`"
        case "remember":
            return f"remembered in `{act.subject or 'a store'}`"
        case "ask":
            return f"{name}the answer of `{act.subject}`"
        case "receive":
            return f"{name}a message that was received"
        case "message":
            return f"sent to `{act.subject or 'a principal'}`"
        case "scope":
            return f"{name}the result of the workflow `{act.subject}`"
        case "stop":
            return "a stop that may come first"
        case "return":
            return "a return that may come first"
        case _:
            return act.kind
