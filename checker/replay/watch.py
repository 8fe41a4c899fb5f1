"""All rules at work on one sequence of events: what the next event would break, and what follows from its having happened.

Replay asks both of every recorded event; a guard asks first, and lets happen what breaks nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import attrs

from wfcheck.checker.provenance.query import Mode
from wfcheck.checker.provenance.sources import Provenance
from wfcheck.checker.replay.finding import Finding
from wfcheck.checker.replay.needs import hidden_need
from wfcheck.checker.replay.past import Past, RunPast
from wfcheck.checker.replay.policy import CompiledPolicy
from wfcheck.checker.replay.queries import DecisionStepper, FlowStepper, FromOnlyStepper
from wfcheck.checker.replay.reader import Ahead, Reader
from wfcheck.checker.replay.sequence_rules import InvariantStepper
from wfcheck.checker.replay.steppers import make_stepper
from wfcheck.checker.replay.stepping import Stepper
from wfcheck.checker.replay.view import View
from wfcheck.checker.traces.event import Completeness, Event
from wfcheck.dsl import core

Found: TypeAlias = tuple[core.Rule, Finding]
TRACED = (core.FromOnly, core.Flow, core.Decision)


@attrs.frozen(eq=False)
class Working:
    """A rule with its stepper."""

    rule: core.Rule
    stepper: Stepper


@attrs.define(eq=False)
class Watch:
    """The steppers of a policy over one trace. `idle`: the rules that cannot be judged on it, with the reason."""

    policy: CompiledPolicy
    reader: Reader
    provenance: Provenance
    working: tuple[Working, ...]
    idle: Mapping[str, str]
    invariants: tuple[tuple[core.Rule, InvariantStepper], ...]
    traced: bool
    index: int = 0
    last: View | None = None
    pasts: dict[str, Past] = attrs.field(factory=dict)
    runs: dict[tuple[str, str], RunPast] = attrs.field(factory=dict)
    concerned: dict[tuple[str, str], tuple[Working, ...]] = attrs.field(factory=dict)

    @staticmethod
    def start(
        policy: CompiledPolicy,
        completeness: Mapping[str, Completeness],
        mode: Mode = "values",
        ahead: Ahead | None = None,
    ) -> Watch:
        """Before the first event. `ahead`: what is known of later ones."""
        provenance = Provenance.start(policy.labels)
        working, idle = [], {}
        for rule, compiled in policy.rules:
            reason = rule.not_applicable or hidden_need(compiled, completeness)
            made = make_stepper(compiled, policy.program, policy.tables, provenance, mode)
            if reason is not None or isinstance(made, str):
                idle[rule.name] = reason or str(made)
            else:
                working.append(Working(rule, made))
        return Watch(
            policy,
            Reader(policy.catalogue, completeness, ahead),
            provenance,
            tuple(working),
            idle,
            tuple((w.rule, w.stepper) for w in working if isinstance(w.stepper, InvariantStepper)),
            any(isinstance(w.rule.body, TRACED) for w in working),
        )

    def view(self, event: Event) -> View:
        """The view of the next event."""
        return self.reader.view(self.index, event)

    def judge(self, view: View) -> list[Found]:
        """What the event breaks if it happens next, but for the invariants."""
        found: list[Found] = []
        past, run = self._past(view)
        for one in self.about(view):
            for finding in one.stepper.judge(view, past if one.rule.per_session else run):
                found.append((one.rule, finding))
        return found

    def take(self, view: View) -> list[Found]:
        """The event happens; the invariants that do not hold after it."""
        past, run = self._past(view)
        for one in self.about(view):
            one.stepper.take(view, past if one.rule.per_session else run)
        past.see(view)
        if self.traced:
            self.provenance.see(view)
        self.reader.take(view)
        self.index, self.last = self.index + 1, view
        return list(self.invariant(view, past, run))

    def invariant(self, view: View, past: Past, run: RunPast) -> Iterator[Found]:
        """What must always hold and does not, after an event."""
        for rule, invariant in self.invariants:
            for finding in invariant.after(view, past if rule.per_session else run):
                yield rule, finding

    def finish(self) -> Iterator[Found]:
        """The trace is over."""
        for one in self.working:
            for finding in one.stepper.finish(self.last):
                yield one.rule, finding

    def run_past(self, view: View) -> RunPast:
        """What the run of an event may ask of its past."""
        return self._past(view)[1]

    def forget(self) -> None:
        """What was judged will not happen: drop what was found out on the way."""
        for one in self.working:
            if isinstance(one.stepper, FromOnlyStepper | FlowStepper | DecisionStepper):
                one.stepper.asked.clear()

    def _past(self, view: View) -> tuple[Past, RunPast]:
        key = (view.session, view.run)
        run = self.runs.get(key)
        if run is None:
            past = self.pasts.get(view.session)
            if past is None:
                past = self.pasts[view.session] = Past.start(self.policy.tracked)
            run = self.runs[key] = past.of_run(view.run)
        return run.past, run

    def about(self, view: View) -> Sequence[Working]:
        """The rules that an event concerns."""
        key = (view.kind, view.name)
        found = self.concerned.get(key)
        if found is None:
            found = tuple(one for one in self.working if one.stepper.concerns(*key))
            if len(self.concerned) < TABLE:
                self.concerned[key] = found
        return found


TABLE = 10_000
"""So many kinds of events about tools are remembered with the rules that they concern; names in a trace are without end."""
