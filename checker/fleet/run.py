"""A replay of many runs: cut into units, judged on several cores, put together in one report that does not depend on how many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import attrs

from wfcheck.checker.fleet.journal import Journal
from wfcheck.checker.fleet.pool import cores, work
from wfcheck.checker.fleet.units import BATCH, Part, Unit, files_of, units_of
from wfcheck.checker.fleet.work import Options
from wfcheck.checker.replay.collecting import Collector, Outcome
from wfcheck.checker.replay.result import ReplayReport
from wfcheck.checker.traces.trace import Problem

SMALL = 2 * BATCH
"""Fewer bytes of runs are judged in the same process, unless asked otherwise."""


@attrs.frozen
class How:
    """How the work is done. `jobs` None: on all cores, if there is much to do. `state`: where finished units are noted. `sink`: is
    given each outcome in order. `progress`: is told bytes done, and in all."""

    jobs: int | None = None
    state: str | Path | None = None
    sink: Callable[[Outcome], None] | None = None
    progress: Callable[[int, int], None] | None = None


def replay_fleet(options: Options, paths: Sequence[str | Path], how: How | None = None) -> ReplayReport:
    """The report of all runs below `paths`.

    Raises:
        WfError: the state cannot be kept where it should be.
    """
    chosen = how or How()
    report = Collector(options.lenient)
    files = [*files_of(paths)]
    total = sum(file.size for file in files if isinstance(file, Part))
    jobs = _jobs(chosen.jobs, files, total)
    journal = None if chosen.state is None else Journal.open(chosen.state, options)
    done = 0
    try:
        for unit, outcome in _in_order(options, files, jobs, journal):
            report.merge(outcome)
            if chosen.sink is not None:
                chosen.sink(outcome)
            done += 0 if unit is None else unit.length
            if chosen.progress is not None:
                chosen.progress(done, total)
    finally:
        if journal is not None:
            journal.close()
    return report.done()


def _jobs(asked: int | None, files: Sequence[Part | Problem], total: int) -> int:
    """Standard input is there for one process only."""
    if any(isinstance(file, Part) and file.path == "-" for file in files):
        return 1
    if asked is not None:
        return max(1, asked)
    return 1 if total < SMALL else cores()


def _in_order(
    options: Options, files: Sequence[Part | Problem], jobs: int, journal: Journal | None
) -> Iterator[tuple[Unit | None, Outcome]]:
    """What comes of the units, and of paths that name no file, in the order of the paths."""
    lost: dict[int, list[Problem]] = {}
    known: list[Part] = []
    for file in files:
        if isinstance(file, Problem):
            lost.setdefault(len(known), []).append(file)
        else:
            known.append(file)
    at = 0
    yield from _problems(options, lost.pop(0, ()))
    for unit, outcome in work(options, units_of(known), jobs, journal):
        yield unit, outcome
        at += sum(part.end is None or part.end == part.size for part in unit.parts)
        for place in [place for place in lost if place <= at]:
            yield from _problems(options, lost.pop(place))


def _problems(options: Options, found: Iterable[Problem]) -> Iterator[tuple[None, Outcome]]:
    for problem in found:
        told = Collector(options.lenient)
        told.take(problem)
        yield None, told.outcome()
