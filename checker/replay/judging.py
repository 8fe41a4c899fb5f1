"""One trace against all rules and all workflows, in one pass: verdicts, what the run did otherwise, and blame."""

from __future__ import annotations

from functools import partial

import attrs

from wfcheck.checker.annotations import annotations_of
from wfcheck.checker.conformance.model import Compiled, Model
from wfcheck.checker.conformance.tracker import Tracker
from wfcheck.checker.provenance.query import Mode
from wfcheck.checker.replay.assumptions import Broken
from wfcheck.checker.replay.blame import View, fault, greyed
from wfcheck.checker.replay.finding import Finding
from wfcheck.checker.replay.passing import Passed, pass_over
from wfcheck.checker.replay.policy import CompiledPolicy
from wfcheck.checker.replay.reader import Ahead
from wfcheck.checker.replay.relevance import looks, scope_of
from wfcheck.checker.replay.rests import Proofs, Rests, unproved
from wfcheck.checker.replay.result import Blame, Departure, Mark, NearMiss, ReplayResult, ReplayVerdict
from wfcheck.checker.replay.watch import TRACED, Watch
from wfcheck.checker.traces.trace import Trace
from wfcheck.dsl import core


@attrs.frozen
class Judged:
    """What one trace shows: one result per rule in the order of the program, the assumptions that it broke, the events at which it
    left the workflow, and the assumptions that broke in vain."""

    results: tuple[ReplayResult, ...]
    broken: tuple[Broken, ...]
    departures: tuple[Departure, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()


def judge_trace(
    policy: CompiledPolicy,
    trace: Trace,
    mode: Mode = "values",
    conformance: Compiled | None = None,
    proofs: Proofs = unproved,
) -> Judged:
    """Step every rule over one trace, in one pass, and with `conformance` the workflows as well. `proofs` is asked only about rules
    for which something went wrong."""
    watch = Watch.start(policy, trace.completeness, mode, Ahead.of(trace.events, policy.catalogue))
    tracker = None
    if conformance is not None and conformance.program.workflows:
        tracker = Tracker(Model.of(conformance, trace.format, trace.completeness))
    judging = _Judging(policy, trace, mode, watch, pass_over(watch, trace.events, tracker), proofs)
    results = tuple(judging.result(rule) for rule, _ in policy.rules)
    return Judged(
        results, judging.passed.broken, tuple(judging.departures(results)), tuple(judging.near(results))
    )


@attrs.define
class _Judging:
    """Everything known of one trace, and what of it concerns each rule."""

    policy: CompiledPolicy
    trace: Trace
    mode: Mode
    watch: Watch
    passed: Passed
    proofs: Proofs
    views: dict[str, View] = attrs.field(factory=dict)

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
        findings = self.passed.found.get(rule.name, [])
        broken = sorted((f for f in findings if f.verdict == "violated"), key=lambda f: f.index)
        if broken:
            return self._violated(rule, broken)
        gaps = [f.why for f in findings if f.verdict == "insufficient"]
        gaps += [f"the trace was not read completely: {loss}" for loss in self.trace.losses]
        verdict: ReplayVerdict = "insufficient" if gaps else "holds"
        return self._plain(rule, verdict, gaps[0] if gaps else None)

    def _unjudged(self, rule: core.Rule, reason: str) -> ReplayResult:
        outside = rule.not_applicable is not None or isinstance(rule.body, core.Meta)
        return self._plain(rule, "not-applicable" if outside else "insufficient", reason)

    def _plain(self, rule: core.Rule, verdict: ReplayVerdict, reason: str | None) -> ReplayResult:
        return ReplayResult(
            self.trace.name, rule.name, verdict, rule.severity,
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
        turned = self.passed.no_return.get((rule.name, first.index), first.index)
        return ReplayResult(
            self.trace.name, rule.name, "violated", rule.severity, blame, self._mark(turned),
            self._mark(first.index), self.mode, rule.heuristic,
            evidence.runs[found.index] != evidence.runs[first.index],
            found.unsure,
            tuple(self._mark(index) for index in dict.fromkeys(f.index for f in broken)),
            annotations_of(rule),
        )  # fmt: skip

    def _mark(self, index: int) -> Mark:
        return mark_of(self.trace, index)

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
            Departure(self.trace.name, self._mark(d.index), d.why, d.assumption, greyed(d, views))
            for d in shown
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
                return [NearMiss(self.trace.name, name, self._mark(index)) for name, index in first.items()]
        return found

    def _missed(self, rule: core.Rule, first: dict[str, int]) -> list[NearMiss]:
        rests = self.view(rule).rests
        if rests is None or not rests.proved:
            return []
        layers = rests.layers(first)
        used = rests.names().union(*rests.cores)
        return [
            NearMiss(self.trace.name, name, self._mark(index), rule.name, layers)
            for name, index in first.items()
            if name in used
        ]


def mark_of(trace: Trace, index: int) -> Mark:
    """The place of an event in the input."""
    return Mark(index, trace.events[index].source)
