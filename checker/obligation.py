"""What a rule asks of one workflow, and what was found: the vocabulary that all rule files share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

import attrs

from wfcheck.checker.labels.analysis import Labelling, WorkflowLabels, label
from wfcheck.checker.labels.domain import Domain, LabelDomain
from wfcheck.checker.labels.origins import OriginDomain
from wfcheck.checker.labels.state import Act
from wfcheck.checker.labels.table import Table, VirtualSource, build_table
from wfcheck.checker.labels.worst import TOOL_EFFECTS, WorstDomain, careless
from wfcheck.checker.proof import Proof
from wfcheck.checker.result import PathStep, Verdict, Witness
from wfcheck.checker.symbolic.execution import Execution, Over, execute
from wfcheck.checker.symbolic.lemmas import Lemmas, find
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.dsl.source import Span
from wfcheck.solver import backend
from wfcheck.solver.term import Term
from wfcheck.solver.transition import Invariant
from wfcheck.solver.verdict import Answer
from wfcheck.solver.verdict import Limits as SolverLimits

T = TypeVar("T")

Solve: TypeAlias = Callable[[Term, Sequence[tuple[str, Term]], SolverLimits | None], Answer]
"""As `solver.backend.solve`."""

COMPLETE_MEDIATION = "complete-mediation"
STEP_BUDGETS = "step-budgets"
UNCONFIRMED = "a run that breaks the rule could not be ruled out, and none was found"
NO_RUN = "the labels admit the flow, and no concrete run was found"


@attrs.frozen
class Limits:
    """`timeout`: seconds of wall clock per rule. `seed`: of every search that has a choice."""

    timeout: float = 10.0
    seed: int = 0


@attrs.frozen
class Given:
    """Labellings by name (`labels`, `data`, `origins`), and the invariant of the transition system of the only rule that is asked
    for. An engine that finds an invariant here proves it inductive and safe, with `Analysis.solve`, and looks for no other."""

    labellings: Mapping[str, Labelling] = attrs.field(factory=dict)
    invariant: Invariant | None = None


@attrs.frozen(slots=False)
class Analysis:
    """What is computed once per program and shared by all rules; each part is made when it is first asked for. `solve` answers
    every question of a rule that is to be proved. `dropped`: assumptions whose worst case is taken (see
    `labels.worst`). `given`: what a certificate says, to be used instead of being searched for; whoever gives it checks it.
    `guarded`: whether the labels rest on the guards of workflows that are declared `guarded`."""

    program: core.Program
    sources: tuple[VirtualSource, ...]
    limits: Limits
    solve: Solve = backend.solve
    dropped: frozenset[str] = frozenset()
    given: Given = Given()
    guarded: bool = False
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
        return self.given.labellings.get("labels") or self._labels(implicit=True)

    @cached_property
    def explicit(self) -> Labelling:
        """Data alone."""
        return self.given.labellings.get("data") or self._labels(implicit=False)

    def _labels(self, *, implicit: bool) -> Labelling:
        domain = self.domain(implicit=implicit)
        return label(self.program, domain, self.table, denies=self.guarded)

    @cached_property
    def with_guards(self) -> Analysis:
        """The same where the guards of guarded workflows are deployed."""
        return attrs.evolve(self, given=Given(), guarded=True)

    @cached_property
    def table(self) -> Table:
        """Which bit stands for what."""
        return build_table(self.program, self.sources)

    def domain(self, *, implicit: bool) -> Domain:
        """The label rules under the assumptions that were not dropped."""
        known = LabelDomain(self.table, implicit)
        return WorstDomain(known, self.dropped) if self.dropped else known

    @cached_property
    def origins(self) -> Labelling:
        """Where values were copied from."""
        if (given := self.given.labellings.get("origins")) is not None:
            return given
        domain = OriginDomain(self.labelling.table)
        return label(self.program, domain, self.labelling.table)

    def execution(self, workflow: str, queries: tuple[int, ...] = (), *, explicit: bool = False) -> Execution:
        """All runs of a workflow, symbolically; made once per set of queries."""
        key = (workflow, queries, explicit)
        if key not in self._executions:
            labelling = self.explicit if explicit else self.labelling
            proved = self.lemmas(workflow).proved
            self._executions[key] = execute(
                self.program, self.program.workflows[workflow], labelling, queries, mode=Over(), lemmas=proved
            )
        return self._executions[key]

    def lemmas(self, workflow: str) -> Lemmas:
        """The invariants of loops of a workflow that are proved."""
        found = self.program.workflows[workflow]
        seconds = self.limits.timeout / 2
        return self.once(
            ("lemmas", workflow), lambda: find(self.program, found, self.labelling, seconds, self.solve)
        )

    def made(self, *key: object) -> bool:
        """Whether `once` has made what the key stands for."""
        return key in self._made

    def under(self, dropped: frozenset[str]) -> Analysis:
        """The same with fewer assumptions; made once for each set of them."""
        if dropped <= self.dropped:
            return self
        return self.once(("under", dropped), lambda: self._under(self.dropped | dropped))

    def _under(self, dropped: frozenset[str]) -> Analysis:
        loose = TOOL_EFFECTS in dropped - self.dropped
        program = self.once(("careless",), lambda: careless(self.program)) if loose else self.program
        return attrs.evolve(self, program=program, dropped=dropped)


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

    def under(self, dropped: frozenset[str]) -> Case:
        """The same case with fewer assumptions."""
        return attrs.evolve(self, analysis=self.analysis.under(dropped))

    def acts(self, *kinds: str) -> list[Act]:
        """What the workflow may do, of these kinds, in program order."""
        return list(self.labels.of(*kinds))


Script: TypeAlias = Mapping[tuple[Any, ...], Any]
"""Answers for a search, as `exploration.Explorer` takes them."""


@attrs.frozen
class Finding:
    """What was found for one case; the pipeline makes a `Result` of it. `span`: a better place than the rule's own. `starts`:
    scripts of runs that may break the rule, made when they are asked for. `judge`: for a built-in rule that the interpreter does
    not watch, the event of a run that breaks it. `refine`: the finding with what a run shows of it. `account`: the reason and the
    path for the events of a run up to the one that breaks the rule. `proof`: of a PROVED rule, what shows it."""

    verdict: Verdict
    assumptions: tuple[str, ...] = ()
    cores: tuple[tuple[str, ...], ...] = ()
    depth: int | None = None
    witness: Witness | None = None
    path: tuple[PathStep, ...] = ()
    reason: str | None = None
    notes: tuple[str, ...] = ()
    help: str | None = None
    span: Span | None = None
    starts: Iterable[Script] = ()
    refine: Callable[[Finding, Witness], Finding] | None = None
    judge: Callable[[Sequence[Event]], int | None] | None = None
    account: Callable[[Sequence[Event]], tuple[str, tuple[PathStep, ...]] | None] | None = None
    proof: Proof | None = None


def proved(*assumptions: str, notes: tuple[str, ...] = (), proof: Proof | None = None) -> Finding:
    """Holds on every run that satisfies the assumptions; every proof rests on complete mediation. `cores` weighs the proof."""
    names = tuple(dict.fromkeys((COMPLETE_MEDIATION, *assumptions)))
    return Finding(Verdict.PROVED, names, notes=notes, proof=proof)


def unknown(reason: str, *, notes: tuple[str, ...] = ()) -> Finding:
    """Could not be decided, and why."""
    return Finding(Verdict.UNKNOWN, reason=reason, notes=notes)


def possible(reason: str, *, path: tuple[PathStep, ...] = (), notes: tuple[str, ...] = ()) -> Finding:
    """The abstraction admits a violation that no concrete run confirmed."""
    return Finding(Verdict.POSSIBLE, reason=reason, path=path, notes=notes)


def vacuous(reason: str) -> Finding:
    """What the rule judges cannot occur."""
    return Finding(Verdict.VACUOUS, reason=reason)


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
