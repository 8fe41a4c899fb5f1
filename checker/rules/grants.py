"""`builtin.grants`: a call is allowed only if everybody who has a say in it is granted it.

Who acts, and on whose behalf; and every principal whose influence is in the call: what it said may have shaped the arguments, or
decided that the call is made (Hardy, The confused deputy, 1988). A principal without any `allow` line is not restricted. Reported where
an agent may use tools under a principal with grants, or where such a principal has influence on a call that others make."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import attrs

from wfcheck.checker.explanation import trail
from wfcheck.checker.labels.state import Act
from wfcheck.checker.obligation import (
    COMPLETE_MEDIATION,
    UNCONFIRMED,
    Case,
    Finding,
    Script,
    possible,
    proved,
    unknown,
)
from wfcheck.checker.proof import Inspected, Refuted
from wfcheck.checker.reference.evaluate import judged
from wfcheck.checker.reference.log import Log
from wfcheck.checker.reference.matching import Matcher as Naive
from wfcheck.checker.result import Verdict
from wfcheck.checker.rules.continuing import obstacle
from wfcheck.checker.rules.enforced import GUARD
from wfcheck.checker.rules.prove import Prover, contradiction
from wfcheck.checker.rules.symbolic_match import Matcher, both
from wfcheck.checker.search import guided
from wfcheck.checker.symbolic.execution import Execution, SymbolicEvent
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver import verdict as solver
from wfcheck.solver.term import Term


@attrs.frozen
class Duty:
    """At `act`, `body` has to grant the call to `principal`. `acting`: it is one of those that act."""

    act: Act
    principal: str
    body: core.Allow
    acting: bool


def check(case: Case) -> Finding | None:
    """None where nobody's grants have a bearing on a call."""
    duties = _duties(case)
    if not any(duty.act.choice or not duty.acting for duty in duties):
        return None
    left = [duty for duty in duties if not _plainly(duty)]
    if not left:
        return proved(proof=Inspected("labels", lambda other: all(map(_plainly, _duties(other)))))
    if case.workflow.guarded and all(_deniable(case, duty) for duty in left):
        names = (GUARD, COMPLETE_MEDIATION, "tool-effects", "llm-context", "source-labels")
        return Finding(Verdict.ENFORCED, assumptions=names)
    return _on_paths(case, left)


def _duties(case: Case) -> list[Duty]:
    """By call and principal: whose grants are asked for."""
    bodies = [
        rule.body
        for rule in case.program.rules
        if isinstance(rule.body, core.Allow) and case.workflow.symbol in rule.workflows
    ]
    table = case.analysis.labelling.table
    found = []
    for act in case.acts("call"):
        influence = act.decision | act.shown
        for body in bodies:
            acting = body.principal in act.actors
            if acting or influence & table.mask((body.principal,)):
                found.append(Duty(act, body.principal, body, acting))
    return found


def _plainly(duty: Duty) -> bool:
    """A grant covers every such call, whatever its arguments."""
    return any(
        choice.kind == "call"
        and duty.act.subject in choice.subjects
        and not choice.tests
        and not choice.result
        for grant in duty.body.grants
        if grant.condition is None
        for choice in grant.event.choices
    )


def _deniable(case: Case, duty: Duty) -> bool:
    """Whether a guard denies the call before it happens, and the run has an end all the same."""
    region, mask = case.labels.act(duty.act.node), case.analysis.labelling.table.mask((duty.principal,))
    if not duty.act.choice or region is None or (not duty.acting and region.decision & mask):
        return False
    return obstacle(case.program, case.workflow, duty.act.node) is None


def _on_paths(case: Case, duties: Sequence[Duty]) -> Finding:
    """Whether some path comes to a call that is not granted, with the influence of whom it is not granted to."""
    prover = _prover(case, duties)
    formulas = _ungranted(case, prover.over, duties)
    match prover.decide(prover.over, formulas):
        case solver.Unsat(core=names):
            if (why := contradiction(prover, names)) is not None:
                return Finding(Verdict.INCONSISTENT, reason=why, assumptions=names)
            return proved(*names, proof=prover.refuted(formulas, again=_question))
        case solver.Sat():
            mine = _first(case, prover, duties)
            return _open(case, _prover(case, mine), mine)
        case solver.Unknown(reason=why):
            return attrs.evolve(unknown(f"the solver gave up: {why}"), span=duties[0].act.span)


def _question(case: Case) -> Refuted:
    """The formula that is satisfiable if a call may not be granted."""
    left = [duty for duty in _duties(case) if not _plainly(duty)]
    prover = _prover(case, left)
    return prover.refuted(_ungranted(case, prover.over, left))


