"""What cannot be avoided any more: the rules that every continuation in the workflow breaks, and since when."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from wfcheck.checker.conformance.ahead import NextCall, may_still, next_calls
from wfcheck.checker.conformance.tracker import Tracker
from wfcheck.checker.replay.goals import Goal, goals_of, missed
from wfcheck.checker.replay.result import Mark
from wfcheck.checker.replay.sequence_rules import ResponseStepper
from wfcheck.checker.replay.view import View
from wfcheck.checker.replay.watch import Watch
from wfcheck.checker.traces.event import Event

Run = tuple[str, str]


@attrs.frozen(eq=False)
class Foresight:
    """Of all runs of one trace. `doomed`: by run the rules that are lost, with the event since which they are."""

    watch: Watch
    tracker: Tracker
    owing: tuple[tuple[str, ResponseStepper], ...]
    doomed: dict[Run, dict[str, Mark]]
    goals: tuple[Goal, ...] = ()

    @staticmethod
    def of(watch: Watch, tracker: Tracker) -> Foresight:
        """Before the first event."""
        owing = tuple(
            (w.rule.name, w.stepper)
            for w in watch.working
            if isinstance(w.stepper, ResponseStepper) and not w.stepper.compiled.per_session
        )
        return Foresight(watch, tracker, owing, {}, goals_of(watch))

    def turned(self, rule: str, run: Run) -> Mark | None:
        """The event since which the rule cannot be kept in the run."""
        lost = self.doomed.get(run)
        return None if lost is None else lost.get(rule)

    def leave(self, run: Run) -> None:
        """Forget a run."""
        self.doomed.pop(run, None)

    def see(self, view: View, run: Run, mark: Mark) -> bool:
        """Which rules every continuation breaks from this event on; whether it is the first such event of one of them."""
        state = self.tracker.runs[run]
        if state.lost is not None:
            return False
        lost = {*self._owed(run), *missed(self.goals, self.watch, view, state.configs)}
        if state.deviations:
            lost |= self._inevitable(view, run)
        known = self.doomed.get(run, {})
        if lost:
            self.doomed[run] = {rule: known.get(rule, mark) for rule in lost}
        else:
            self.doomed.pop(run, None)
        return not lost <= known.keys()

    def _owed(self, run: Run) -> Iterator[str]:
        """What must follow and cannot any more."""
        for rule, stepper in self.owing:
            owed = any(debt.truth is True for debt in stepper.debts.get(run, ()))
            if owed and not may_still(self.tracker.runs[run].configs, stepper.evidence.concerns):
                yield rule

    def _inevitable(self, view: View, run: Run) -> set[str]:
        """The rules that the next call breaks, whatever way the run takes."""
        calls = next_calls(self.tracker.model, self.tracker.runs[run].configs, view.index + 1)
        if not calls:
            return set()
        return set.intersection(*(self._breaks(call, view) for call in calls))

    def _breaks(self, call: NextCall, view: View) -> set[str]:
        event = Event(
            kind="call", seq=view.event.seq + 1, tool=call.tool, actor=call.actor,
            session=view.event.session, run=view.event.run,
        )  # fmt: skip
        made = self.watch.view(event)
        made._arguments = call.arguments
        found = self.watch.judge(made)
        looked = {
            w.rule.name for w in self.watch.working if any(w.stepper.concerns(k, "") for k in call.passed)
        }
        return {rule.name for rule, finding in found if finding.verdict == "violated"} - looked
