"""Whether some run of a workflow shows given events, in that order: asked of the prover as a rule that forbids the last of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from wfcheck.checker.obligation import Limits
from wfcheck.checker.result import Result, Verdict
from wfcheck.checker.tasks import Selection, check_program
from wfcheck.dsl import core
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import BOOL, INT

STAGE = "events so far"
RULE = "the events in order"


def reach(
    program: core.Program, workflow: str, events: Sequence[core.EventPattern], limits: Limits | None = None
) -> Result:
    """VIOLATED with a run that shows the events; PROVED or VACUOUS if no run does; anything else is undecided.

    All of them are of one run. An earlier event counts once it returned, the last one as soon as it is tried."""
    last = events[-1]
    body = core.Forbid(last, None, events[0] if len(events) == 2 else None, None, None)
    registers = dict(program.registers)
    if len(events) > 2:
        registers[STAGE] = _stages(events[:-1], last.span)
        body = attrs.evolve(body, condition=_stage_is(len(events) - 1, last.span))
    alone = attrs.evolve(program.workflows[workflow], once_per_session=True)
    workflows = {**program.workflows, workflow: alone}
    asked = attrs.evolve(
        program,
        workflows=workflows,
        registers=registers,
        rules=(_rule(body, workflow, program, last.span),),
        tests=(),
    )
    checked = check_program(asked, selection=Selection((RULE,), workflow), limits=limits)
    for _, error in checked.errors:
        raise error
    return checked.results[0]


def reachable(result: Result) -> bool | None:
    """What the answer says; None: it was not decided."""
    match result.verdict:
        case Verdict.VIOLATED:
            return True
        case Verdict.PROVED | Verdict.VACUOUS:
            return False
        case _:
            return None


def shared_binders(events: Sequence[core.EventPattern]) -> frozenset[str]:
    """Binders that two of the events name."""
    seen: set[str] = set()
    twice: set[str] = set()
    for event in events:
        names = set(_binders(event))
        twice |= names & seen
        seen |= names
    return frozenset(twice)


def _binders(event: core.EventPattern) -> Iterator[str]:
    for choice in event.choices:
        yield from (test.name for _, test in choice.tests if isinstance(test, core.Bind))


def _stages(events: Sequence[core.EventPattern], span: Span) -> core.Register:
    """How many of the events came, each after the one before it. The last first: one event is one stage at the most."""
    updates = [
        core.RegisterUpdate(
            event, None, None, _stage_is(number, span), None, _number(number + 1, span), span=span
        )
        for number, event in enumerate(events)
    ]
    return core.Register(STAGE, INT, _number(0, span), tuple(reversed(updates)), span=span)


def _number(value: int, span: Span) -> core.Expr:
    return core.Literal(value, INT, span=span)


def _stage_is(number: int, span: Span) -> core.Expr:
    stage = core.Variable(STAGE, "register", INT, span=span)
    return core.Apply("==", (stage, _number(number, span)), BOOL, span=span)


def _rule(body: core.Forbid, workflow: str, program: core.Program, span: Span) -> core.Rule:
    file = program.workflows[workflow].file
    return core.Rule(RULE, body, False, (workflow,), None, {}, None, False, file, span=span)
