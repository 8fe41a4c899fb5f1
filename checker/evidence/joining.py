"""One trace and its evidence: where they disagree, and the traces that all records together allow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from wfcheck.checker.evidence.matching import Call, Matched, calls_of, differing, match
from wfcheck.checker.evidence.merging import readings_of
from wfcheck.checker.evidence.records import Disagreement, Evidence, Joined, Log
from wfcheck.checker.evidence.snapshots import disagreements_of
from wfcheck.checker.evidence.values import comparable, same
from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.trace import Trace


def join(trace: Trace, evidence: Evidence) -> Joined:
    """Compare a trace with the logs and the final states of the same run. Nothing is resolved silently: every disagreement is told, and
    where records disagree every reading of them is kept, the trace as it was recorded first."""
    found: list[Disagreement] = []
    matched: list[tuple[Log, Matched]] = []
    for log in evidence.logs:
        tools = log.covers | log.shows
        ours, theirs = calls_of(trace.events, tools), calls_of(log.trace.events, tools)
        pairs = match(ours, theirs, log)
        matched.append((log, pairs))
        found += _Comparing(trace, log, pairs).all()
    for snapshot in evidence.snapshots:
        found += disagreements_of(trace, snapshot)
    merged = readings_of(trace, matched) if any(d.kind not in ("state", "changed") for d in found) else ()
    return Joined((trace, *merged), tuple(found))


@attrs.frozen
class _Comparing:
    trace: Trace
    log: Log
    matched: Matched

    def all(self) -> list[Disagreement]:
        """Everything in which the two records differ, in the order of the trace, then what only the log has."""
        listed = [d for pair in self.matched.pairs for d in self._pair(*pair)]
        listed += [
            self._told("not-done", call, None)
            for call in self.matched.claimed
            if call.outcome == "result" and call.tool in self.log.covers
        ]
        listed += [self._told("order", a, b) for a, b in inverted(self.matched.pairs)]
        listed.sort(key=lambda d: d.event or 0)
        return listed + [
            self._told("hidden", None, call) for call in self.matched.logged if call.outcome != "deny"
        ]

    def _pair(self, claimed: Call, logged: Call) -> Iterator[Disagreement]:
        if claimed.outcome == "deny":
            if _done(logged):
                yield self._told("denied-but-done", claimed, logged)
            return
        for name in differing(claimed, logged, self.log):
            told = self._told("arguments", claimed, logged)
            yield attrs.evolve(
                told, name=name, claimed=claimed.executed.get(name), found=logged.executed.get(name)
            )
        if {claimed.outcome, logged.outcome} == {"result", "fail"}:
            told = self._told("outcome", claimed, logged)
            yield attrs.evolve(told, claimed=_ended(claimed), found=_ended(logged))
        elif self._results_differ(claimed, logged):
            assert claimed.answer is not None
            assert logged.answer is not None
            told = self._told("result", claimed, logged)
            yield attrs.evolve(told, claimed=claimed.answer.result, found=logged.answer.result)

    def _results_differ(self, claimed: Call, logged: Call) -> bool:
        if claimed.outcome != "result" or logged.outcome != "result":
            return False
        one, other = claimed.answer, logged.answer
        assert one is not None
        assert other is not None
        known = _shows_result(self.trace, one) and _shows_result(self.log.trace, other)
        known = known and one.result is not None and other.result is not None
        return known and comparable(one.result, other.result) and not same(one.result, other.result)

    def _told(self, kind: str, claimed: Call | None, logged: Call | None) -> Disagreement:
        call = claimed or logged
        assert call is not None
        return Disagreement(
            self.trace.name,
            kind,  # type: ignore[arg-type]
            call.tool,
            self.log.trace.file,
            None if claimed is None else claimed.start,
            None if claimed is None else claimed.event.source,
            None if logged is None else logged.event.source,
            claimed=None if claimed is None or kind in ("order", "arguments") else claimed.executed,
            found=None if logged is None or kind in ("order", "arguments") else logged.executed,
        )


def _done(call: Call) -> bool:
    """Whether the log says that the call took place; what failed there did nothing, what has no end may have."""
    return call.outcome in ("result", "open")


def _ended(call: Call) -> str:
    return "failed" if call.outcome == "fail" else "done"


def _shows_result(trace: Trace, answer: Event) -> bool:
    shown = {**trace.completeness, **(answer.completeness or {})}
    return all(shown.get(key, "full") == "full" for key in ("result", "content"))


def inverted(pairs: Sequence[tuple[Call, Call]]) -> list[tuple[Call, Call]]:
    """The pairs whose call the log has before one that had returned, in the trace, before this one began. Calls that overlap in the
    trace have no order."""
    found = []
    latest: list[tuple[int, int]] = []
    for claimed, logged in pairs:
        if any(back < claimed.start and start > logged.start for back, start in latest):
            found.append((claimed, logged))
        if claimed.back is not None:
            latest.append((claimed.back, logged.start))
    return found
