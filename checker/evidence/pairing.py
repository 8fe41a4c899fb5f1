"""Which evidence belongs to which trace."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

import attrs

from wfcheck.checker.evidence.records import Evidence, Gathered, Log, Snapshot
from wfcheck.checker.traces.trace import Problem, Trace
from wfcheck.dsl.diagnostic import Severity

_HELP = "runs are paired by their trace, session or run id, or by the name of their file; else each side must hold one run"


def pair(traces: Sequence[Trace], gathered: Gathered) -> tuple[list[Evidence], list[Problem]]:
    """The evidence of each trace, and a problem for all that belongs to none: nothing is passed over silently. By the ids that both
    records have; else, if there is one trace alone, by that. Traces without any evidence are warned about."""
    found = [Evidence() for _ in traces]
    problems: list[Problem] = list(gathered.problems)
    names = [_names(trace) for trace in traces]
    paired = [(log, _of_log(log, names, gathered.logs)) for log in gathered.logs]
    used = {log.trace.file for log, places in paired if places}
    for log, places in paired:
        problems += [] if places else [_stray(log.trace.name, log.trace.file, log.trace.file in used)]
        for place in places:
            found[place] = attrs.evolve(found[place], logs=(*found[place].logs, log))
    for index in range(len(traces)):
        silent = [log for log in _silent(paired, index) if names[index]]
        found[index] = attrs.evolve(found[index], logs=(*found[index].logs, *silent))
    for snapshot in gathered.snapshots:
        places = _of_snapshot(snapshot, names)
        problems += [] if places else [_stray(snapshot.run or snapshot.file, snapshot.file)]
        for place in places:
            found[place] = attrs.evolve(found[place], snapshots=(*found[place].snapshots, snapshot))
    bare = [t for t, e in zip(traces, found, strict=True) if not e.logs and not e.snapshots]
    return found, problems + [_bare(trace) for trace in bare]


def _silent(paired: Sequence[tuple[Log, list[int]]], index: int) -> list[Log]:
    """Of files that name other runs of ours and not this one: it did nothing there."""
    files: dict[str, Log] = {}
    here = {log.trace.file for log, places in paired if index in places}
    for log, places in paired:
        if places and log.trace.file not in here:
            files.setdefault(log.trace.file, attrs.evolve(log, trace=attrs.evolve(log.trace, events=())))
    return list(files.values())


def _of_log(log: Log, names: Sequence[set[str]], logs: Sequence[Log]) -> list[int]:
    """A log without any record, of tools of which it would have every call, says of each run that it did nothing."""
    if not log.trace.events and log.covers:
        return list(range(len(names)))
    return _places(_names(log.trace), names, _alone(log, logs))


def _alone(log: Log, logs: Sequence[Log]) -> bool:
    return sum(other.trace.file == log.trace.file for other in logs) == 1


def _names(trace: Trace) -> set[str]:
    """Everything that the run is called. Numbers of lines and places in lists are no names."""
    found = {name for e in trace.events for name in (e.trace, e.session, e.run) if name}
    key = trace.name.partition("#")[2]
    if key and not key.startswith("/") and not (key.isascii() and key.isdigit()):
        found.add(key)
    return found


def _places(named: set[str], names: Sequence[set[str]], alone: bool) -> list[int]:
    shared = [index for index, known in enumerate(names) if known & named]
    if shared or not alone or len(names) != 1:
        return shared if len(shared) == 1 else []
    return [0] if not named or not names[0] else []


def _of_snapshot(snapshot: Snapshot, names: Sequence[set[str]]) -> list[int]:
    if snapshot.run is None:
        return [0] if len(names) == 1 else []
    shared = [index for index, known in enumerate(names) if snapshot.run in known]
    return shared if len(shared) == 1 else []


def _stray(name: str, file: str, used: bool = False) -> Problem:
    """Of a file that is of use otherwise, the other runs may be of traces that were not asked for."""
    shown, severity = PurePath(name).name[:60], Severity.WARNING if used else Severity.ERROR
    message = f"the evidence `{shown}` belongs to no run, or to several"
    return Problem("WF719", message, file, help=_HELP, severity=severity)


def _bare(trace: Trace) -> Problem:
    message = f"there is no evidence of the run `{PurePath(trace.name).name[:60]}`"
    return Problem("WF719", message, trace.file, help=_HELP, severity=Severity.WARNING)
