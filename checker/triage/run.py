"""Recorded runs looked at one after another for signs of trouble."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs

from wfcheck.checker.report.text_events import where
from wfcheck.checker.traces.event import EventSource
from wfcheck.checker.traces.registry import read_traces
from wfcheck.checker.traces.trace import Problem, Trace
from wfcheck.checker.triage.signals import Signal, signals_of
from wfcheck.dsl.diagnostic import Severity


@attrs.frozen
class Found:
    """A sign, the trace that shows it and where it begins."""

    trace: str
    signal: Signal
    place: str
    source: EventSource | None


def _found(trace: Trace, signal: Signal) -> Found:
    """The sign with its place."""
    event = trace.events[signal.first]
    return Found(trace.name, signal, where(event), event.source)


@attrs.frozen
class Triage:
    """The signs, what could not be read, and the number of runs. Of lenient reading, `skipped` problems do not count."""

    found: tuple[Found, ...]
    problems: tuple[Problem, ...]
    skipped: tuple[Problem, ...]
    traces: int


def triage(paths: Sequence[str | Path], *, lenient: bool = False) -> Triage:
    """Look at the traces below `paths` (files, folders, globs, `-`). Nothing is raised for bad input."""
    found: list[Found] = []
    problems: list[Problem] = []
    skipped: list[Problem] = []
    traces = 0
    for item in read_traces(paths, lenient=lenient):
        if not isinstance(item, Problem):
            traces += 1
            found += [_found(item, signal) for signal in signals_of(item)]
        elif lenient and item.severity is Severity.ERROR and item.line is not None:
            skipped.append(item)
        else:
            problems.append(item)
    return Triage(tuple(found), tuple(problems), tuple(skipped), traces)