def _first(case: Case, prover: Prover, duties: Sequence[Duty]) -> list[Duty]:
    """The duties to the first principal that some path breaks."""
    for principal in _principals(duties):
        mine = [duty for duty in duties if duty.principal == principal]
        if not isinstance(
            prover.decide(prover.over, _ungranted(case, prover.over, mine, duties)), solver.Unsat
        ):
            return mine
    return list(duties)


def _principals(duties: Sequence[Duty]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(duty.principal for duty in duties))


def _prover(case: Case, duties: Sequence[Duty]) -> Prover:
    """With one query for the influence of each principal."""
    table = case.analysis.labelling.table
    return Prover(case, tuple(table.mask((principal,)) for principal in _principals(duties)))


def _ungranted(
    case: Case, execution: Execution, duties: Sequence[Duty], asked: Sequence[Duty] | None = None
) -> list[Term]:
    """When a call that one of the duties is about is not granted. `asked`: the duties whose principals the execution asks for."""
    matcher = Matcher(case.program, execution.notes)
    place = {principal: i for i, principal in enumerate(_principals(asked or duties))}
    found = []
    for duty in duties:
        query = place[duty.principal]
        for event in execution.events:
            here = (event.site, event.choice, event.kind) == (duty.act.node, duty.act.choice, "call")
            if here and event.certain:
                influenced = (
                    b.TRUE if duty.acting else b.or_(*(bits[query] for bits in event.taints.values()))
                )
                covered = _covered(matcher, duty.body, event)
                found.append(b.and_(event.guard, influenced, b.not_(covered)))
    return found


def _covered(matcher: Matcher, body: core.Allow, event: SymbolicEvent) -> Term:
    found = []
    for grant in body.grants:
        for match in matcher.matches(_by_anyone(grant.event), event, evidence=False):
            when = matcher.holds(grant.condition, event, match.binders)
            found.append(b.or_(b.not_(event.guard), both(match.truth, when).sure))
    return b.or_(*found)


def _by_anyone(pattern: core.EventPattern) -> core.EventPattern:
    choices = tuple(attrs.evolve(choice, by=None) for choice in pattern.choices)
    return core.EventPattern(choices, span=pattern.span)


# ---------------------------------------------------------------- runs


def _open(case: Case, prover: Prover, duties: Sequence[Duty]) -> Finding:
    duty = duties[0]
    mask = case.analysis.labelling.table.mask((duty.principal,))
    text = f"`{duty.principal}` is not granted `{duty.act.subject}`"
    told = text if duty.acting else f"{text}, and may have a say in it"
    steps = trail(case.analysis.labelling, case.workflow, case.labels).steps(duty.act, told, mask)
    finding = possible(told if steps else UNCONFIRMED, path=() if duty.acting else steps)
    help_ = f"grant `{duty.act.subject}` to `{duty.principal}`, or keep what it says out of the call"
    starts = _starts(case, prover, duties, mask)
    return attrs.evolve(finding, span=duty.act.span, help=help_, starts=starts, judge=_judge(case, duties))


def _starts(case: Case, prover: Prover, duties: Sequence[Duty], mask: int) -> Iterator[Script]:
    wanted = () if all(duty.acting for duty in duties) else (mask,)
    yield from guided.scripts(case, [duty.act for duty in duties], *wanted)
    for execution in prover.exact():
        answer = prover.decide(execution, _ungranted(case, execution, duties))
        if isinstance(answer, solver.Sat):
            yield from prover.scripts(execution, answer)


def _judge(case: Case, duties: Sequence[Duty]) -> Callable[[Sequence[Event]], int | None]:
    """The first call of a run that is not granted to whom it should be, by definition."""

    def judge(events: Sequence[Event]) -> int | None:
        matcher = Naive(Log(case.program, list(events)), False)
        for index, event in enumerate(events):
            if event.kind == "call" and any(_breaks(matcher, index, event, duty) for duty in duties):
                return event.seq
        return None

    return judge


def _breaks(matcher: Naive, index: int, event: Event, duty: Duty) -> bool:
    line = event.source.line if event.source is not None else 0
    tags = {tag for given in (event.argument_labels or {}).values() for tag in given}
    asked = duty.acting or duty.principal in tags
    if not asked or event.tool != duty.act.subject or line != duty.act.span.line:
        return False
    return all(
        matcher.holds(_by_anyone(grant.event), index, evidence=False) is False
        or judged(grant.condition, matcher.environment(index, {})) is False
        for grant in duty.body.grants
    )
