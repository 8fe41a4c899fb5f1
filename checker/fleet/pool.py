"""Units of work on several cores of one machine, a bounded number at a time, with what came of them in order."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import attrs

from wfcheck.checker.fleet.journal import Journal
from wfcheck.checker.fleet.units import Unit
from wfcheck.checker.fleet.work import Options, judge_unit, names_of
from wfcheck.checker.replay.collecting import Outcome

AHEAD = 3
"""So many units for each process are under way, or wait for an earlier one."""
DIED = "a process that judged these runs ended without an answer; one that ran out of memory does"


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def work(
    options: Options, units: Iterable[Unit], jobs: int, journal: Journal | None
) -> Iterator[tuple[Unit, Outcome]]:
    """What comes of each unit, in their order. `jobs` 1: without other processes. Finished units of the journal are not done again."""
    if jobs == 1:
        for unit in units:
            yield unit, _known(journal, unit) or _noted(journal, unit, judge_unit(options, unit))
        return
    pool = _Pool(options, jobs)
    try:
        yield from _side_by_side(pool, units, journal)
    finally:
        pool.stop()


def _known(journal: Journal | None, unit: Unit) -> Outcome | None:
    return None if journal is None else journal.get(unit)


def _noted(journal: Journal | None, unit: Unit, outcome: Outcome) -> Outcome:
    if journal is not None:
        journal.put(unit, outcome)
    return outcome


def _side_by_side(
    pool: _Pool, units: Iterable[Unit], journal: Journal | None
) -> Iterator[tuple[Unit, Outcome]]:
    waiting: deque[tuple[Unit, Future[Outcome] | None]] = deque()

    def first() -> tuple[Unit, Outcome]:
        unit, future = waiting.popleft()
        if future is None:
            known = _known(journal, unit)
            return unit, known or pool.alone(unit)
        return unit, _noted(journal, unit, pool.outcome(unit, future))

    for unit in units:
        known = journal is not None and journal.has(unit)
        waiting.append((unit, None if known else pool.submit(unit)))
        while len(waiting) > AHEAD * pool.jobs:
            yield first()
    while waiting:
        yield first()


@attrs.define(eq=False)
class _Pool:
    """Processes that are made anew when one of them ends without an answer."""

    options: Options
    jobs: int
    executor: ProcessPoolExecutor | None = None

    def submit(self, unit: Unit) -> Future[Outcome]:
        """Begin with a unit."""
        try:
            return self._running().submit(judge_unit, self.options, unit)
        except BrokenProcessPool:
            self.stop()
            return self._running().submit(judge_unit, self.options, unit)

    def outcome(self, unit: Unit, future: Future[Outcome]) -> Outcome:
        """What came of it. Where a process died, it is not known of which unit, so each is done again in a process of its own."""
        try:
            return future.result()
        except BrokenProcessPool:
            return self.alone(unit)

    def alone(self, unit: Unit) -> Outcome:
        """Do a unit in a process of its own."""
        with _executor(1) as executor:
            try:
                return executor.submit(judge_unit, self.options, unit).result()
            except BrokenProcessPool:
                return Outcome(defect=f"{names_of(unit)}:\n{DIED}")

    def stop(self) -> None:
        """End the processes."""
        if self.executor is not None:
            self.executor.shutdown(wait=False, cancel_futures=True)
            self.executor = None

    def _running(self) -> ProcessPoolExecutor:
        if self.executor is None:
            self.executor = _executor(self.jobs)
        return self.executor


def _executor(jobs: int) -> ProcessPoolExecutor:
    way = "fork" if sys.platform == "linux" else "spawn"
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context(way), initializer=_deaf)


def _deaf() -> None:
    """An interrupt ends the main process, which ends these."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
