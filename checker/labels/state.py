"""The state of one walk over a workflow, and what the walk writes down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol, TypeAlias

import attrs

from wfcheck.checker.labels.domain import Domain
from wfcheck.checker.labels.tree import EMPTY, Tree, below, join, raised, union
from wfcheck.dsl import core
from wfcheck.dsl.source import Span

ActKind: TypeAlias = Literal[
    "parameter", "let", "call", "llm", "agent", "branch", "approve", "release", "scope", "say", "ask", "message",
    "receive", "remember", "recall", "return", "stop",
]  # fmt: skip


APPROVALS = "approvals"
"""Key of the head that holds what approvers were shown."""


@attrs.frozen
class Act:
    """Something a node may do, joined over all its visits. `subject`: tool, store, principal, release, step or workflow.

    `arguments`: what goes in, by name (contexts and shown values by position). `decision`: the label of whether and which.
    `agent`: the step of the agent that chooses it, `choice`: which of its `may` (from 1). `actors`: the principal that
    acts, and those on whose behalf it does. `read`: what a called tool finds in the stores that it reads."""

    node: core.NodeId
    kind: ActKind
    subject: str | None
    arguments: Mapping[str, Tree]
    decision: int
    result: Tree
    actors: tuple[str, ...]
    agent: str | None
    target: str | None
    span: Span
    choice: int = 0
    read: int = 0

    @property
    def actor(self) -> str:
        """The principal that acts."""
        return self.actors[0]

    @property
    def shown(self) -> int:
        """The union of all arguments."""
        return union(self.arguments.values())


@attrs.define
class Head:
    """What holds whenever a region is entered again: assigned variables, and masks of what may have ended what, before."""

    variables: dict[str, Tree] = attrs.field(factory=dict)
    exits: int = 0
    returns: int = 0
    failing: int = 0
    failures: int = 0

    def grow(self, name: str, tree: Tree) -> bool:
        """Add to a variable; whether that changed anything."""
        old = self.variables.get(name, EMPTY)
        if name in self.variables and below(tree, old):
            return False
        self.variables[name] = join(old, tree)
        return True

    def enter(self, walk: Walk) -> None:
        """What may have ended the run, the workflow or the attempt in an earlier round counts in this one."""
        walk.exits |= self.exits
        walk.returns[-1] |= self.returns
        walk.failing |= self.failing

    def settled(self, walk: Walk) -> bool:
        """Whether the round added nothing to that; else it is kept for the next one."""
        before = (self.exits, self.returns, self.failing)
        self.exits |= walk.exits
        self.returns |= walk.returns[-1]
        self.failing |= walk.failing
        return before == (self.exits, self.returns, self.failing)


@attrs.define
class Memory:
    """Stores and inboxes: one label each, for all workflows and any number of runs."""

    stores: dict[str, Tree]
    inboxes: dict[str, int]
    changed: bool = False

    def write(self, store: str, tree: Tree) -> None:
        """The store's label grows."""
        if not below(tree, self.stores[store]):
            self.stores[store] = join(self.stores[store], tree)
            self.changed = True

    def send(self, principal: str, mask: int) -> None:
        """The inbox's label grows."""
        old = self.inboxes.get(principal, 0)
        if old | mask != old:
            self.inboxes[principal] = old | mask
            self.changed = True


class Guarding(Protocol):
    """What the walk asks of a guard; see `guarding.Guard`."""

    @property
    def rules(self) -> tuple[core.Rule, ...]:
        """What it watches."""
        ...

    @property
    def denies(self) -> bool:
        """Whether the labels may rest on its denials."""
        ...

    def tells(
        self, node: core.NodeId, may: core.May, arguments: Mapping[str, Tree], handles: int, every: int
    ) -> int:
        """What an agent learns by being admitted or denied."""
        ...

    def anything(self) -> int:
        """All that may decide whether a call of the workflow's own is denied."""
        ...

    def denied(self, actor: str, may: core.May, armed: frozenset[int]) -> bool:
        """Whether the act is denied for sure."""
        ...

    def arms(self, actor: str, may: core.May, *, failed: bool) -> frozenset[int]:
        """The rules that the act arms for sure."""
        ...


