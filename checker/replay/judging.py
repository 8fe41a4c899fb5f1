"""One trace against all rules and all workflows, in one pass: verdicts, what the run did otherwise, and blame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import attrs

from wfcheck.checker.annotations import annotations_of
from wfcheck.checker.conformance.model import Compiled, Model
from wfcheck.checker.conformance.tracker import Tracker
from wfcheck.checker.provenance.query import Mode
from wfcheck.checker.replay.assumptions import Broken
from wfcheck.checker.replay.blame import View, fault, greyed
from wfcheck.checker.replay.endings import LINGER, Endings
from wfcheck.checker.replay.finding import Finding
from wfcheck.checker.replay.needing import looks_ahead
from wfcheck.checker.replay.passing import Pass, Passed, Recording
from wfcheck.checker.replay.policy import CompiledPolicy
from wfcheck.checker.replay.reader import OUTCOMES, Ahead
from wfcheck.checker.replay.relevance import looks, scope_of
from wfcheck.checker.replay.rests import Proofs, Rests, unproved
from wfcheck.checker.replay.result import (
    Blame,
    Departure,
    Mark,
    NearMiss,
    ReplayResult,
    ReplayVerdict,
    Undeclared,
)
from wfcheck.checker.replay.watch import TRACED, Watch
from wfcheck.checker.replay.window import AHEAD, Window
from wfcheck.checker.traces.event import Completeness, Event
from wfcheck.checker.traces.trace import Trace
from wfcheck.dsl import core

CUT = "more events left the workflow, or broke an assumption, than are kept"


@attrs.frozen
class Judged:
    """What one trace shows: one result per rule in the order of the program, the assumptions that it broke, the events at which it
    left the workflow, the assumptions that broke in vain, the tools that it uses and the specification does not declare. `recorded`:
    what a recorder kept."""

    results: tuple[ReplayResult, ...]
    broken: tuple[Broken, ...]
    departures: tuple[Departure, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    undeclared: tuple[Undeclared, ...] = ()
    trace: str = ""
    events: int = 0
    recorded: Any = None

    def incomplete(self, loss: str) -> Judged:
        """The same of a trace that was not read completely: nothing is said to hold."""
        reason = f"the trace was not read completely: {loss}"
        results = tuple(
            attrs.evolve(r, verdict="insufficient", reason=reason) if r.verdict == "holds" else r
            for r in self.results
        )
        return attrs.evolve(self, results=results, near_misses=())


@attrs.frozen
class Setting:
    """By what traces are judged. `proofs` is asked only about rules for which something went wrong. `ahead`: so many events of a file
    are read ahead; `linger`: so many events after its end a run is forgotten. `recorder`: makes what is to see the events of the trace
    of that name."""

    policy: CompiledPolicy
    mode: Mode = "values"
    conformance: Compiled | None = None
    proofs: Proofs = unproved
    ahead: int = AHEAD
    linger: int = LINGER
    recorder: Callable[[str], Recording] | None = None

    @staticmethod
    def of(
        policy: CompiledPolicy,
        mode: Mode = "values",
        conformance: Compiled | None = None,
        proofs: Proofs = unproved,
        recorder: Callable[[str], Recording] | None = None,
    ) -> Setting:
        """Looking ahead only where something asks for it."""
        ahead = AHEAD if looks_ahead(policy) else 0
        return Setting(policy, mode, conformance, proofs, ahead, LINGER, recorder)


def judge_trace(
    policy: CompiledPolicy,
    trace: Trace,
    mode: Mode = "values",
    conformance: Compiled | None = None,
    proofs: Proofs = unproved,
) -> Judged:
    """Step every rule over one trace, in one pass, and with `conformance` the workflows as well. `proofs` is asked only about rules
    for which something went wrong."""
    return judge_whole(Setting.of(policy, mode, conformance, proofs), trace)


def judge_whole(setting: Setting, trace: Trace) -> Judged:
    """The same by a setting."""
    judge, window = Judge.start(setting, trace.name, trace.format, trace.completeness), Window(setting.ahead)
    for event in trace.events:
        window.push(judge, event)
    window.close(judge)
    window.drain()
    assert judge.judged is not None
    return judge.judged.incomplete(trace.losses[0]) if trace.losses else judge.judged


@attrs.define(eq=False)
class Judge:
    """Takes in the events of one trace. `judged`: what came of it, when there are no more."""

    setting: Setting
    name: str
    passing: Pass | None
    ahead: Ahead | None
    known: int = 0  # the events that were read
    judged: Judged | None = None
    shared: dict[object, Any] | None = (
        None  # results that many traces have, if they are to be kept in little room
    )

    @staticmethod
    def start(setting: Setting, name: str, format_: str, completeness: Mapping[str, Completeness]) -> Judge:
        """Before the first event."""
        policy, conformance = setting.policy, setting.conformance
        ahead = Ahead(policy.catalogue) if setting.ahead else None
        watch = Watch.start(policy, completeness, setting.mode, ahead)
        tracker = None
        if conformance is not None and conformance.program.workflows:
            tracker = Tracker(Model.of(conformance, format_, completeness))
        recorder = None if setting.recorder is None else setting.recorder(name)
        return Judge(setting, name, Pass(watch, tracker, Endings(setting.linger), recorder), ahead)

    def read(self, event: Event) -> None:
        """An event was read; its turn comes later."""
        if event.kind in OUTCOMES and self.ahead is not None:
            self.ahead.read(self.known, event)
        self.known += 1

    def take(self, event: Event) -> None:
        """Its turn has come."""
        passing = self.passing
        assert passing is not None
        if self.ahead is not None and event.kind in OUTCOMES:
            self.ahead.come(passing.watch.index, event)
        passing.take(event)

    def end(self) -> None:
        """There are no more events: judge, and forget everything else."""
        if self.passing is not None:
            self.judged = _Judging.of(self.setting, self.name, self.passing).all()
            self.passing = None
            if self.shared is not None:
                alike = tuple(attrs.evolve(result, trace="") for result in self.judged.results)
                self.judged = attrs.evolve(self.judged, results=self.shared.setdefault(alike, alike))

    def told(self) -> Judged:
        """What came of it."""
        self.end()
        assert self.judged is not None
        if self.shared is None:
            return self.judged
        named = (attrs.evolve(result, trace=self.name) for result in self.judged.results)
        return attrs.evolve(self.judged, results=tuple(named))


@attrs.define
class _Judging:
    """Everything known of one trace, and what of it concerns each rule."""

    policy: CompiledPolicy
    name: str
    mode: Mode
    watch: Watch
    passed: Passed
    proofs: Proofs
    recorder: Recording | None = None
    views: dict[str, View] = attrs.field(factory=dict)

    @staticmethod
    def of(setting: Setting, name: str, passing: Pass) -> _Judging:
        """At the end of a trace."""
        return _Judging(
            setting.policy,
            name,
            setting.mode,
            passing.watch,
            passing.finish(),
            setting.proofs,
            passing.recorder,
        )

    def all(self) -> Judged:
        """What the trace shows."""
        results = tuple(self.result(rule) for rule, _ in self.policy.rules)
        undeclared = (Undeclared(self.name, tool, *told) for tool, told in self.passed.undeclared.items())
        return Judged(
            results,
            self.passed.broken,
            tuple(self.departures(results)),
            tuple(self.near(results)),
            tuple(undeclared),
            self.name,
            self.passed.events,
            None if self.recorder is None else self.recorder.done(),
        )

    def view(self, rule: core.Rule) -> View:
        """How a rule looks at what went wrong; its proof is asked for the first time that matters."""
        if rule.name not in self.views:
            compiled = next(c for r, c in self.policy.rules if r.name == rule.name)
            stepper = next(w.stepper for w in self.watch.working if w.rule.name == rule.name)
            look = looks(rule, compiled, stepper, self.policy.program)
            self.views[rule.name] = View(
                scope_of(rule), look, partial(self._proof, rule), isinstance(rule.body, TRACED)
            )
        return self.views[rule.name]

    def _proof(self, rule: core.Rule) -> Rests | None:
        return self.proofs(rule.name) if rule.workflows else None

    def result(self, rule: core.Rule) -> ReplayResult:
        """The verdict of one rule: a breach outweighs a gap, a gap outweighs that it held."""
        if rule.name in self.watch.idle:
            return self._unjudged(rule, self.watch.idle[rule.name])
        kept = self.passed.found.get(rule.name)
        if kept is None:
            return self._plain(rule, "holds", None)
        if kept.broken:
            return self._violated(rule, kept.broken)
        if kept.gap is not None:
            return self._plain(rule, "insufficient", kept.gap.why)
        return self._plain(rule, "holds", None)

    def _unjudged(self, rule: core.Rule, reason: str) -> ReplayResult:
        outside = rule.not_applicable is not None or isinstance(rule.body, core.Meta)
        return self._plain(rule, "not-applicable" if outside else "insufficient", reason)

    def _plain(self, rule: core.Rule, verdict: ReplayVerdict, reason: str | None) -> ReplayResult:
        return ReplayResult(
            self.name, rule.name, verdict, rule.severity,
            provenance=self.mode, heuristic=rule.heuristic, reason=reason,
            annotations=annotations_of(rule),
        )  # fmt: skip

    def _violated(self, rule: core.Rule, broken: list[Finding]) -> ReplayResult:
        first, evidence = broken[0], self.passed.evidence
        found = fault(first, evidence, self.view(rule))
        cause = None if first.cause is None or first.cause < 0 else self._mark(first.cause)
        blame = Blame(
            self._mark(found.index), found.why, found.assumption, cause, first.shown or None, first.invented
        )
        turned = self.passed.no_return.get((rule.name, first.index), self._mark(first.index))
        return ReplayResult(
            self.name, rule.name, "violated", rule.severity, blame, turned,
            self._mark(first.index), self.mode, rule.heuristic,
            evidence.runs[found.index] != evidence.runs[first.index],
            found.unsure or (CUT if self.passed.cut and found.index == first.index else None),
            tuple(self._mark(index) for index in dict.fromkeys(f.index for f in broken)),
            annotations_of(rule),
        )  # fmt: skip

    def _mark(self, index: int) -> Mark:
        return self.passed.marks.get(index) or Mark(index, None)

    def _judged(self) -> list[core.Rule]:
        return [rule for rule, _ in self.policy.rules if rule.name not in self.watch.idle]

    def departures(self, results: tuple[ReplayResult, ...]) -> list[Departure]:
        """Every event at which the run left the workflow; what hosts often do not record only where it matters."""
        blamed = {r.blame.mark.event for r in results if r.blame is not None}
        shown = [d for d in self.passed.evidence.deviations if not d.soft or d.index in blamed]
        if not shown:
            return []
        views = [self.view(rule) for rule in self._judged()]
        return [
            Departure(self.name, self._mark(d.index), d.why, d.assumption, greyed(d, views)) for d in shown
        ]

    def near(self, results: tuple[ReplayResult, ...]) -> list[NearMiss]:
        """Assumptions that broke although the rules that rest on them held, each at its first event."""
        first: dict[str, int] = {}
        for index, name in sorted(self.passed.assumptions()):
            first.setdefault(name, index)
        if not first:
            return []
        held = {r.rule for r in results if r.verdict == "holds"}
        found = [miss for rule in self._judged() if rule.name in held for miss in self._missed(rule, first)]
        if not found and not any(r.verdict == "violated" for r in results):
            named = {rule.name: self.view(rule) for rule in self._judged()}
            if not any(v.rests is not None and v.rests.proved for v in named.values()):
                return [NearMiss(self.name, name, self._mark(index)) for name, index in first.items()]
        return found

    def _missed(self, rule: core.Rule, first: dict[str, int]) -> list[NearMiss]:
        rests = self.view(rule).rests
        if rests is None or not rests.proved:
            return []
        layers = rests.layers(first)
        used = rests.names().union(*rests.cores)
        return [
            NearMiss(self.name, name, self._mark(index), rule.name, layers)
            for name, index in first.items()
            if name in used
        ]
