"""Runs a workflow on an oracle, slowly and by definition, and says what happened.

Every event carries dynamic labels: `labels` of the value that it brings or shows, `argument_labels` of each argument and, under
the empty name, of the decision to act. For a run they are what semantics says of one run: the labels of what was read, the pc
labels of the decisions taken, and those of the arms not taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from wfcheck.checker.reference import sides
from wfcheck.checker.reference.codec import encode
from wfcheck.checker.reference.control import block
from wfcheck.checker.reference.log import Trees
from wfcheck.checker.reference.machine import (
    AbnormalError,
    At,
    Breach,
    Cell,
    Machine,
    NotARunError,
    Outcome,
    OutOfFuelError,
    ReturnError,
    StopRunError,
    ToolFailureError,
    text_of,
)
from wfcheck.checker.reference.marks import Marks
from wfcheck.checker.reference.memory import Memory
from wfcheck.checker.reference.oracle import Oracle
from wfcheck.checker.reference.trampoline import finish
from wfcheck.checker.reference.values import NOTHING, Label, Labelled, build, plain, raised, total
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.dsl.source import Span
from wfcheck.dsl.values.operators import EvaluationError

__all__ = ["Breach", "Memory", "NotARunError", "Run", "Sessions", "run", "run_sessions"]

FUEL = 10_000


@attrs.frozen
class Run:
    """One run. `reason`: of a stop or an abnormal end. `result`: what the workflow returned. `breaches`: contracts that the run
    broke, with the index of the event; those of rule `assumption` leave the model of a proof. `memory`: what the next run over
    the same stores starts from (shared, it goes on changing). `trees`: the arguments of each call with a label at every part."""

    outcome: Outcome
    reason: str | None
    events: tuple[Event, ...]
    result: Labelled | None
    variables: dict[str, Labelled]
    breaches: tuple[Breach, ...]
    memory: Memory
    trees: Trees = attrs.field(factory=dict, repr=False)

    @property
    def complete(self) -> bool:
        """The run stopped or returned."""
        return self.outcome in ("completed", "stopped")


def run(
    program: core.Program,
    workflow: core.Workflow,
    oracle: Oracle,
    *,
    memory: Memory | None = None,
    name: str = "r1",
    session: str | None = None,
    trace: str = "",
    first: int = 0,
    fuel: int = FUEL,
    explicit: bool = False,
    ends: Iterable[core.FlowEnd] = (),
) -> Run:
    """Run `workflow` once. `fuel` bounds its statements and loop turns. `first` is the index of its first event. `explicit`:
    labels follow data only, not control. `ends`: flow ends that are no tags and are to be marked in the labels (see `marks`).
    Deterministic. Raises NotARunError when the oracle leaves the model."""
    m = Machine(
        program,
        workflow,
        oracle,
        Memory() if memory is None else memory,
        name,
        session,
        trace,
        fuel,
        explicit,
        Marks.of(ends),
        first,
    )
    at = At(NOTHING, workflow.principal or sides.USER, Cell())
    outcome, reason, result = _outcome(m, at)
    if outcome in ("completed", "stopped"):
        _end(m, at, reason, result, decision=outcome)
    elif outcome == "abnormal":
        _end(m, at, None, None, error=reason)
    return Run(outcome, reason, tuple(m.events), result, m.env, tuple(m.breaches), m.memory, m.trees)


def _outcome(m: Machine, at: At) -> tuple[Outcome, str | None, Labelled | None]:
    try:
        _start(m, at)
        finish(block(m, at, m.workflow.body))
    except StopRunError as stop:
        return "stopped", stop.reason, None
    except ReturnError as returned:
        return "completed", None, _returned(m, at, returned.value)
    except ToolFailureError:
        return "abnormal", "a call failed and nothing handled it", None
    except (AbnormalError, EvaluationError) as error:
        return "abnormal", str(error), None
    except OutOfFuelError:
        return "out-of-fuel", None, None
    return "completed", None, _returned(m, at, build(None))


def _returned(m: Machine, at: At, value: Labelled) -> Labelled:
    result = raised(value, m.pc(at))
    m.demand("builtin.ensures", m.workflow.ensures, {("result", "result"): result})
    return result


def _start(m: Machine, at: At) -> None:
    """A parameter has the tags of its `from {..}`, or every tag. What is from the user is an input."""
    for parameter in m.workflow.parameters:
        label = sides.every_tag(m.program) if parameter.sources is None else parameter.sources
        value = m.answer(m.oracle.parameter(parameter.name, parameter.type), parameter.type, label)
        value = m.marks.parameter(m.workflow.symbol, parameter.name, value)
        m.env[parameter.name] = value
        if sides.USER in label:
            _input(m, at, parameter, value)
    m.demand("assumption", m.workflow.requires, {("argument", k): v for k, v in m.env.items()})


def _input(m: Machine, at: At, parameter: core.Param, value: Labelled) -> None:
    m.emit(
        "input",
        at,
        _span(m, parameter),
        total(value),
        actor=sides.USER,
        to=at.actor,
        step=parameter.name,
        text=text_of(value),
        result=encode(plain(value)),
    )


def _span(m: Machine, parameter: core.Param) -> Span:
    return parameter.span or m.workflow.span


def _end(
    m: Machine,
    at: At,
    text: str | None,
    result: Labelled | None,
    decision: str | None = None,
    error: str | None = None,
) -> None:
    label: Label = NOTHING if result is None else total(result)
    value = None if result is None else encode(plain(result))
    m.emit("end", at, m.workflow.span, label, text=text, result=value, decision=decision, error=error)


@attrs.frozen
class Sessions:
    """Several runs one after another over the same stores. `events`: of all runs, numbered through."""

    runs: tuple[Run, ...]
    events: tuple[Event, ...]
    memory: Memory

    @property
    def trees(self) -> Trees:
        """The arguments of all calls, see `Run`."""
        return {number: parts for done in self.runs for number, parts in done.trees.items()}


def run_sessions(
    program: core.Program,
    entries: Sequence[tuple[core.Workflow, Oracle]],
    *,
    sessions: Sequence[str] | None = None,
    memory: Memory | None = None,
    trace: str = "",
    fuel: int = FUEL,
    explicit: bool = False,
    ends: Iterable[core.FlowEnd] = (),
) -> Sessions:
    """Run each workflow on its oracle, in sequence, over shared stores; the runs are named `r1`, `r2`, ... `sessions` names the
    session of each (each run is a session of its own when not given). What a store held at the start, the oracle of the run
    that first touches it says."""
    shared = Memory() if memory is None else memory
    names = sessions or [f"s{count}" for count in range(1, len(entries) + 1)]
    marked = tuple(ends)
    runs: list[Run] = []
    events: list[Event] = []
    for count, ((workflow, oracle), session) in enumerate(zip(entries, names, strict=True), start=1):
        done = run(
            program,
            workflow,
            oracle,
            memory=shared,
            name=f"r{count}",
            session=session,
            trace=trace,
            first=len(events),
            fuel=fuel,
            explicit=explicit,
            ends=marked,
        )
        runs.append(done)
        events.extend(done.events)
    return Sessions(tuple(runs), tuple(events), shared)
