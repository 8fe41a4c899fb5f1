"""What would follow from an attempt: invariants that its return breaks, and obligations that it leaves no way to meet."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

import attrs

from wfcheck.checker.conditions.compiled import UNKNOWN
from wfcheck.checker.replay.finding import insufficient, violated
from wfcheck.checker.replay.judge import scope_of
from wfcheck.checker.replay.memory import Ties, ties_of
from wfcheck.checker.replay.past import Past
from wfcheck.checker.replay.patterns import key_of
from wfcheck.checker.replay.sequence_rules import Debt, ResponseStepper
from wfcheck.checker.replay.view import View
from wfcheck.checker.replay.watch import Found, Watch
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core

_NUMBERS: Final = (int, Fraction, Decimal)
UNDER_WAY = "calls that are under way may return as well"
TOO_MANY = "too many calls are under way to tell what they come to together"
REMEMBERED = 20_000
"""So many calls of a run without an outcome are remembered as pending."""
MANY = 1_000
"""With so many of them in a session no call is allowed that changes what an invariant speaks of."""
EVERY = 6
"""Of so many calls under way every selection is looked at; of more, all of them, and those that raise or lower a register."""


def standing(watch: Watch, view: View) -> list[Found]:
    """The invariants that would not, or might not, hold after the event, or after the call returned or failed."""
    past = watch.run_past(view).past.copy()
    past.see(view)
    found = list(watch.invariant(view, past, past.of_run(view.run)))
    if view.kind != "call":
        return found
    for outcome in ("result", "fail"):
        after = past.copy()
        answer = returned(watch, view, outcome)
        after.see(answer)
        found += watch.invariant(answer, after, after.of_run(view.run))
    return found


def together(watch: Watch, view: View, pending: Pending) -> list[Found]:
    """The invariants that would not, or might not, hold once the call and those under way returned, or some of them."""
    before = watch.run_past(view).past.copy()
    before.see(view)
    calls = [view, *pending.of(view, per_session=True)]
    if len(calls) > MANY:
        return [(rule, insufficient(view.index, TOO_MANY)) for rule, _ in watch.invariants]
    answers = [returned(watch, call) for call in calls]
    every = _trials(before, answers) if len(answers) <= EVERY else _leaning(before, answers)
    for last, past in every:
        found = list(watch.invariant(last, past, past.of_run(last.run)))
        if found:
            return [(rule, insufficient(view.index, UNDER_WAY)) for rule, _ in found]
    return []


def _trials(before: Past, answers: Sequence[View]) -> Iterator[tuple[View, Past]]:
    """What every selection of the answers comes to, with its last answer."""
    known = [before]
    for answer in answers:
        for past in [*known]:
            after = past.copy()
            after.see(answer)
            known.append(after)
            yield answer, after


def _leaning(before: Past, answers: Sequence[View]) -> Iterator[tuple[View, Past]]:
    """What all answers come to, step by step, and those alone that raise a register, or that lower it."""
    leaning: dict[tuple[str, bool], list[View]] = {}
    for answer in answers:
        after = before.copy()
        after.see(answer)
        for name, value in after.registers.items():
            old = before.registers.get(name)
            if isinstance(value, _NUMBERS) and isinstance(old, _NUMBERS) and value != old:
                leaning.setdefault((name, value > old), []).append(answer)
    for chosen in (answers, *(some for some in leaning.values() if len(some) < len(answers))):
        past = before.copy()
        for answer in chosen:
            past.see(answer)
            yield answer, past


def returned(watch: Watch, call: View, kind: str = "result") -> View:
    """A call as it comes back, before anything is known of how."""
    event = call.event
    answer = Event(
        kind="fail" if kind == "fail" else "result", seq=event.seq, session=event.session, run=event.run,
        tool=event.tool, call=event.call, actor=call.actor, completeness={"result": "absent", "time": "absent"},
    )  # fmt: skip
    return attrs.evolve(watch.view(answer), index=call.index + 1, call=call, steps=call.steps)


@attrs.define(eq=False)
class Pending:
    """Calls that were allowed and have not come back, by scope."""

    calls: dict[tuple[str, str], list[View]] = attrs.field(factory=dict)

    def add(self, view: View) -> None:
        """A call starts."""
        waiting = self.calls.setdefault((view.session, view.run), [])
        waiting.append(view)
        del waiting[:-REMEMBERED]

    def settle(self, view: View) -> None:
        """An event may be the outcome of one."""
        if view.kind not in ("result", "fail"):
            return
        waiting = self.calls.get((view.session, view.run), [])
        event = view.event
        for index, call in enumerate(waiting):
            same = call.event.call == event.call if event.call else call.name == view.name
            if same:
                del waiting[index]
                if not waiting:
                    del self.calls[view.session, view.run]
                return

    def of(self, view: View, per_session: bool) -> Iterator[View]:
        """Those of the scope of an event."""
        for (session, run), waiting in self.calls.items():
            if session == view.session and (per_session or run == view.run):
                yield from waiting


def hopeless(
    owed: Sequence[tuple[core.Rule, ResponseStepper]], view: View, pending: Pending, watch: Watch
) -> list[Found]:
    """The obligations `within n steps` for which too few calls would be left after this one."""
    found: list[Found] = []
    for rule, stepper in owed:
        if stepper.compiled.within_steps is None or stepper.evidence.kinds != {"result"}:
            continue
        debts = stepper.debts.get(scope_of(view, rule.per_session))
        if debts and _late(stepper, debts, view, pending, watch, rule):
            why = "no call is left for what has to follow"
            found.append((rule, violated(view.index, why)))
    return found


def _late(
    stepper: ResponseStepper, debts: list[Debt], view: View, pending: Pending, watch: Watch, rule: core.Rule
) -> bool:
    """Whether some debts are due before as many calls as they need can be made. Each further call may pay all debts that ask for
    the same; what is under way may pay whatever it fits."""
    limit = stepper.compiled.within_steps or 0
    history = watch.run_past(view).of(rule.per_session)
    coming = [returned(watch, call) for call in (*pending.of(view, rule.per_session), view)]
    ties = ties_of(stepper.compiled.evidence)
    due: list[tuple[int, Hashable]] = []
    for debt in debts:
        if debt.truth is not True:
            continue
        matches = (stepper.evidence.match(c, debt.view, debt.bindings, history).truth for c in coming)
        if all(truth is False for truth in matches):
            due.append((limit - view.steps_since(debt.view, rule.per_session), _wanted(debt, ties)))
    due.sort(key=lambda one: one[0])
    wanted: set[Hashable] = set()
    for left, key in due:
        wanted.add(key)
        if len(wanted) > left:
            return True
    return False


def _wanted(debt: Debt, ties: Ties) -> Hashable:
    """What the evidence for a debt has to be the same as; one and the same where that is not known."""
    if not ties.indexed or ties.call or ties.binders:
        return None
    values = [debt.view.arguments.get(name, UNKNOWN) for name in ties.same]
    return None if UNKNOWN in values else tuple(key_of(value) for value in values)
