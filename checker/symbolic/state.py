"""The state of a symbolic execution, and what it writes down: events, assumptions, questions to the oracle."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

import attrs

from wfcheck.checker.encoding.encode import Condition, Encoded, Environment, condition, encode
from wfcheck.checker.encoding.encoded import Notes
from wfcheck.checker.labels.analysis import Labelling, WorkflowLabels
from wfcheck.checker.symbolic.flow import taint_of
from wfcheck.checker.symbolic.records import Duty, DutyKind, Gap, Records, spoken
from wfcheck.checker.symbolic.taint import CLEAN, EMPTY, Mask, Taint, always, meets, raised, union
from wfcheck.checker.symbolic.types import conforms, fresh
from wfcheck.checker.symbolic.value import SymbolicValue, build_shape
from wfcheck.dsl import core, types
from wfcheck.dsl.core import EventKind, NodeId
from wfcheck.dsl.source import Span
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Term

TYPED = "typed-outputs"


@attrs.frozen
class Over:
    """All runs, and perhaps more: loops and agents are an arbitrary state and one representative round."""


@attrs.frozen
class Unroll:
    """Some runs, exactly: loops and lists up to `loops` rounds and elements, agents up to `steps` acts."""

    loops: int = 2
    steps: int = 2


Mode: TypeAlias = Over | Unroll
Lane: TypeAlias = tuple[NodeId, int]


@attrs.frozen
class SymbolicEvent:
    """Something that happens if `guard`. `returned`: it happened and came back (a call that did not fail; else as `guard`).

    `arguments` are named as in `labels.Act` (a call's own names, `text`, `0`.., `shows0`.., `value` and `key`, `where`); `taints` has
    for each of them, and under the empty name for the decision, one Bool per query. `choice`: which `may` of an agent (from 1).
    `subject`: tool, store, principal, release or step. `actors`: every principal whose grants count, the acting one last.
    `certain` False: it stands for any number of such events in earlier or later rounds; its values are arbitrary ones.
    `lanes`: the branches of `parallel` it lies in. `turn`: the step of an agent in mode Unroll. `instance` counts visits.
    `part`: of a call, where its attempt and its outcome are told apart."""

    index: int
    kind: EventKind
    site: NodeId
    choice: int
    instance: int
    step: str | None
    tool: str | None
    subject: str | None
    arguments: Mapping[str, SymbolicValue]
    guard: Term
    returned: Term
    taints: Mapping[str, tuple[Term, ...]]
    result: SymbolicValue | None
    actors: tuple[str, ...]
    certain: bool
    lanes: tuple[Lane, ...]
    span: Span
    turn: int | None = None
    part: Literal["all", "attempt", "outcome"] = "all"

    @property
    def actor(self) -> str:
        """The principal that acts."""
        return self.actors[-1]

    @property
    def failed(self) -> Term:
        """It was tried and failed."""
        return b.and_(self.guard, b.not_(self.returned))


@attrs.frozen
class Question:
    """A free choice of the oracle: asked if `guard`. `kind`: value, outcome, approval, parameter, store, act, answer."""

    kind: Literal["value", "outcome", "approval", "parameter", "store", "act", "reply"]
    site: str
    guard: Term
    value: SymbolicValue
    type: types.Type
    detail: Any = None


@attrs.define
class Walk:
    """One execution. `branch`, `exits`, `returns`, `failing` are the control label, as in the label rules. `weight`: how often the
    block at hand is walked, over all enclosing repetitions. `lemmas`: the proved invariants of loops, by loop and name."""

    program: core.Program
    labelling: Labelling
    known: WorkflowLabels
    queries: tuple[int, ...]
    keep: int
    mode: Mode
    notes: Notes
    actors: tuple[str, ...]
    env: dict[tuple[str, str], SymbolicValue] = attrs.field(factory=dict)
    taints: dict[str, Taint] = attrs.field(factory=dict)
    frames: list[dict[str, tuple[SymbolicValue | None, Taint]]] = attrs.field(factory=list)
    events: list[SymbolicEvent] = attrs.field(factory=list)
    assumptions: list[tuple[str, Term]] = attrs.field(factory=list)
    questions: list[Question] = attrs.field(factory=list)
    branch: Mask = CLEAN
    exits: Mask = CLEAN
    failing: Mask = CLEAN
    returns: list[Mask] = attrs.field(factory=lambda: [CLEAN])
    returned: list[list[tuple[Term, SymbolicValue, Taint]]] = attrs.field(factory=lambda: [[]])
    failures: list[list[Term]] = attrs.field(factory=list)
    visits: dict[NodeId, int] = attrs.field(factory=dict)
    certain: bool = True
    weight: int = 1
    lanes: tuple[Lane, ...] = ()
    pure: dict[str, list[tuple[Term, Environment, SymbolicValue, Term]]] = attrs.field(factory=dict)
    lemmas: frozenset[tuple[NodeId, str]] = frozenset()
    records: Records = attrs.field(factory=Records)

    @property
    def pc(self) -> Mask:
        """The label of the control decisions that led here."""
        if not self.labelling.domain.implicit:
            return CLEAN
        return union(self.branch, self.exits, self.returns[-1], self.failing)

    @property
    def over(self) -> bool:
        """All runs are covered."""
        return isinstance(self.mode, Over)

    # ------------------------------------------------------------ expressions

    def names(self, more: Environment | None = None) -> Environment:
        """Locals, and more."""
        return ChainMap(dict(more), self.env) if more else self.env

    def value(self, expression: core.Expr, more: Environment | None = None) -> Encoded:
        """The expression here."""
        found = encode(expression, self.names(more), self.notes)
        self._vouch()
        return found

    def _vouch(self) -> None:
        """What was read from a list whose elements are of their type is of that type."""
        while self.notes.vouched:
            value, type_, there = self.notes.vouched.pop()
            self.assume(TYPED, there, conforms(value, type_, self.notes))

    def taint(self, expression: core.Expr, bound: Mapping[str, Taint] | None = None) -> Taint:
        """G(e), without the control label."""
        unknown = always(self.labelling.table.every_tag & self.keep)
        return taint_of(expression, self.taints, unknown, self._truth, bound)

    def _truth(self, expression: core.Expr) -> Term:
        return condition(expression, self.names(), self.notes).value

    def truth(self, expression: core.Expr | None, more: Environment | None = None) -> Condition:
        """A condition here."""
        found = condition(expression, self.names(more), self.notes)
        self._vouch()
        return found

    # ------------------------------------------------------------ variables

    def assign(self, name: str | None, value: SymbolicValue, taint: Taint) -> None:
        """Bind a variable; a frame remembers what it was."""
        if name is None:
            return
        if self.frames and name not in self.frames[-1]:
            self.frames[-1][name] = (self.env.get(("local", name)), self.taints.get(name, EMPTY))
        self.env["local", name] = value
        self.taints[name] = taint

    def open(self) -> None:
        """Start an arm whose bindings are to be taken back."""
        self.frames.append({})

    def close(self) -> dict[str, tuple[SymbolicValue, Taint]]:
        """End an arm: what it bound; the bindings are taken back."""
        frame = self.frames.pop()
        changes = {name: (self.env["local", name], self.taints[name]) for name in frame}
        for name, (value, taint) in frame.items():
            if value is None:
                del self.env["local", name]
                del self.taints[name]
            else:
                self.env["local", name], self.taints[name] = value, taint
        return changes

    def doubt(self, *names: str) -> Mask:
        """What may come in for want of these assumptions, where they are not made."""
        doubts = self.labelling.domain.doubts
        return union(*(always(doubts[name] & self.keep) for name in names if name in doubts))

    # ------------------------------------------------------------ oracles, assumptions, events

    def flag(self, name: str) -> Term:
        """A free Boolean."""
        return self.notes.fresh(name, Sort.BOOL)

    def arbitrary(self, type_: types.Type, name: str) -> SymbolicValue:
        """A value that some oracle makes up; nothing is assumed of it."""
        items = self.mode.loops if isinstance(self.mode, Unroll) else None
        return fresh(type_, name, self.notes, items=items)

    def found(self, type_: types.Type, name: str) -> SymbolicValue:
        """A value that nobody checks against its type, elements included."""
        if isinstance(self.mode, Unroll):
            return self.arbitrary(type_, name)
        return build_shape(type_, lambda path, sort: self.notes.fresh(f"{name}{path}", sort))

    def oracle(self, type_: types.Type, name: str, guard: Term) -> SymbolicValue:
        """A value that some oracle makes up; where `guard` holds it is of its type."""
        value = self.arbitrary(type_, name)
        self.assume(TYPED, guard, conforms(value, type_, self.notes))
        return value

    def assume(self, name: str, guard: Term, fact: Term) -> None:
        """A named assumption, where the guard holds."""
        term = b.implies(guard, fact)
        if term is not b.TRUE:
            self.assumptions.append((name, term))

    def ensure(self, contracts: Iterable[core.Condition], guard: Term, more: Environment) -> None:
        """Contracts of an oracle: named assumptions. One that has no value says nothing."""
        for contract in contracts:
            self.assume(contract.name, guard, self.truth(contract.condition, more).possible)

    def owe(
        self,
        kind: DutyKind,
        contracts: Iterable[core.Condition],
        guard: Term,
        span: Span,
        *,
        node: NodeId = "",
        more: Environment | None = None,
        entry: bool = False,
    ) -> None:
        """Contracts that the workflow has to keep here."""
        for contract in contracts if self.certain else ():
            names = spoken((contract.condition,), self.env, more)
            self.records.duties.append(Duty(kind, contract, guard, names, span, node, entry))

    def needs(self, expression: core.Expr, guard: Term, defined: Term) -> Term:
        """The expression has to have a value here; the condition under which the run goes on."""
        if self.certain and defined is not b.TRUE and guard is not b.FALSE:
            self.records.gaps.append(Gap(expression, guard, defined, expression.span))
        return b.and_(guard, defined)

    def ask(
        self, kind: Any, site: str, guard: Term, value: SymbolicValue, type_: types.Type, detail: Any = None
    ) -> None:
        """Remember a choice for the script."""
        self.questions.append(Question(kind, site, guard, value, type_, detail))

    def visit(self, site: NodeId) -> int:
        """How many times the walk came here before."""
        count = self.visits.get(site, 0)
        self.visits[site] = count + 1
        return count

    def emit(
        self,
        kind: EventKind,
        statement: core.Statement | core.Workflow,
        guard: Term,
        arguments: Mapping[str, SymbolicValue],
        taints: Mapping[str, Taint],
        *,
        subject: str | None = None,
        tool: str | None = None,
        result: SymbolicValue | None = None,
        returned: Term | None = None,
        decision: Mask | None = None,
        choice: int = 0,
        actors: tuple[str, ...] | None = None,
        turn: int | None = None,
    ) -> None:
        """Write an event down."""
        site = "" if isinstance(statement, core.Workflow) else statement.id
        masks = {name: taint.every for name, taint in taints.items()}
        masks[""] = self.pc if decision is None else decision
        seen = {name: tuple(meets(mask, q) for q in self.queries) for name, mask in masks.items()}
        self.events.append(
            SymbolicEvent(
                len(self.events),
                kind,
                site,
                choice,
                self.visits.get(site, 1) - 1,
                getattr(statement, "step", None),
                tool,
                subject,
                arguments,
                guard,
                guard if returned is None else returned,
                seen,
                result,
                self.actors if actors is None else actors,
                self.certain,
                self.lanes,
                statement.span,
                turn,
            )
        )

    def here(self, expression: core.Expr) -> Taint:
        """G(e) + pc."""
        return raised(self.taint(expression), self.pc)
