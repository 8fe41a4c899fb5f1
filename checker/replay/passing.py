"""The one pass over a trace: rules, contracts and conformance together, event by event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from wfcheck.checker.conformance.ahead import NextCall, may_still, next_calls
from wfcheck.checker.conformance.notes import Deviation
from wfcheck.checker.conformance.tracker import Tracker
from wfcheck.checker.replay.assumptions import Broken
from wfcheck.checker.replay.blame import Evidence
from wfcheck.checker.replay.finding import Finding
from wfcheck.checker.replay.sequence_rules import ResponseStepper
from wfcheck.checker.replay.view import View
from wfcheck.checker.replay.watch import Watch
from wfcheck.checker.traces.event import Event

Run = tuple[str, str]


@attrs.frozen
class Passed:
    """What the pass found. `no_return`: by rule and event at which it is broken, the event after which that could not be avoided."""

    found: dict[str, list[Finding]]
    evidence: Evidence
    no_return: dict[tuple[str, int], int]

    @property
    def broken(self) -> tuple[Broken, ...]:
        """The contracts that broke."""
        return tuple(self.evidence.broken)

    def assumptions(self) -> Iterator[tuple[int, str]]:
        """Every assumption that broke, with the event."""
        yield from ((b.index, b.assumption) for b in self.evidence.broken)
        for deviation in self.evidence.deviations:
            yield from ((deviation.index, n.assumption) for n in deviation.notes if n.assumption is not None)


@attrs.define
class _Pass:
    watch: Watch
    tracker: Tracker | None
    found: dict[str, list[Finding]] = attrs.field(factory=dict)
    broken: list[Broken] = attrs.field(factory=list)
    deviations: list[Deviation] = attrs.field(factory=list)
    runs: list[Run] = attrs.field(factory=list)
    doomed: dict[tuple[str, Run], int] = attrs.field(factory=dict)
    no_return: dict[tuple[str, int], int] = attrs.field(factory=dict)
    owing: tuple[tuple[str, ResponseStepper], ...] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.owing = tuple(
            (w.rule.name, w.stepper)
            for w in self.watch.working
            if isinstance(w.stepper, ResponseStepper) and not w.stepper.compiled.per_session
        )

    def event(self, event: Event) -> None:
        watch, contracts = self.watch, self.watch.policy.contracts
        view = watch.view(event)
        run = (view.session, view.run)
        self.runs.append(run)
        here = watch.judge(view)
        if view.name in contracts.requires or view.name in contracts.ensures:
            self.broken.extend(contracts.broken(view, watch.run_past(view)))
        if self.tracker is not None:
            self.deviations.extend(self.tracker.step(view))
        here += watch.take(view)
        for rule, finding in here:
            self._keep(rule.name, finding, run)
        if self.tracker is not None:
            self._look_ahead(view, run, self.tracker)

    def _keep(self, rule: str, finding: Finding, run: Run) -> None:
        self.found.setdefault(rule, []).append(finding)
        doomed = self.doomed.get((rule, run))
        if finding.verdict == "violated" and doomed is not None:
            self.no_return.setdefault((rule, finding.index), doomed)

    def _look_ahead(self, view: View, run: Run, tracker: Tracker) -> None:
        """Which rules every continuation breaks from here on."""
        state = tracker.runs[run]
        if state.lost is not None:
            return
        lost = {*self._owed(run, tracker)}
        if state.deviations:
            lost |= self._inevitable(view, tracker, run)
        for rule in lost:
            self.doomed.setdefault((rule, run), view.index)
        for key in [key for key in self.doomed if key[1] == run and key[0] not in lost]:
            del self.doomed[key]

    def _owed(self, run: Run, tracker: Tracker) -> Iterator[str]:
        """What must follow and cannot any more."""
        configs = tracker.runs[run].configs
        for rule, stepper in self.owing:
            owed = any(debt.truth is True for debt in stepper.debts.get(run, ()))
            if owed and not may_still(configs, stepper.evidence.concerns):
                yield rule

    def _inevitable(self, view: View, tracker: Tracker, run: Run) -> set[str]:
        """The rules that the next call breaks, whatever way the run takes."""
        calls = next_calls(tracker.model, tracker.runs[run].configs, view.index + 1)
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


def pass_over(watch: Watch, events: Sequence[Event], tracker: Tracker | None) -> Passed:
    """Take in all events."""
    at = _Pass(watch, tracker)
    for event in events:
        at.event(event)
    for rule, finding in watch.finish():
        at._keep(rule.name, finding, at.runs[finding.index])
    doubts = {} if tracker is None else {key: d for key, s in tracker.runs.items() if (d := s.doubt)}
    return Passed(at.found, Evidence(at.runs, at.broken, at.deviations, doubts), at.no_return)
