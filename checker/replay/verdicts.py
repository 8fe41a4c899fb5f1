"""From what the pass over a trace found to the verdicts of the rules, with blame, departures and near misses."""

from __future__ import annotations

from functools import partial
from typing import Any

import attrs

from wfcheck.checker.annotations import annotations_of
from wfcheck.checker.provenance.query import Mode
from wfcheck.checker.replay.blame import View, fault, greyed
from wfcheck.checker.replay.finding import Finding
from wfcheck.checker.replay.judged import Judged
from wfcheck.checker.replay.passing import Passed, Recording
from wfcheck.checker.replay.plan import Plan
from wfcheck.checker.replay.policy import CompiledPolicy
from wfcheck.checker.replay.relevance import Looks, Scope, looks, scope_of
from wfcheck.checker.replay.rests import Proofs, Rests
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
from wfcheck.dsl import core

SHARED = 20_000
"""So many results, and rows of results, are shared by traces."""
CUT = "more events left the workflow, or broke an assumption, than are kept"


@attrs.define
class Verdicts:
    """Everything known of one trace, and what of it concerns each rule."""

    policy: CompiledPolicy
    name: str
    mode: Mode
    watch: Watch
    passed: Passed
    proofs: Proofs
    recorder: Recording | None = None
    views: dict[str, View] = attrs.field(factory=dict)

    def all(self) -> Judged:
        """What the trace shows."""
        results = self._shared(tuple(self.result(rule) for rule, _ in self.policy.rules))
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

    def _shared(self, results: tuple[ReplayResult, ...]) -> tuple[ReplayResult, ...]:
        """The same, as one object for all traces with these results, if none is broken."""
        if any(result.blame is not None for result in results):
            return results
        plans: dict[object, Any] = self.policy.plans
        key = ("row", *map(id, results))
        if key not in plans and len(plans) < SHARED and all(self._known(result) for result in results):
            plans[key] = results
        found: tuple[ReplayResult, ...] = plans.get(key, results)
        return found

    def _known(self, result: ReplayResult) -> bool:
        """Whether the result is one that is kept, so that its identity is its own for good."""
        return self.policy.plans.get(_plan(result)) is result

    def view(self, rule: core.Rule) -> View:
        """How a rule looks at what went wrong; its proof is asked for the first time that matters."""
        if rule.name not in self.views:
            scope, look = self._looks(rule)
            self.views[rule.name] = View(
                scope, look, partial(self._proof, rule), isinstance(rule.body, TRACED)
            )
        return self.views[rule.name]

    def _looks(self, rule: core.Rule) -> tuple[Scope, Looks]:
        """What a rule looks at, worked out for the first trace that asks."""
        plans: dict[object, Any] = self.policy.plans
        key = ("looks", rule.name)
        if key not in plans:
            compiled = next(c for r, c in self.policy.rules if r.name == rule.name)
            plan = Plan.of(self.policy, self.watch.table.completeness, self.mode)
            stepper = next(w.stepper for w in plan.working if w.rule.name == rule.name)
            plans[key] = (scope_of(rule), looks(rule, compiled, stepper, self.policy.program))
        found: tuple[Scope, Looks] = plans[key]
        return found

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
        plans: dict[object, Any] = self.policy.plans
        found: ReplayResult | None = plans.get(("plain", rule.name, verdict, reason, self.mode))
        if found is None:
            found = ReplayResult(
                "", rule.name, verdict, rule.severity,
                provenance=self.mode, heuristic=rule.heuristic, reason=reason,
                annotations=annotations_of(rule),
            )  # fmt: skip
            if len(plans) < SHARED:
                plans[_plan(found)] = found
        return found

    def _violated(self, rule: core.Rule, broken: list[Finding]) -> ReplayResult:
        first, evidence = broken[0], self.passed.evidence
        found = fault(first, evidence, self.view(rule))
        cause = None if first.cause is None or first.cause < 0 else self._mark(first.cause)
        blame = Blame(
            self._mark(found.index), found.why, found.assumption, cause, first.shown or None, first.invented
        )
        turned = self.passed.no_return.get((rule.name, first.index), self._mark(first.index))
        return ReplayResult(
            "", rule.name, "violated", rule.severity, blame, turned,
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


def _plan(result: ReplayResult) -> object:
    """What a result without marks is known by."""
    return ("plain", result.rule, result.verdict, result.reason, result.provenance)
