"""Files of evidence: logs in any format of traces, snapshots of a state, and a manifest that says how to read them."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import msgspec

from wfcheck.checker.evidence.records import Gathered, Log, LogOptions, Snapshot, Write
from wfcheck.checker.traces.event import Event, Json
from wfcheck.checker.traces.reading import MalformedError, decode
from wfcheck.checker.traces.registry import read_traces
from wfcheck.checker.traces.trace import Problem, Trace
from wfcheck.dsl.diagnostic import Severity

LARGEST: Final = 64 * 2**20
_FORMAT: Final = "wfsnapshot"
_HEAD: Final = 4096


class _Write(msgspec.Struct, forbid_unknown_fields=True):
    tool: str
    at: list[str]
    value: Json = None
    removes: bool = False


class _Snapshot(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    version: int
    state: dict[str, Json]
    trace: str | None = None
    before: dict[str, Json] | None = None
    writes: list[_Write] = []


class _LogEntry(msgspec.Struct, forbid_unknown_fields=True):
    file: str
    covers: list[str] = []
    tools: dict[str, str] = {}
    ignore: list[str] = []


class _SnapshotEntry(msgspec.Struct, forbid_unknown_fields=True):
    file: str
    trace: str | None = None


class _Manifest(msgspec.Struct, forbid_unknown_fields=True):
    log: list[_LogEntry] = []
    snapshot: list[_SnapshotEntry] = []


def gather(paths: Sequence[str], *, lenient: bool = False) -> Gathered:
    """The evidence in files, folders and globs of logs, in snapshots (`"format": "wfsnapshot"`) and in what manifests (`.toml`)
    name. Nothing is raised for bad input."""
    found = _Gathering(lenient)
    for path in paths:
        found.path(path)
    return Gathered(tuple(found.logs), tuple(found.snapshots), tuple(found.problems))


@attrs.define
class _Gathering:
    lenient: bool
    logs: list[Log] = attrs.field(factory=list)
    snapshots: list[Snapshot] = attrs.field(factory=list)
    problems: list[Problem] = attrs.field(factory=list)

    def path(self, path: str) -> None:
        """One path of the command line."""
        if path.endswith(".toml"):
            self._manifest(path)
        elif _is_snapshot(path):
            self._snapshot(path, None)
        else:
            self._log(path, LogOptions())

    def _log(self, path: str, options: LogOptions) -> None:
        traces: list[Trace] = []
        for item in read_traces([path], lenient=self.lenient):
            if isinstance(item, Problem):
                self.problems.append(item)
            else:
                traces.append(_told(item, options))
        if not traces and options.covers and all(p.severity is not Severity.ERROR for p in self.problems):
            traces = [Trace(path, path, 1, "log", ())]
        recorded = _recorded(traces)
        covers = frozenset(options.covers) or frozenset(recorded)
        shows = frozenset(options.tools.values()) & frozenset(recorded)
        self.logs += [Log(trace, covers, recorded, shows) for trace in traces]
        self.problems += _passed_over(path, sorted(recorded.keys() - covers - shows))

    def _snapshot(self, path: str, run: str | None) -> None:
        found = _loaded(path, _Snapshot)
        if isinstance(found, Problem):
            self.problems.append(found)
        elif found.format != _FORMAT or found.version != 1:
            self.problems.append(_bad(path, "it is no snapshot of version 1"))
        else:
            writes = tuple(Write(w.tool, tuple(w.at), w.value, w.removes) for w in found.writes)
            self.snapshots.append(Snapshot(path, run or found.trace, found.state, writes, found.before))

    def _manifest(self, path: str) -> None:
        found = _loaded(path, _Manifest)
        if isinstance(found, Problem):
            self.problems.append(found)
            return
        folder = Path(path).parent
        for log in found.log:
            options = LogOptions(tuple(log.covers), log.tools, frozenset(log.ignore))
            self._log(str(folder / log.file), options)
        for snapshot in found.snapshot:
            self._snapshot(str(folder / snapshot.file), snapshot.trace)


def _passed_over(path: str, tools: Sequence[str]) -> list[Problem]:
    """A warning of calls that the manifest says nothing about."""
    if not tools:
        return []
    named = ", ".join(f"`{tool[:60]}`" for tool in tools[:3]) + (" and others" if len(tools) > 3 else "")
    message = f"the log has calls of {named}, which its manifest does not name: they are not looked at"
    help_ = "add them to `covers`, or give them the name of a tool in `tools`"
    return [Problem("WF719", message, path, help=help_, severity=Severity.WARNING)]


def _told(trace: Trace, options: LogOptions) -> Trace:
    """The log in the words of the trace, without what means nothing."""
    return attrs.evolve(trace, events=tuple(_event(event, options) for event in trace.events))


def _event(event: Event, options: LogOptions) -> Event:
    if not event.tool:
        return event
    shown = {
        field: {n: v for n, v in given.items() if n not in options.ignore}
        for field in ("args_requested", "args_executed")
        if (given := getattr(event, field)) is not None
    }
    return msgspec.structs.replace(event, tool=options.tools.get(event.tool, event.tool), **shown)


def _recorded(traces: Sequence[Trace]) -> dict[str, frozenset[str]]:
    """The arguments that the log has of each tool, in any of its calls. A column that is always empty records nothing."""
    found: dict[str, set[str]] = {}
    for event in (e for trace in traces for e in trace.events):
        if event.kind == "call" and event.tool:
            names = {name for name, value in event.arguments.items() if value not in ("", None)}
            found.setdefault(event.tool, set()).update(names)
    return {tool: frozenset(names) for tool, names in found.items()}


def _is_snapshot(path: str) -> bool:
    """Whether the file begins as a snapshot does; what cannot be opened is for the readers of logs to complain about."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(_HEAD)
    except (OSError, ValueError):
        return False
    return head.lstrip()[:1] == b"{" and b'"wfsnapshot"' in head


def _loaded(path: str, wanted: type[Any]) -> Any:
    """The value in a file, or the problem with it."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            return _bad(path, f"it is larger than {LARGEST} bytes")
        value = tomllib.loads(data.decode()) if wanted is _Manifest else decode(data)
        return msgspec.convert(value, wanted)
    except OSError as error:
        return _bad(path, (error.strerror or "it cannot be opened").lower())
    except (MalformedError, ValueError, RecursionError) as error:
        return _bad(path, " ".join(str(error).split())[:200])


def _bad(path: str, why: str) -> Problem:
    return Problem("WF718", f"`{path}` is no evidence: {why}", path)
