"""Which moments end a streak of `limit consecutive (E)`: calls that do not match, each at the moment at which that is known.

The definition is that of the reference evaluator: a pattern over outcomes (`fail(t)`, `deny(t)`, `step(s)`) knows it only when the call
has come to its end, unless the call is of another tool."""

from __future__ import annotations

from wfcheck.checker.product.monitors.form import Setting
from wfcheck.checker.product.monitors.moments import Moment
from wfcheck.checker.product.monitors.slots import Holding
from wfcheck.checker.rules.symbolic_match import Truth, both, either
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver.term import Term

_OUTCOMES = frozenset({"fail", "deny", "step"})


def ends_streak(setting: Setting, body: core.Limit, moment: Moment, counts: Truth, before: Holding) -> Term:
    """That the moment surely ends a streak that it does not add to. `counts`: whether it counts, with any key."""
    choices, tool = body.event.choices, moment.event.tool
    another = counts.sure
    outcome = b.and_(moment.happens, b.not_(counts.maybe))
    match moment.kind:
        case "call" if not _about(choices, _OUTCOMES | {"approve"}, tool):
            return b.or_(another, outcome)
        case "result" | "fail" if _about(choices, _OUTCOMES, tool):
            attempt = Moment("call", moment.event, moment.event.guard)
            return b.or_(another, b.and_(outcome, b.not_(_counts(setting, body, attempt, before).maybe)))
        case "deny" if any(choice.kind == "deny" for choice in choices):
            return b.or_(another, outcome)
        case _:
            return another


def _counts(setting: Setting, body: core.Limit, moment: Moment, before: Holding) -> Truth:
    matching = setting.matching
    return either(
        both(match.truth, setting.registers.holds(body.condition, moment, env, before))
        for match in matching.matches(body.event, moment, evidence=False)
        for env in (matching.environment(moment, match.binders),)
    )


def _about(choices: tuple[core.EventChoice, ...], kinds: frozenset[str], tool: str | None) -> bool:
    """Whether an event of these kinds about the tool may match."""
    return any(
        c.kind in kinds and (c.kind == "step" or not c.subjects or tool in c.subjects) for c in choices
    )
