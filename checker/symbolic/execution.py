"""Symbolic execution of one workflow: every event with the condition under which it happens, its arguments and its labels.

States are merged at joins, no path is enumerated: the cost is linear in the statements (an exact loop counts as often as it is
unrolled). In mode `Over` the execution covers all runs, so that an unsatisfiable `guard and violation` at every event proves a rule;
in mode `Unroll` a model is turned into a script for the reference interpreter, which judges it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from wfcheck.checker.encoding.encoded import Notes
from wfcheck.checker.labels.analysis import Labelling
from wfcheck.checker.labels.table import USER
from wfcheck.checker.labels.worst import SOURCE_LABELS
from wfcheck.checker.symbolic.records import Records
from wfcheck.checker.symbolic.regions import parameter_taint, promise
from wfcheck.checker.symbolic.script import answers
from wfcheck.checker.symbolic.state import Mode, Over, Question, SymbolicEvent, Unroll, Walk
from wfcheck.checker.symbolic.statements import run
from wfcheck.checker.symbolic.taint import Taint, always, union
from wfcheck.checker.symbolic.value import NONE
from wfcheck.dsl import core
from wfcheck.dsl.core import NodeId
from wfcheck.solver import build as b
from wfcheck.solver.evaluate import Model
from wfcheck.solver.term import Term

__all__ = ["Execution", "Over", "SymbolicEvent", "Unroll", "execute", "script"]


@attrs.frozen(slots=False)
class Execution:
    """All events in program order. `assumptions` hold on every run that is covered; their names may repeat. `over`: every run is
    covered. `abstracted`: what models may get wrong, in words. `complete`: when the end of the workflow is reached.
    `notes`: hand it to `encode.condition` for conditions over the events, so that fresh symbols stay apart. `records`: what the
    workflow owes, and where control goes."""

    program: core.Program
    workflow: core.Workflow
    events: tuple[SymbolicEvent, ...]
    assumptions: tuple[tuple[str, Term], ...]
    questions: tuple[Question, ...]
    complete: Term
    over: bool
    notes: Notes
    records: Records = attrs.field(factory=Records, repr=False)

    @property
    def abstracted(self) -> tuple[str, ...]:
        """What was abstracted so far."""
        return tuple(self.notes.abstracted)

    @property
    def plain(self) -> tuple[Term, ...]:
        """Wishes for `solve`: nothing fails, nobody refuses, few calls are made; most wanted first."""
        calls = [e for e in self.events if e.kind == "call"]
        fine = b.and_(*(b.implies(e.guard, e.returned) for e in calls))
        granted = b.and_(*(b.not_(e.guard) for e in self.events if e.kind == "deny"))
        return (fine, granted, *(b.not_(e.guard) for e in calls[:12]))

    @property
    def exact(self) -> bool:
        """Every model of the assumptions is a run."""
        return not self.over and not self.notes.abstracted


def execute(
    program: core.Program,
    workflow: core.Workflow,
    labelling: Labelling,
    queries: tuple[int, ...] = (),
    *,
    mode: Mode | None = None,
    prefix: str = "",
    lemmas: frozenset[tuple[NodeId, str]] = frozenset(),
) -> Execution:
    """Execute a workflow. `queries`: masks of the labelling's table; each event says of each argument whether it carries a tag of
    each mask. The default mode is `Over`. `prefix` keeps the symbols of executions apart that meet in one formula. `lemmas`: invariants
    of loops that were proved, by loop and name: they are assumed wherever a round may start."""
    chosen = Over() if mode is None else mode
    walk = Walk(
        program,
        labelling,
        labelling.workflows[workflow.symbol],
        queries,
        _relevant(labelling, queries),
        chosen,
        Notes(program, prefix),
        (workflow.principal or USER,),
        lemmas=lemmas,
    )
    start(walk, workflow)
    walk.records.promises.append(("", workflow.ensures))
    end = run(walk, workflow.body, b.TRUE)
    promise(walk, end, NONE, workflow.span)
    complete = b.or_(end, *(guard for guard, _, _ in walk.returned[0]))
    walk.emit("end", workflow, b.or_(complete, *walk.records.stops), {}, {})
    return Execution(
        program,
        workflow,
        tuple(walk.events),
        tuple(walk.assumptions),
        tuple(walk.questions),
        complete,
        walk.over,
        walk.notes,
        walk.records,
    )


def _relevant(labelling: Labelling, queries: tuple[int, ...]) -> int:
    """The bits to follow: those asked for; all, if an approval's mark is (it stands for the secrecy of what was shown)."""
    asked = 0
    for query in queries:
        asked |= query
    table = labelling.table
    marks = table.approval_marks(table.every_tag)
    every = 0
    for bit in table.bits.values():
        every |= bit
    return every if asked & marks else asked


def start(walk: Walk, workflow: core.Workflow) -> None:
    """Bind the parameters; what is assumed of them and of the environment; what the user put in."""
    table = walk.labelling.table
    for parameter in workflow.parameters:
        value = walk.oracle(parameter.type, parameter.name, b.TRUE)
        bits = table.every_tag if parameter.sources is None else table.mask(parameter.sources)
        given = Taint(union(always(bits & walk.keep), walk.doubt(SOURCE_LABELS)))
        taint = parameter_taint(walk, workflow.symbol, parameter.name, given)
        walk.ask("parameter", parameter.name, b.TRUE, value, parameter.type)
        walk.assign(parameter.name, value, taint)
        if parameter.sources is None or USER in parameter.sources:
            walk.emit(
                "input", workflow, b.TRUE, {"text": value}, {"text": taint},
                subject=USER, result=value, actors=(USER,),
            )  # fmt: skip
    names = {("argument", p.name): walk.env["local", p.name] for p in workflow.parameters}
    walk.ensure(workflow.requires, b.TRUE, names)
    for assumption in walk.program.assumptions:
        walk.assume(assumption.name, b.TRUE, walk.truth(assumption.condition).possible)


def script(
    execution: Execution, model: Model, *, plain: frozenset[str] = frozenset()
) -> Mapping[tuple[Any, ...], Any]:
    """The answers of a `ScriptedOracle` that make the interpreter follow the model (mode Unroll)."""
    return answers(execution.program, execution.questions, model, plain=plain)