@attrs.define
class Walk:
    """One pass over one workflow. `exits`: control label of what may have stopped the run; `returns`: of what may have
    returned, one per inlined workflow; `failing`: of what may have failed in a `retry 1`; `failures`: one per `retry`."""

    program: core.Program
    domain: Domain
    memory: Memory
    heads: dict[core.NodeId, Head]
    acts: dict[tuple[core.NodeId, int], Act]
    actors: tuple[str, ...]
    guard: Guarding
    env: dict[str, Tree] = attrs.field(factory=dict)
    frames: list[dict[str, Tree | None]] = attrs.field(factory=list)
    branch: int = 0
    exits: int = 0
    failing: int = 0
    returns: list[int] = attrs.field(factory=lambda: [0])
    returned: list[Tree] = attrs.field(factory=lambda: [EMPTY])
    failures: list[int] = attrs.field(factory=list)
    progressive: bool = False

    @property
    def actor(self) -> str:
        """The principal that acts."""
        return self.actors[0]

    @property
    def pc(self) -> int:
        """The label of the control decisions that led here."""
        if not self.domain.implicit:
            return 0
        return self.branch | self.exits | self.returns[-1] | self.failing

    def value(self, expression: core.Expr, bound: Mapping[str, Tree] | None = None) -> Tree:
        """G(e), without the control label."""
        return self.domain.value(expression, self.env, bound or {})

    def here(self, expression: core.Expr) -> Tree:
        """G(e) + pc."""
        return raised(self.value(expression), self.pc)

    def assign(self, name: str | None, tree: Tree) -> None:
        """Bind a variable; a frame remembers what it was."""
        if name is None:
            return
        if self.frames and name not in self.frames[-1]:
            self.frames[-1][name] = self.env.get(name)
        self.env[name] = tree

    def open(self) -> None:
        """Start an arm whose bindings are to be taken back."""
        self.frames.append({})

    def close(self) -> dict[str, Tree]:
        """End an arm: what it bound; the bindings are taken back."""
        frame = self.frames.pop()
        changes = {name: self.env[name] for name in frame}
        for name, old in frame.items():
            if old is None:
                del self.env[name]
            else:
                self.env[name] = old
        return changes

    def head(self, node: core.NodeId) -> Head:
        """The fixpoint of a region, kept between passes."""
        return self.heads.setdefault(node, Head())

    def show(self, mask: int) -> int:
        """All that approvers of the workflow were ever shown, with this: a residue stands for any of it."""
        shown = self.heads.setdefault(APPROVALS, Head())
        if shown.failures | mask != shown.failures:
            shown.failures |= mask
            self.memory.changed = True
        return shown.failures

    def read(self, tool: str | None) -> int:
        """What a tool finds in the stores that it reads."""
        stores = () if tool is None else self.program.tools[tool].reads
        return union(self.memory.stores[store] for store in stores)

    def record(
        self,
        statement: core.Statement,
        kind: ActKind,
        subject: str | None,
        arguments: Mapping[str, Tree],
        result: Tree = EMPTY,
        *,
        index: int = 0,
        decision: int | None = None,
        agent: str | None = None,
        target: str | None = None,
    ) -> None:
        """Write down what the statement may do here."""
        chosen = self.pc if decision is None else decision
        key = (statement.id, index)
        new = Act(
            statement.id,
            kind,
            subject,
            arguments,
            chosen,
            result,
            self.actors,
            agent,
            target,
            statement.span,
            index,
            self.read(subject) if kind == "call" else 0,
        )
        old = self.acts.get(key)
        self.acts[key] = joined = new if old is None else _joined(old, new)
        if self.guard.rules and joined != old:
            self.memory.changed = True
        if self.failures and kind in ("call", "llm", "agent", "release", "ask", "receive", "recall"):
            self.failures[-1] |= chosen | new.shown | result.every
            if self.progressive:
                self.failing |= self.failures[-1]


def _joined(old: Act, new: Act) -> Act:
    names = {**old.arguments, **new.arguments}
    arguments = {n: join(old.arguments.get(n, EMPTY), new.arguments.get(n, EMPTY)) for n in names}
    return attrs.evolve(
        old,
        arguments=arguments,
        decision=old.decision | new.decision,
        read=old.read | new.read,
        result=join(old.result, new.result),
    )
