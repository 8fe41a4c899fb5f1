"""`forbid flow SRC -> DST`: the labels decide it, or show where a run has to be searched for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from wfcheck.checker.explanation import shown_by, trail
from wfcheck.checker.labels.analysis import WorkflowLabels
from wfcheck.checker.labels.table import VirtualSource
from wfcheck.checker.obligation import (
    NO_RUN,
    Analysis,
    Case,
    Finding,
    Script,
    possible,
    proved,
    silence,
    unknown,
    vacuous,
)
from wfcheck.checker.proof import Inspected, Refuted
from wfcheck.checker.result import PathStep, Verdict
from wfcheck.checker.rules import ends
from wfcheck.checker.rules.prove import Prover, contradiction
from wfcheck.checker.rules.symbolic_match import Matcher
from wfcheck.checker.search import guided
from wfcheck.checker.sharing import reaching, touched
from wfcheck.checker.symbolic.execution import Execution, SymbolicEvent
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.dsl.walk import statements
from wfcheck.solver import build as b
from wfcheck.solver import verdict as solver
from wfcheck.solver.term import Term


def virtual_sources(program: core.Program, rule: core.Rule) -> tuple[VirtualSource, ...]:
    """The sources of a flow rule that need a bit of their own; none for other rules."""
    if not isinstance(rule.body, core.Flow):
        return ()
    try:
        return ends.sources(program, rule.body.sources, rule.body.except_via).virtual
    except ends.UnsupportedEndError:
        return ()


def check(case: Case, body: core.Flow) -> Finding:
    """Cleared by the labels, or the path that they admit."""
    try:
        return _check(case, body)
    except ends.UnsupportedEndError as unsupported:
        return unknown(f"this version does not yet prove this flow rule: {unsupported}")


def _check(case: Case, body: core.Flow) -> Finding:
    labels, wanted = _labels(case.analysis, case.workflow, body), _wanted(case, body)
    found = _sinks(case, labels, body)
    if not found:
        return vacuous("nothing in the workflow reaches the end of the flow")
    _refuse_own_arguments(body, found)
    if not any(_labels(case.analysis, w, body).introduced & wanted for w in _reaching(case)):
        return vacuous(
            "nothing in the workflow, or in what reaches it through stores, is a source of the flow"
        )
    suspects = [s for s in found if s.label & wanted and _steered(case, body, s)]
    if not suspects:
        return proved(proof=Inspected("labels", lambda other: _clear(other, body)))
    return _on_paths(case, body, labels, suspects, wanted)


def _wanted(case: Case, body: core.Flow) -> int:
    """The bits of the sources; raises UnsupportedEndError."""
    found = ends.sources(case.program, body.sources, body.except_via)
    return found.mask(case.analysis.labelling.table, body.except_via)


def _clear(case: Case, body: core.Flow) -> bool:
    """The labels clear every end."""
    try:
        return not undecided(case, body)[0]
    except ends.UnsupportedEndError:
        return False


def undecided(case: Case, body: core.Flow) -> tuple[list[ends.Sink], int]:
    """The sinks that the labels do not clear, and the bits of the sources; raises UnsupportedEndError."""
    wanted = _wanted(case, body)
    found = _sinks(case, _labels(case.analysis, case.workflow, body), body)
    _refuse_own_arguments(body, found)
    return [s for s in found if s.label & wanted and _steered(case, body, s)], wanted


def cleared(case: Case, body: core.Flow, suspects: list[ends.Sink], wanted: int) -> tuple[str, ...] | None:
    """The assumptions under which no path brings anything to these sinks; None where one may."""
    if not suspects:
        return ()
    prover = Prover(case, (wanted, _influence(case, body)), body.explicit)
    answer = prover.decide(prover.over, [f for s in suspects for f in _arrivals(case, body, prover.over, s)])
    if not isinstance(answer, solver.Unsat) or contradiction(prover, answer.core) is not None:
        return None
    return answer.core


def _influence(case: Case, body: core.Flow) -> int:
    if body.influence is None:
        return 0
    return case.analysis.labelling.table.stands_for(body.influence, body.except_via)


def _refuse_own_arguments(body: core.Flow, found: list[ends.Sink]) -> None:
    """An argument of the very call that is the end of the flow: neither labels nor terms mark what has not yet been passed."""
    named = {(e.tool, e.argument) for e in body.sources if isinstance(e, core.ArgumentEnd)}
    for sink in found:
        if any((sink.act.subject, argument) in named for argument in sink.arguments):
            raise ends.UnsupportedEndError(f"one call of `{sink.act.subject}` is its source and its end")


def _sinks(case: Case, labels: WorkflowLabels, body: core.Flow) -> list[ends.Sink]:
    """Every place where the flow may end; raises UnsupportedEndError. What lies at a channel is looked up once for all rules."""

    def at(end: core.FlowEnd) -> list[ends.Sink]:
        return ends.sinks(case.program, labels, end, implicit=not body.explicit)

    found: list[ends.Sink] = []
    for end in body.sinks:
        if isinstance(end, core.ChannelEnd):
            key = ("sinks", case.workflow.symbol, body.explicit, end.channels)
            found += case.analysis.once(key, lambda end=end: at(end))  # type: ignore[misc]
        else:
            found += at(end)
    return found


def _reaching(case: Case) -> tuple[core.Workflow, ...]:
    known = case.analysis.once(("touched",), lambda: touched(case.program))
    key = ("reaching", case.workflow.symbol)
    return case.analysis.once(key, lambda: reaching(case.program, case.workflow, known))


def _on_paths(
    case: Case, body: core.Flow, labels: WorkflowLabels, suspects: list[ends.Sink], wanted: int
) -> Finding:
    """The labels could not clear it: is there a path on which the value arrives?"""
    influence = _influence(case, body)
    prover = Prover(case, (wanted, influence), body.explicit)
    formulas = [f for s in suspects for f in _arrivals(case, body, prover.over, s)]
    answer = prover.decide(prover.over, formulas)
    if isinstance(answer, solver.Unsat):
        if (why := contradiction(prover, answer.core)) is not None:
            return Finding(Verdict.INCONSISTENT, reason=why, assumptions=answer.core)
        return proved(
            *answer.core, proof=prover.refuted(formulas, again=lambda other: _question(other, body))
        )
    path = explain(case, labels, suspects[0], wanted, influence)
    starts = _starts(case, body, prover, suspects, (wanted, influence))

    def account(run: Sequence[Event]) -> tuple[str, tuple[PathStep, ...]] | None:
        there = next((s for s in suspects if _is_at(s, run[-1])), None)
        if there is None:
            return None
        table, steering = case.analysis.labelling.table, _steering(case, there) & influence
        marks = shown_by(table, run[-1], there.label & wanted), shown_by(table, run[-1], steering)
        return _reason(case, there, *marks), explain(case, labels, there, *marks, run=run)

    if isinstance(answer, solver.Unknown):
        gave_up = unknown(f"the solver gave up: {answer.reason}")
        return attrs.evolve(gave_up, path=path, starts=starts, account=account)
    found = possible(NO_RUN, path=path, notes=silence(case))
    return attrs.evolve(found, starts=starts, account=account)


def _question(case: Case, body: core.Flow) -> Refuted:
    """The formula that is satisfiable if a source may arrive, whatever the labels say."""
    suspects, wanted = undecided(case, body)
    prover = Prover(case, (wanted, _influence(case, body)), body.explicit)
    return prover.refuted([f for s in suspects for f in _arrivals(case, body, prover.over, s)])


def _arrivals(case: Case, body: core.Flow, execution: Execution, sink: ends.Sink) -> list[Term]:
    """One formula per event at the sink; true where nothing shows when it happens."""
    matcher = Matcher(case.program, execution.notes)
    here = [e for e in execution.events if (e.site, e.choice) == (sink.act.node, sink.act.choice)]
    kinds = ("approve", "deny") if sink.act.kind == "approve" else (sink.act.kind,)
    events = [e for e in here if e.kind in kinds and e.certain]
    if not events or sink.act.kind == "agent" or _denials_steer(case):
        return [b.TRUE]
    table = case.analysis.labelling.table
    approvals = sink.label & table.approval_marks(table.every_tag) != 0 and "approve" not in body.except_via
    blind = approvals or sink.read & _wanted(case, body) != 0
    steered = sink.read & _influence(case, body) != 0
    return [_arrival(matcher, body, event, sink, blind, steered) for event in events]


def _denials_steer(case: Case) -> bool:
    """Whether a call that a guard denies may lead to a handler: no term says what decided that."""
    retries = any(isinstance(s, core.Retry) for s in statements(case.workflow.body))
    return case.workflow.guarded and retries


def _arrival(
    matcher: Matcher, body: core.Flow, event: SymbolicEvent, sink: ends.Sink, blind: bool, surely: bool
) -> Term:
    """`blind`: the label rests on approvals, whose residue stands for all that was shown before, or on what a tool read: not told
    apart by path. `surely`: what it read steers, too."""
    names = (*sink.arguments, *(() if body.explicit else ("",)))
    carried = (
        b.TRUE if blind else b.or_(*(event.taints[n][0] if n in event.taints else b.TRUE for n in names))
    )
    steered = b.or_(*(bits[1] for bits in event.taints.values()))
    # What decided counts, too, and has no label in an explicit execution.
    if body.influence is None or body.explicit or surely:
        steered = b.TRUE
    there = matcher.holds(sink.when, event, {}).maybe
    if sink.choice is not None:
        pattern = core.EventPattern((sink.choice,), span=sink.choice.span)
        there = b.and_(there, matcher.any_match(pattern, event, evidence=False).maybe)
    return b.and_(event.guard, there, carried, steered)


def _starts(
    case: Case, body: core.Flow, prover: Prover, suspects: list[ends.Sink], wanted: tuple[int, int]
) -> Iterator[Script]:
    """Led runs; runs that the solver found; led runs with what the solver found for the workflow around the agents."""
    yield from guided.scripts(case, [s.act for s in suspects], *wanted)
    for execution in prover.exact():
        for sink in suspects:
            formulas = _arrivals(case, body, execution, sink)
            answer = prover.decide(execution, formulas)
            if isinstance(answer, solver.Sat):
                for found in prover.scripts(execution, answer):
                    yield found
                    yield from (
                        guided.merged(led, found) for led in guided.scripts(case, [sink.act], *wanted)
                    )


def _labels(analysis: Analysis, workflow: core.Workflow, body: core.Flow) -> WorkflowLabels:
    labelling = analysis.explicit if body.explicit else analysis.labelling
    return labelling.workflows[workflow.symbol]


def _steered(case: Case, body: core.Flow, sink: ends.Sink) -> bool:
    """`when influence meets SET`: of all arguments and of what decided, data alone or not."""
    if body.influence is None:
        return True
    table = case.analysis.labelling.table
    known = case.labels.acts[sink.act.node, sink.act.choice]
    return bool(
        (known.shown | known.decision | sink.read) & table.stands_for(body.influence, body.except_via)
    )


def _is_at(sink: ends.Sink, event: Event) -> bool:
    """Whether the event is one of those at the sink."""
    there = event.tool or event.store or event.step
    line = None if event.source is None else event.source.line
    return event.kind == sink.act.kind and sink.act.subject in (None, there) and line == sink.act.span.line


def _reason(case: Case, sink: ends.Sink, wanted: int, influence: int) -> str:
    """What arrives where, in one sentence."""
    text = f"{_tag(case, sink.label & wanted)} reaches {sink.name}"
    steering = _steering(case, sink) & influence
    return f"{text}, steered by {_tag(case, steering)}" if steering else text


def _tag(case: Case, mask: int) -> str:
    """One of the tags of a mask: the one whose way is shown."""
    named = case.analysis.labelling.table.symbols(mask & -mask)
    return f"`{named[0]}`" if named else "the source"


def _steering(case: Case, sink: ends.Sink) -> int:
    known = case.labels.acts[sink.act.node, sink.act.choice]
    return known.shown | known.decision


def explain(
    case: Case,
    labels: WorkflowLabels,
    sink: ends.Sink,
    wanted: int,
    influence: int = 0,
    run: Sequence[Event] = (),
) -> tuple[PathStep, ...]:
    """The path of one offending bit to one sink, and where what steers it comes from; in a run, if there is one."""
    labelling = case.analysis.labelling
    found = trail(labelling, case.workflow, labels, run)
    way = found.steps(sink.act, f"reaches {sink.name}", sink.label & wanted)
    steering = _steering(case, sink) & influence
    if not steering or len(way) < 2:
        return way
    source = trail(labelling, case.workflow, case.labels, run).origin(sink.act, steering, "influence")
    if source is None:
        return way
    told = attrs.evolve(source, text=f"steered by {_tag(case, steering)}: {source.text}")
    after = next((i for i, step in enumerate(way) if step.edge not in ("source", "data")), len(way) - 1)
    return (*way[:after], told, *way[after:])
