"""Rules over events as they come, with memory that does not grow with their number: what a run needs is kept for the run, what a key
needs for the key. A run that has come to its normal end is forgotten; should it go on all the same, rules about runs are not settled.
Nothing is known of later events, so that what depends on what a call will return stays open."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import attrs

from wfcheck.checker.provenance.query import Mode
from wfcheck.checker.replay.finding import Finding, insufficient
from wfcheck.checker.replay.policy import CompiledPolicy
from wfcheck.checker.replay.result import ReplayVerdict
from wfcheck.checker.replay.watch import Watch
from wfcheck.checker.traces.event import Completeness, Event
from wfcheck.dsl import core

BREAKS = 100
"""So many breaches of a rule are listed; all are counted."""


@attrs.define
class StreamResult:
    """What was found of one rule: `first` says where and why it is broken (or, without a breach, not settled)."""

    rule: str
    verdict: ReplayVerdict = "holds"
    reason: str | None = None
    first: int | None = None
    count: int = 0
    breaks: list[int] = attrs.field(factory=list)

    def add(self, finding: Finding) -> None:
        """Take in a finding: a breach outweighs a gap."""
        if finding.verdict == "violated":
            if self.verdict != "violated":
                self.verdict, self.reason, self.first = "violated", finding.why, finding.index
            self.count += 1
            if len(self.breaks) < BREAKS:
                self.breaks.append(finding.index)
        elif self.verdict == "holds":
            self.verdict, self.reason, self.first = "insufficient", finding.why, finding.index


@attrs.frozen
class Streamed:
    """One result per rule, in the order of the program, and how many events there were."""

    results: tuple[StreamResult, ...]
    events: int


def judge_stream(
    policy: CompiledPolicy,
    events: Iterable[Event],
    completeness: Mapping[str, Completeness] | None = None,
    mode: Mode = "values",
) -> Streamed:
    """Step every rule over events, in one pass."""
    watch = Watch.start(policy, completeness or {}, mode)
    results = {rule.name: StreamResult(rule.name) for rule, _ in policy.rules}
    ended: set[int] = set()
    with unhindered():
        for event in events:
            if ended and hash((event.session or "", event.run or "")) in ended:
                _goes_on(policy, results, watch.index)
            for rule, finding in watch.advance(event):
                results[rule.name].add(finding)
            if event.kind == "end" and event.error is None:
                watch.leave(event)
                ended.add(hash((event.session or "", event.run or "")))
    for rule, finding in watch.finish():
        results[rule.name].add(finding)
    for rule, _ in policy.rules:
        if rule.name in watch.idle:
            results[rule.name].reason = watch.idle[rule.name]
            results[rule.name].verdict = _idle(rule)
    return Streamed(tuple(results.values()), watch.index)


def _goes_on(policy: CompiledPolicy, results: Mapping[str, StreamResult], index: int) -> None:
    for rule, _ in policy.rules:
        if not rule.per_session:
            results[rule.name].add(insufficient(index, "a run goes on after its end"))


def _idle(rule: core.Rule) -> ReplayVerdict:
    said = rule.not_applicable is not None or isinstance(rule.body, core.Meta)
    return "not-applicable" if said else "insufficient"


@contextmanager
def unhindered() -> Iterator[None]:
    """Without the collector of circular garbage: events make none."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
