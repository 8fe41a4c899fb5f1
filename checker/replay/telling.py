"""The runs of a replay once more, to show them: a second pass over the input that looks at the runs in question alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from wfcheck.checker.conditions.compiled import Tables
from wfcheck.checker.conformance.model import Compiled, Model
from wfcheck.checker.conformance.places import Place, places_of
from wfcheck.checker.conformance.tracker import Tracker
from wfcheck.checker.replay.reader import Reader
from wfcheck.checker.replay.result import Mark, ReplayReport, ReplayResult
from wfcheck.checker.replay.timeline import Recorder, Timeline
from wfcheck.checker.replay.view import Catalogue
from wfcheck.checker.traces.event import Completeness, Event
from wfcheck.checker.traces.registry import read_traces
from wfcheck.checker.traces.trace import Trace
from wfcheck.dsl import core

MOST_RUNS = 1_500
"""So many runs are told, one of each cause first."""
MOST_TEXT = 24_000_000
"""Characters of all timelines together; runs beyond are not told."""


@attrs.frozen
class Told:
    """One run: its events, the workflows that it may be a run of, and the nodes that it passed for certain (`path`) or perhaps.
    `lost`: the event from which on it was not followed any more, and why."""

    timeline: Timeline
    workflows: tuple[str, ...] = ()
    path: frozenset[Place] = frozenset()
    perhaps: frozenset[Place] = frozenset()
    lost: tuple[int, str] | None = None


def tell(
    program: core.Program, paths: Iterable[str | Path], report: ReplayReport, *, lenient: bool = False
) -> Mapping[str, Told]:
    """The runs of a report in which something went wrong, by name. Standard input cannot be read twice, so its runs are left out; so
    are those whose name is not theirs alone."""
    wanted = marks_of(report)
    files = [str(path) for path in paths if str(path) != "-"]
    told: dict[str, Told] = {}
    shared: set[str] = set()
    size = 0
    if not wanted or not files:
        return told
    stage = Stage.of(program)
    for item in read_traces(files, lenient=lenient):
        if not isinstance(item, Trace) or item.name not in wanted:
            continue
        if item.name in told:
            shared.add(item.name)
        elif size < MOST_TEXT:
            run = told[item.name] = stage.run(item, wanted[item.name])
            size += _size(run.timeline)
    return {name: run for name, run in told.items() if name not in shared}


def told_of(
    program: core.Program, events: Sequence[Event], marks: Iterable[int], format_: str = "wftrace"
) -> Told:
    """One run that is at hand, such as a witness."""
    return Stage.of(program).pass_over(events, format_, {}, tuple(marks))


def _size(timeline: Timeline) -> int:
    return sum(len(clip.text) + 40 for moment in timeline.moments for _, clip in moment.values)


def marks_of(report: ReplayReport) -> dict[str, tuple[int, ...]]:
    """The runs worth telling, one of each cause first, with their marked events."""
    marks: dict[str, dict[int, None]] = {cause.first: {} for cause in report.causes}
    for result in report.results:
        if result.verdict == "violated":
            marks.setdefault(result.trace, {}).update((m.event, None) for m in result_marks(result))
    for near in report.near_misses:
        marks.setdefault(near.trace, {})[near.mark.event] = None
    for left in report.departures:
        if not left.greyed or left.trace in marks:
            marks.setdefault(left.trace, {})[left.mark.event] = None
    for result in report.results:
        if result.verdict == "insufficient":
            marks.setdefault(result.trace, {})
    return {name: tuple(found) for name, found in list(marks.items())[:MOST_RUNS]}


def result_marks(result: ReplayResult) -> Iterator[Mark]:
    """The marked events of a result: blame, cause, point of no return, manifestation, then every other breach."""
    blame = result.blame
    found = () if blame is None else (blame.mark, blame.cause)
    yield from (m for m in (*found, result.point_of_no_return, result.manifestation) if m is not None)
    yield from result.breaks


@attrs.frozen
class Stage:
    """What runs are passed over with."""

    compiled: Compiled
    catalogue: Catalogue

    @staticmethod
    def of(program: core.Program) -> Stage:
        """Of a program, for any number of runs."""
        return Stage(Compiled(program, Tables.of(program)), Catalogue.of(program))

    def run(self, trace: Trace, marks: Sequence[int]) -> Told:
        """One recorded run."""
        return self.pass_over(trace.events, trace.format, trace.completeness, marks)

    def pass_over(
        self,
        events: Iterable[Event],
        format_: str,
        completeness: Mapping[str, Completeness],
        marks: Sequence[int],
    ) -> Told:
        """Its events, one after the other."""
        recorder = Recorder(tuple(dict.fromkeys(marks)))
        reader = Reader(self.catalogue, completeness, None)
        model = Model.of(self.compiled, format_, completeness)
        tracker = Tracker(model) if self.compiled.program.workflows else None
        places: dict[tuple[Place, ...], None] = {}
        for index, event in enumerate(events):
            here = _step(tracker, reader, index, event)
            if here:
                places[here] = None
            recorder.see(index, event, here)
        return _told(recorder.done(), tracker, tuple(places))


def _step(tracker: Tracker | None, reader: Reader, index: int, event: Event) -> tuple[Place, ...]:
    view = reader.view(index, event)
    if tracker is not None:
        for _ in tracker.step(view):
            pass
    found = () if tracker is None else places_of(tracker, view)
    reader.take(view)
    return found


def _told(timeline: Timeline, tracker: Tracker | None, places: tuple[tuple[Place, ...], ...]) -> Told:
    """Where a run turned out to be one of some workflows, places in others do not count."""
    if tracker is None:
        return Told(timeline)
    may = {symbol for state in tracker.runs.values() for symbol in state.workflows}
    kept = [tuple(place for place in here if place[0] in may) for here in places]
    path = frozenset(here[0] for here in kept if len(here) == 1)
    perhaps = frozenset(place for here in kept for place in here) - path
    met = {workflow for workflow, _ in path | perhaps}
    workflows = tuple(symbol for symbol in tracker.model.program.workflows if symbol in met)
    moments = tuple(
        attrs.evolve(m, places=tuple(place for place in m.places if place[0] in may))
        for m in timeline.moments
    )
    lost = min(
        ((state.lost.index, state.lost.why) for state in tracker.runs.values() if state.lost), default=None
    )
    return Told(attrs.evolve(timeline, moments=moments), workflows, path, perhaps, lost)
