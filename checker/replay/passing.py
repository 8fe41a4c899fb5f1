"""The one pass over a trace: rules, contracts and conformance together, event by event. What is kept does not grow with the trace, but
with what is found in it: of a run that has ended nothing, of the trace the places of what is spoken of."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator
from typing import Protocol

import attrs

from wfcheck.checker.conformance.notes import Deviation, Doubt
from wfcheck.checker.conformance.places import places_of
from wfcheck.checker.conformance.tracker import Tracker
from wfcheck.checker.replay.assumptions import Broken
from wfcheck.checker.replay.blame import Evidence
from wfcheck.checker.replay.endings import Endings, Run
from wfcheck.checker.replay.finding import Finding, insufficient
from wfcheck.checker.replay.foresight import Foresight
from wfcheck.checker.replay.keeping import NOTED, Kept
from wfcheck.checker.replay.result import Mark
from wfcheck.checker.replay.view import View
from wfcheck.checker.replay.watch import Found, Watch
from wfcheck.checker.traces.event import Event

GOES_ON = "a run goes on long after its end"
TOO_MANY_RUNS = "the trace holds more runs than are told apart"
NOWHERE = (Kept, Kept)
NAMES = 10_000
"""So many tools that are not declared are listed."""


class Recording(Protocol):
    """Sees every event of one trace once, in order, and keeps a bounded part of them."""

    def see(self, index: int, event: Event, places: tuple[tuple[str, str], ...] = ()) -> None:
        """The next event; `places`: the nodes of workflows that it may be of."""
        ...

    def pin(self, index: int) -> None:
        """The event of that index, the latest, is spoken of."""
        ...

    def done(self) -> object:
        """What was kept."""
        ...


@attrs.frozen
class Passed:
    """What the pass found. `marks`: the places of the events that are spoken of. `no_return`: by rule and event at which it is broken,
    the event after which that could not be avoided. `undeclared`: by tool its first call, and how many there are."""

    found: dict[str, Kept]
    evidence: Evidence
    marks: dict[int, Mark]
    no_return: dict[tuple[str, int], Mark]
    undeclared: dict[str, tuple[Mark, int]]
    events: int
    cut: bool = False  # more was noted than is listed

    @property
    def broken(self) -> tuple[Broken, ...]:
        """The contracts that broke."""
        return tuple(self.evidence.broken)

    def assumptions(self) -> Iterator[tuple[int, str]]:
        """Every assumption that broke, with the event."""
        yield from ((b.index, b.assumption) for b in self.evidence.broken)
        for deviation in self.evidence.deviations:
            yield from ((deviation.index, n.assumption) for n in deviation.notes if n.assumption is not None)


@attrs.define(eq=False)
class Pass:
    """The pass at some event of the trace. `strange`: what was before in the run of the event is forgotten."""

    watch: Watch
    tracker: Tracker | None = None
    endings: Endings = attrs.field(factory=Endings)
    recorder: Recording | None = None
    found: dict[str, Kept] = attrs.field(factory=dict)
    broken: list[Broken] = attrs.field(factory=list)
    deviations: list[Deviation] = attrs.field(factory=list)
    marks: dict[int, Mark] = attrs.field(factory=dict)
    runs: dict[int, Run] = attrs.field(factory=dict)
    faint: dict[Run, list[tuple[Deviation, Mark]]] = attrs.field(
        factory=dict
    )  # deviations of the record more than of the run
    alike: set[Hashable] = attrs.field(factory=set)  # what is kept of these, by session
    struck: set[Run] = attrs.field(factory=set)  # where a rule was broken
    doubts: dict[Run, Doubt] = attrs.field(factory=dict)
    doubtful: dict[str, int] = attrs.field(factory=dict)  # by session its first doubt
    no_return: dict[tuple[str, int], Mark] = attrs.field(factory=dict)
    undeclared: dict[str, tuple[Mark, int]] = attrs.field(factory=dict)
    ends: dict[str, tuple[int, Mark, Run]] = attrs.field(factory=dict)  # by session its last end
    at: tuple[object, object] = NOWHERE  # session and run as the latest event names them; none so far
    run: Run = ("", "")
    strange: bool = False
    cut: bool = False
    last: Event | None = None
    plain: bool = attrs.field(init=False)  # nobody but the rules looks at the events
    foresight: Foresight | None = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        contracts = self.watch.policy.contracts
        self.plain = self.tracker is None and not (contracts.requires or contracts.ensures)
        self.foresight = None if self.tracker is None else Foresight.of(self.watch, self.tracker)
        for rule, why in self.watch.dim.items():
            self._kept(rule).add(insufficient(0, why))

    def take_all(self, events: Iterable[Event]) -> None:
        """The next events."""
        if not self.plain or self.recorder is not None:
            for event in events:
                self.take(event)
            return
        watch, advance, tools = self.watch, self.watch.advance, self.watch.policy.catalogue.tools
        session, name = self.at
        for event in events:
            if event.run != name or event.session != session:
                self._enter(event, watch.index)
                session, name = self.at
            found = advance(event)
            if found:
                self._keep(found, event)
            kind = event.kind
            if kind == "call":
                if event.tool not in tools:
                    self._undeclared(event, watch.index - 1)
            elif kind == "end" and event.error is None:
                self._end(event, watch.index - 1)
                session, name = self.at
            self.last = event

    def take(self, event: Event) -> None:
        """The next event."""
        watch = self.watch
        index = watch.index
        session, name = self.at
        if event.run != name or event.session != session:
            self._enter(event, index)
        if self.plain:
            found = watch.advance(event)
            if self.recorder is not None:
                self.recorder.see(index, event)
            if found:
                self._keep(found, event)
        else:
            self._follow(event)
        kind = event.kind
        if kind == "call":
            if event.tool not in watch.policy.catalogue.tools:
                self._undeclared(event, index)
        elif kind == "end" and event.error is None:
            self._end(event, index)
        self.last = event

    def _enter(self, event: Event, index: int) -> None:
        """The event is of another run than the one before."""
        self.at = (event.session, event.run)
        self.run = (event.session or "", event.run or "")
        self.strange = self.endings.goes_on(self.run)
        if self.strange:
            self._unsettle(index, GOES_ON)

    def _unsettle(self, index: int, why: str) -> None:
        for rule, _ in self.watch.policy.rules:
            if not rule.per_session:
                self._kept(rule.name).add(insufficient(index, why))

    def _follow(self, event: Event) -> None:
        """With contracts and workflows."""
        watch = self.watch
        view = watch.view(event)
        found = watch.judge(view)
        if not self.strange:
            self._assumptions(view, event)
        elif self.recorder is not None:
            self.recorder.see(view.index, event)
        found += watch.take(view)
        if found:
            self._keep(found, event)
        if self.foresight is not None and not self.strange:
            turns = self.foresight.see(view, self.run, _place(view.index, event))
            if turns and self.recorder is not None:
                self.recorder.pin(view.index)

    def _assumptions(self, view: View, event: Event) -> None:
        """What the event breaks of contracts, and how it leaves the workflow."""
        contracts, tracker = self.watch.policy.contracts, self.tracker
        deviations = () if tracker is None else tuple(tracker.step(view))
        if self.recorder is not None:
            self.recorder.see(view.index, event, () if tracker is None else places_of(tracker, view))
        if view.name in contracts.requires or view.name in contracts.ensures:
            for broken in contracts.broken(view, self.watch.run_past(view)):
                if self._noted(len(self.broken), event, view.index):
                    self.broken.append(broken)
        for deviation in deviations:
            if deviation.soft:
                self.faint.setdefault(self.run, []).append((deviation, _place(view.index, event)))
            elif self._noted(len(self.deviations), event, view.index):
                self.deviations.append(deviation)

    def _noted(self, listed: int, event: Event, index: int) -> bool:
        """Whether one more is listed; then the event is spoken of."""
        if listed >= NOTED:
            self.cut = True
            return False
        self._mark(index, event)
        return True

    def _mark(self, index: int, event: Event) -> None:
        if index not in self.runs:
            self.marks[index] = _place(index, event)
            self.runs[index] = self.run
            if self.recorder is not None:
                self.recorder.pin(index)

    def _kept(self, rule: str) -> Kept:
        kept = self.found.get(rule)
        if kept is None:
            kept = self.found[rule] = Kept()
        return kept

    def _keep(self, found: list[Found], event: Event) -> None:
        for rule, finding in found:
            if self.strange and not rule.per_session:
                finding = insufficient(finding.index, GOES_ON)
            if self._kept(rule.name).add(finding):
                self._mark(finding.index, event)
                self.struck.add(self.run)
                self._cause(finding)
                turned = None if self.foresight is None else self.foresight.turned(rule.name, self.run)
                if turned is not None:
                    self.no_return.setdefault((rule.name, finding.index), turned)

    def _cause(self, finding: Finding) -> None:
        """Where the value at fault came in."""
        if finding.cause is not None and finding.cause >= 0 and finding.cause not in self.marks:
            self.marks[finding.cause] = self._origin(finding.cause)

    def _origin(self, index: int) -> Mark:
        """The place of an event that brought a value in."""
        sources = self.watch.provenance.sources
        at = bisect_left(sources, index, key=lambda source: source.index)
        view = sources[at].view if at < len(sources) else None
        return Mark(index, view.event.source if view is not None and view.index == index else None)

    def _undeclared(self, event: Event, index: int) -> None:
        if event.tool is None:
            return
        known = self.undeclared.get(event.tool)
        if known is not None:
            self.undeclared[event.tool] = (known[0], known[1] + 1)
        elif len(self.undeclared) < NAMES:
            self.undeclared[event.tool] = (_place(index, event), 1)

    def _end(self, event: Event, index: int) -> None:
        self.ends[self.run[0]] = (index, _place(index, event), self.run)
        self.at = NOWHERE
        for run, end in self.endings.over(self.run, index, event):
            self._leave(run, end)
        if self.endings.full:
            self._unsettle(index, TOO_MANY_RUNS)

    def _leave(self, run: Run, end: Event) -> None:
        """Forget a run, but for the first doubt of its session, and that of a run in which something was found."""
        self.watch.leave(end)
        if self.foresight is not None:
            self.foresight.leave(run)
        self._settle(run, run in self.struck)
        state = None if self.tracker is None else self.tracker.runs.pop(run, None)
        doubt = None if state is None else state.doubt
        if doubt is None:
            return
        if run in self.struck or doubt.index < self.doubtful.get(run[0], doubt.index + 1):
            self.doubts[run] = doubt
            self.doubtful[run[0]] = min(doubt.index, self.doubtful.get(run[0], doubt.index))

    def _settle(self, run: Run, struck: bool) -> None:
        """Keep the faint deviations of a run: all where a rule was broken, else the first of its like in the session."""
        for deviation, mark in self.faint.pop(run, ()):
            like = (run[0], tuple((note.about, note.assumption) for note in deviation.notes))
            if not struck and like in self.alike:
                continue
            if len(self.deviations) >= NOTED:
                self.cut = True
                continue
            self.alike.add(like)
            self.deviations.append(deviation)
            self.marks.setdefault(mark.event, mark)
            self.runs.setdefault(mark.event, run)

    def finish(self) -> Passed:
        """There are no more events."""
        for rule, finding in self.watch.finish():
            if self._kept(rule.name).add(finding) and finding.index not in self.marks:
                self._mark_late(finding.index)
        if self.tracker is not None:
            self.doubts |= {run: d for run, s in self.tracker.runs.items() if (d := s.doubt)}
        for run in [*self.faint]:
            self._settle(run, struck=True)
        deviations = sorted(self.deviations, key=lambda deviation: deviation.index)
        evidence = Evidence(self.runs, self.broken, deviations, self.doubts)
        return Passed(
            self.found, evidence, self.marks, self.no_return, self.undeclared, self.watch.index, self.cut
        )

    def _mark_late(self, index: int) -> None:
        """What is found at the end only is owed at the end of a session."""
        for at, mark, run in self.ends.values():
            if at == index:
                self.marks[index], self.runs[index] = mark, run
                return
        source = None if self.last is None else self.last.source
        self.marks[index], self.runs[index] = Mark(index, source), self.run


def _place(index: int, event: Event) -> Mark:
    return Mark(index, event.source)
