"""What a rule asks of one workflow, and what was found: the vocabulary that all rule files share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

import attrs

from wfcheck.checker.labels.analysis import Labelling, WorkflowLabels, analyse, label
from wfcheck.checker.labels.origins import OriginDomain
from wfcheck.checker.labels.state import Act
from wfcheck.checker.labels.table import VirtualSource
from wfcheck.checker.result import PathStep, Verdict, Witness
from wfcheck.checker.symbolic.execution import Execution, Over, execute
from wfcheck.checker.symbolic.state import TYPED
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.dsl.source import Span
from wfcheck.dsl.walk import statements

T = TypeVar("T")

COMPLETE_MEDIATION = "complete-mediation"
STEP_BUDGETS = "step-budgets"
UNCONFIRMED = "a run that breaks the rule could not be ruled out, and none was found"
NO_RUN = "the labels admit the flow, and no concrete run was found"


@attrs.frozen
class Limits:
    """`timeout`: seconds of wall clock per rule. `seed`: of every search that has a choice."""

    timeout: float = 10.0
    seed: int = 0


@attrs.frozen(slots=False)
class Analysis:
    """What is computed once per program and shared by all rules; each part is made when it is first asked for."""

    program: core.Program
    sources: tuple[VirtualSource, ...]
    limits: Limits
    _executions: dict[tuple[str, tuple[int, ...], bool], Execution] = attrs.field(factory=dict, init=False)
    _made: dict[tuple[object, ...], Any] = attrs.field(factory=dict, init=False)

    def once(self, key: tuple[object, ...], make: Callable[[], T]) -> T:
        """What rules share: made when it is first asked for. A key stands for one thing in the whole analysis."""
        if key not in self._made:
            self._made[key] = make()
        found: T = self._made[key]
        return found

    @cached_property
    def labelling(self) -> Labelling:
        """Data and control."""
        return analyse(self.program, self.sources)

    @cached_property
    def explicit(self) -> Labelling:
        """Data alone."""
        return analyse(self.program, self.sources, implicit=False)

    @cached_property
    def origins(self) -> Labelling:
        """Where values were copied from."""
        domain = OriginDomain(self.labelling.table)
        return label(self.program, domain, self.labelling.table)

    def execution(self, workflow: str, queries: tuple[int, ...] = (), *, explicit: bool = False) -> Execution:
        """All runs of a workflow, symbolically; made once per set of queries."""
        key = (workflow, queries, explicit)
        if key not in self._executions:
            labelling = self.explicit if explicit else self.labelling
            self._executions[key] = execute(
                self.program, self.program.workflows[workflow], labelling, queries, mode=Over()
            )
        return self._executions[key]


@attrs.frozen(slots=False)
class Case:
    """One rule and one workflow in its scope. `rule` None: a built-in rule."""

    analysis: Analysis
    workflow: core.Workflow
    rule: core.Rule | None

    @property
    def program(self) -> core.Program:
        """The program that holds both."""
        return self.analysis.program

    @property
    def labels(self) -> WorkflowLabels:
        """The labels of the workflow, data and control."""
        return self.analysis.labelling.workflows[self.workflow.symbol]

    def acts(self, *kinds: str) -> list[Act]:
        """What the workflow may do, of these kinds, in program order."""
        return list(self.labels.of(*kinds))


Script: TypeAlias = Mapping[tuple[Any, ...], Any]
"""Answers for a search, as `exploration.Explorer` takes them."""


@attrs.frozen
class Finding:
    """What was found for one case; the pipeline makes a `Result` of it. `span`: a better place than the rule's own. `starts`:
    scripts of runs that may break the rule, made when they are asked for. `judge`: for a built-in rule that the interpreter does
    not watch, the event of a run that breaks it. `account`: the reason and the path for the events of a run up to the one that
    breaks the rule."""

    verdict: Verdict
    assumptions: tuple[str, ...] = ()
    cores: tuple[tuple[str, ...], ...] = ()
    witness: Witness | None = None
    path: tuple[PathStep, ...] = ()
    reason: str | None = None
    notes: tuple[str, ...] = ()
    help: str | None = None
    span: Span | None = None
    starts: Iterable[Script] = ()
    judge: Callable[[Sequence[Event]], int | None] | None = None
    account: Callable[[Sequence[Event]], tuple[str, tuple[PathStep, ...]] | None] | None = None


def proved(*assumptions: str, notes: tuple[str, ...] = ()) -> Finding:
    """Holds on every run that satisfies the assumptions."""
    return Finding(Verdict.PROVED, tuple(dict.fromkeys(assumptions)), notes=notes)


def unknown(reason: str, *, notes: tuple[str, ...] = ()) -> Finding:
    """Could not be decided, and why."""
    return Finding(Verdict.UNKNOWN, reason=reason, notes=notes)


def possible(reason: str, *, path: tuple[PathStep, ...] = (), notes: tuple[str, ...] = ()) -> Finding:
    """The abstraction admits a violation that no concrete run confirmed."""
    return Finding(Verdict.POSSIBLE, reason=reason, path=path, notes=notes)


def vacuous(reason: str) -> Finding:
    """What the rule judges cannot occur."""
    return Finding(Verdict.VACUOUS, reason=reason)


def label_assumptions(case: Case) -> tuple[str, ...]:
    """What a verdict of the labelling rests on: only what the workflow makes use of."""
    return case.analysis.once(("rests on", case.workflow.symbol), lambda: _label_assumptions(case))


def _label_assumptions(case: Case) -> tuple[str, ...]:
    calls = case.acts("call")
    found = [COMPLETE_MEDIATION]
    if calls:
        found.append("tool-effects")
    if case.acts("llm", "agent"):
        found.append("llm-context")
    if any(isinstance(s, core.Agent) and s.hides for s in statements(case.workflow.body)):
        found.append(TYPED)
    if calls or case.workflow.parameters or case.acts("ask", "receive"):
        found.append("source-labels")
    if case.acts("approve"):
        found.append("approval-shows")
    return (*found, *_store_assumptions(case, calls))


def _store_assumptions(case: Case, calls: list[Act]) -> tuple[str, ...]:
    stores = {act.subject for act in case.acts("recall") if act.subject is not None}
    for act in calls:
        stores |= case.program.tools[act.subject or ""].reads
    inboxes = {"messages.senders"} if case.acts("receive") else set()
    return tuple(sorted({f"{store}.writers" for store in stores} | inboxes))


def silence(case: Case) -> tuple[str, ...]:
    """Notes on tools of the workflow whose declarations are silent, so that the worst case was taken."""
    notes = []
    for symbol in dict.fromkeys(act.subject for act in case.acts("call")):
        tool = case.program.tools[symbol or ""]
        if not tool.declared_returns:
            notes.append(f"`{symbol}` has no `returns`, so its result was taken to carry every tag")
        if not tool.declared_emits:
            notes.append(f"`{symbol}` has no `emits`, so its arguments were taken to leave the system")
    return tuple(notes)
