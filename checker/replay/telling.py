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
from wfcheck.checker.traces.registry import stream_traces
from wfcheck.checker.traces.trace import Closed, Trace
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
    are those whose name is not theirs alone, and those whose verdicts rest on other records too: their events are not those of the
    file."""
    joined = {disagreement.trace for disagreement in report.disagreements}
    wanted = {name: marks for name, marks in marks_of(report).items() if name not in joined}
    files = [str(path) for path in paths if str(path) != "-"]
    told: dict[str, Told] = {}
    shared: set[str] = set()
    for name, run in _passed(Stage.of(program), files, wanted, lenient) if wanted and files else ():
        if name in told:
            shared.add(name)
        told[name] = run
    return {name: run for name, run in told.items() if name not in shared}


def _passed(
    stage: Stage, files: Sequence[str], wanted: Mapping[str, tuple[int, ...]], lenient: bool
) -> Iterator[tuple[str, Told]]:
    """The runs in question as they come to their end, until there is too much to show."""
    size = 0
    teller: Teller | None
    for piece in stream_traces(files, lenient=lenient):
        ended: list[tuple[str, Teller]] = []
        match piece:
            case (opened, events):
                if opened.seat is None and opened.name in wanted:
                    opened.seat = stage.teller(opened.format, opened.completeness, wanted[opened.name])
                if opened.seat is not None:
                    for event in events:
                        opened.seat.see(event)
            case Closed(traces=traces):
                ended = [(t.name, t.seat) for t in traces if t.seat is not None and (lenient or not t.broken)]
            case Trace() if piece.name in wanted:
                teller = stage.teller(piece.format, piece.completeness, wanted[piece.name])
                for event in piece.events:
                    teller.see(event)
                ended = [(piece.name, teller)]
            case _:
                continue
        for name, teller in ended:
            run = teller.done()
            size += _size(run.timeline)
            yield name, run
        if size > MOST_TEXT:
            return


def told_of(program: core.Program, events: Iterable[Event], marks: Iterable[int]) -> Told:
    """One run that is at hand, such as a witness."""
    teller = Stage.of(program).teller("wftrace", {}, tuple(marks))
    for event in events:
        teller.see(event)
    return teller.done()


def _size(timeline: Timeline) -> int:
    return sum(len(clip.text) + 40 for moment in timeline.moments for _, clip in moment.values)


def marks_of(report: ReplayReport) -> dict[str, tuple[int, ...]]:
    """The runs worth telling, one of each cause first, with their marked events."""
    marks: dict[str, dict[int, None]] = {cause.first: {} for cause in report.causes[:MOST_RUNS]}

    def add(trace: str, *found: Mark) -> None:
        if trace in marks or len(marks) < MOST_RUNS:
            marks.setdefault(trace, {}).update((mark.event, None) for mark in found)

    for result in report.results:
        if result.verdict == "violated":
            add(result.trace, *result_marks(result))
    for near in report.near_misses:
        add(near.trace, near.mark)
    for left in report.departures:
        if not left.greyed or left.trace in marks:
            add(left.trace, left.mark)
    for result in report.results:
        if result.verdict == "insufficient":
            add(result.trace)
    return {name: tuple(found) for name, found in marks.items()}


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

    def teller(self, format_: str, completeness: Mapping[str, Completeness], marks: Sequence[int]) -> Teller:
        """Before the first event of a run."""
        model = Model.of(self.compiled, format_, completeness)
        tracker = Tracker(model) if self.compiled.program.workflows else None
        recorder = Recorder(tuple(dict.fromkeys(marks)))
        return Teller(recorder, Reader(self.catalogue, completeness, None), tracker)


@attrs.define
class Teller:
    """Sees the events of one run in their order."""

    recorder: Recorder
    reader: Reader
    tracker: Tracker | None
    places: dict[tuple[Place, ...], None] = attrs.field(factory=dict)
    index: int = 0

    def see(self, event: Event) -> None:
        """The next event."""
        view = self.reader.view(self.index, event)
        here: tuple[Place, ...] = ()
        if self.tracker is not None:
            for _ in self.tracker.step(view):
                pass
            here = places_of(self.tracker, view)
        self.reader.take(view)
        if here:
            self.places[here] = None
        self.recorder.see(self.index, event, here)
        self.index += 1

    def done(self) -> Told:
        """The run."""
        return _told(self.recorder.done(), self.tracker, tuple(self.places))


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
