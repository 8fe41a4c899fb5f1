"""Recorded runs as words; a run out of a file that holds many may be named as `FILE#NAME`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

from wfcheck.checker.mining.symbols import Abstraction, Word, words_of
from wfcheck.checker.tracediff.selection import select
from wfcheck.checker.traces.registry import read_traces
from wfcheck.checker.traces.trace import Item, Problem, Trace
from wfcheck.dsl.diagnostic import Severity


@attrs.frozen
class Runs:
    """The traces below some paths and what could not be read. Of lenient reading, `skipped` problems do not count."""

    traces: tuple[Trace, ...]
    problems: tuple[Problem, ...] = ()
    skipped: tuple[Problem, ...] = ()

    def words(self, abstraction: Abstraction) -> list[Word]:
        """All runs as words."""
        return [word for trace in self.traces for word in words_of(trace, abstraction)]


def read(paths: Sequence[str], *, lenient: bool = False) -> Runs:
    """Read files, folders, globs, `-`, and `FILE#NAME`. Nothing is raised for bad input. A run that was not read completely is
    left out: what it did is not known."""
    traces: list[Trace] = []
    problems: list[Problem] = []
    skipped: list[Problem] = []
    for item in _items(paths, lenient):
        if isinstance(item, Problem):
            soft = lenient and item.severity is Severity.ERROR and item.line is not None
            (skipped if soft else problems).append(item)
        elif not item.losses:
            traces.append(item)
    return Runs(tuple(traces), tuple(problems), tuple(skipped))


def _items(paths: Sequence[str], lenient: bool) -> Iterable[Item]:
    for path in paths:
        if "#" in path and not Path(path).exists():
            trace, problems = select(path, lenient=lenient)
            yield from problems
            if trace is not None:
                yield trace
        else:
            yield from read_traces([path], lenient=lenient)
