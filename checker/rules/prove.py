"""The step after the labels: formulas over a symbolic execution, decided by the solver, one question for all judged events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import attrs

from wfcheck.checker.encoding.encoded import Notes
from wfcheck.checker.obligation import Case
from wfcheck.checker.proof import Refuted
from wfcheck.checker.symbolic.execution import Execution, Unroll, execute, script
from wfcheck.checker.symbolic.script import LOOKS, PLACES
from wfcheck.checker.symbolic.state import TYPED
from wfcheck.checker.symbolic.types import conforms, fresh
from wfcheck.dsl import core, types
from wfcheck.dsl.walk import statements
from wfcheck.solver import build as b
from wfcheck.solver import verdict as solver
from wfcheck.solver.term import Term

BOUNDS = ((1, 2), (2, 3))
"""Rounds of a loop and acts of an agent in the executions that are searched for a run."""


@attrs.frozen(slots=False)
class Prover:
    """Questions about one workflow under one set of label queries."""

    case: Case
    queries: tuple[int, ...] = ()
    explicit: bool = False

    @cached_property
    def over(self) -> Execution:
        """All runs."""
        symbol = self.case.workflow.symbol
        return self.case.analysis.execution(symbol, self.queries, explicit=self.explicit)

    @property
    def open_points(self) -> tuple[str, ...]:
        """Notes on what the proof took for anything at all."""
        return tuple(f"{what} was taken for anything" for what in self.over.abstracted)

    def exact(self) -> Iterator[Execution]:
        """Some runs, exactly."""
        analysis = self.case.analysis
        labelling = analysis.explicit if self.explicit else analysis.labelling
        for loops, steps in BOUNDS:
            mode = Unroll(loops, steps)
            yield execute(self.case.program, self.case.workflow, labelling, self.queries, mode=mode)

    def decide(self, execution: Execution, formulas: Sequence[Term]) -> solver.Answer:
        """Whether any of the formulas can be true on a covered run."""
        seconds = self.case.analysis.limits.timeout / 2
        limits = solver.Limits(seconds=seconds)
        answer = self.case.analysis.solve(b.or_(*formulas), execution.assumptions, limits)
        if isinstance(answer, solver.Unsat):
            return solver.Unsat(self.case.analysis.lemmas(self.case.workflow.symbol).rest_on(answer.core))
        return answer

    def refuted(
        self,
        formulas: Sequence[Term],
        also: tuple[str, ...] = (),
        again: Callable[[Case], Refuted] | None = None,
    ) -> Refuted:
        """The proof that none of the formulas can be true on any run."""
        return Refuted(b.or_(*formulas), self.over.assumptions, also, again)

    def scripts(self, execution: Execution, answer: solver.Sat) -> Iterator[dict[tuple[object, ...], object]]:
        """The model as answers of the last of a sequence of runs that has just this one: with plainer values first, then as it is."""
        tried: list[object] = []
        for plain in (LOOKS, PLACES, frozenset[str]()):
            found = script(execution, answer.model, plain=plain)
            if found not in tried:
                tried.append(found)
                yield {(0, *key): value for key, value in found.items()}


def contradiction(prover: Prover, core_names: Sequence[str]) -> str | None:
    """The contracts of one call that no value satisfies, if such contracts were used."""
    execution, program, solve = prover.over, prover.case.program, prover.case.analysis.solve
    if isinstance(solve(b.TRUE, execution.assumptions, None), solver.Unsat):
        return "the assumptions contradict each other"
    if TYPED in core_names and (empty := _empty_type(prover)) is not None:
        return f"no value is of the type `{types.show(empty)}`"
    answers = _contracts(prover.case.workflow)
    for event in execution.events:
        own = answers.get(event.site, frozenset())
        if event.tool is not None:
            own = frozenset(c.name for c in program.tools[event.tool].ensures)
        if not event.certain or not own & set(core_names):
            continue
        rest = [(name, term) for name, term in execution.assumptions if name not in own]
        with_them = solve(event.returned, execution.assumptions, None)
        if isinstance(with_them, solver.Unsat) and not isinstance(
            solve(event.returned, rest, None), solver.Unsat
        ):
            return f"no result satisfies {', '.join(f'`{n}`' for n in sorted(own & set(with_them.core)))} together"
    return None


def _contracts(workflow: core.Workflow) -> dict[str, frozenset[str]]:
    """By site: the names of what is assumed of the answers of models and agents."""
    asked = (s for s in statements(workflow.body) if isinstance(s, core.Llm | core.Agent))
    return {s.id: frozenset(c.name for c in s.ensures) for s in asked}


def _empty_type(prover: Prover) -> types.Type | None:
    """A type of an answer or a parameter that has no value."""
    notes = Notes(prover.case.program, prefix="type.")
    seen: list[types.Type] = []
    for type_ in _types(prover.case):
        if type_ in seen:
            continue
        seen.append(type_)
        value = fresh(type_, "value", notes)
        if isinstance(prover.case.analysis.solve(conforms(value, type_, notes), (), None), solver.Unsat):
            return type_
    return None


def _types(case: Case) -> Iterator[types.Type]:
    yield from (p.type for p in case.workflow.parameters)
    for act in case.acts("call"):
        yield case.program.tools[act.subject or ""].result
    for statement in statements(case.workflow.body):
        match statement:
            case core.Llm() | core.Agent() | core.Ask() | core.Receive() | core.Recall():
                yield statement.type
            case core.ReleaseCall(release=release):
                yield case.program.releases[release].result
            case _:
                pass
