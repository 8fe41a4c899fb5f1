"""Rules over events as they come, without files: what each rule finds in them, in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from wfcheck.checker.provenance.query import Mode
from wfcheck.checker.replay.endings import LINGER, Endings
from wfcheck.checker.replay.judges import unhindered
from wfcheck.checker.replay.keeping import Kept
from wfcheck.checker.replay.passing import Pass
from wfcheck.checker.replay.policy import CompiledPolicy
from wfcheck.checker.replay.result import ReplayVerdict
from wfcheck.checker.replay.watch import Watch
from wfcheck.checker.traces.event import Completeness, Event
from wfcheck.dsl import core


@attrs.frozen
class StreamResult:
    """What was found of one rule: `first` says where and why it is broken (or, without a breach, not settled)."""

    rule: str
    verdict: ReplayVerdict = "holds"
    reason: str | None = None
    first: int | None = None
    count: int = 0
    breaks: tuple[int, ...] = ()

    @staticmethod
    def of(rule: str, kept: Kept) -> StreamResult:
        """A breach outweighs a gap."""
        if kept.broken:
            first = kept.broken[0]
            breaks = tuple(dict.fromkeys(f.index for f in kept.broken))
            return StreamResult(rule, "violated", first.why, first.index, kept.count, breaks)
        if kept.gap is not None:
            return StreamResult(rule, "insufficient", kept.gap.why, kept.gap.index)
        return StreamResult(rule)


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
    *,
    linger: int = LINGER,
) -> Streamed:
    """Step every rule over events. Nothing is known of later ones, so that what depends on what a call will return stays open."""
    passing = Pass(Watch.start(policy, completeness or {}, mode), endings=Endings(linger))
    with unhindered():
        passing.take_all(events)
    found, idle = passing.finish().found, passing.watch.idle
    results = (
        StreamResult(rule.name, idle_verdict(rule), idle[rule.name])
        if rule.name in idle
        else StreamResult.of(rule.name, found.get(rule.name, Kept()))
        for rule, _ in policy.rules
    )
    return Streamed(tuple(results), passing.watch.index)


def idle_verdict(rule: core.Rule) -> ReplayVerdict:
    """Of a rule that is not judged on a trace."""
    said = rule.not_applicable is not None or isinstance(rule.body, core.Meta)
    return "not-applicable" if said else "insufficient"
